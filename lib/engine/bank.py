"""The item bank: the parameters of all items, and the probability of a correct answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from .normal import LOGISTIC_SCALE, FloatArray, normal_quantile
from .uncertainty import attenuated

DIFFICULTY_MARGIN = 1e-6
"""Distance from 0 and 1 to which a difficulty is clipped, so that Φ⁻¹ ends at ±4.75."""

STEEPEST_CALIBRATED = 2.35
"""Largest discrimination that calibration estimates, probits; a slope of 4.0 logits.

Real questions hardly exceed it.
"""

MAX_CONCEPTS = 32
MAX_ITEMS = 100_000

Computed = TypeVar("Computed")


@dataclass(frozen=True, eq=False)
class ItemBank:
    """Items of the compensatory multidimensional three-parameter logistic model.

    P(correct | θ) = c + (1 - c) / (1 + exp(-(a · θ + d)))

    Attributes:
        slopes: Slopes a, logits per unit of θ, shape (n, k); a row of zeros measures nothing.
        intercepts: Intercepts d, logits, shape (n,); one number applies to all items.
        guessing: Lower asymptotes c, in [0, 1), shape (n,); one number applies to all items.

    Raises:
        ValueError: If the shapes do not agree, n is not 1 to 100,000, k is not 1 to 32, a number is
            not finite, or c is not in [0, 1).

    Source: Reckase (2009), Multidimensional Item Response Theory, ch. 4.
    """

    slopes: FloatArray
    intercepts: FloatArray
    guessing: FloatArray

    def __init__(
        self, slopes: ArrayLike, intercepts: ArrayLike = 0.0, guessing: ArrayLike = 0.0
    ) -> None:
        a = np.array(slopes, float, order="C")
        if a.ndim != 2 or not 1 <= a.shape[1] <= MAX_CONCEPTS:  # noqa: PLR2004 - a matrix
            raise ValueError(f"slopes must be (n, 1 to {MAX_CONCEPTS}), not {a.shape}")
        if not 1 <= len(a) <= MAX_ITEMS:
            raise ValueError(f"a bank holds 1 to {MAX_ITEMS:,} items, not {len(a):,}")
        d = _column("intercepts", intercepts, len(a))
        c = _column("guessing", guessing, len(a))
        if not np.isfinite(a).all():
            raise ValueError("slopes must be finite")
        if ((c < 0) | (c >= 1)).any():
            raise ValueError("guessing must be at least 0 and below 1")
        for name, column in (("slopes", a), ("intercepts", d), ("guessing", c)):
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    @classmethod
    def from_questions(
        cls,
        concepts: ArrayLike | Sequence[Sequence[float]],
        difficulty: ArrayLike,
        discrimination: ArrayLike = 1.0,
        guessing: ArrayLike = 0.0,
        *,
        location_error: ArrayLike = 0.0,
        log_slope_error: ArrayLike = 0.0,
    ) -> Self:
        """Build a bank from parameters on the scale that authors use.

        a = 1.702 · discrimination · q / ‖q‖ and d = -1.702 · discrimination · Φ⁻¹(difficulty). A
        student at the percentile `difficulty` of what the question measures knows the answer with
        probability 1/2. Items with uncertain parameters are less informative: their slopes are
        attenuated (`lib.engine.uncertainty`).

        Args:
            concepts: Q-matrix, shape (n, k); row q holds the weight of each concept.
            difficulty: Percentile, 0 to 1, shape (n,) or one number.
            discrimination: Probits per standard deviation, above 0, shape (n,) or one number.
            guessing: Probability of a right answer without knowledge, shape (n,) or one number.
            location_error: Standard deviation of the true b = Φ⁻¹(difficulty) around the given one,
                0 or more, shape (n,) or one number.
            log_slope_error: Standard deviation of the true log discrimination around the given one,
                0 to 1, shape (n,) or one number.

        Raises:
            ValueError: If the class would refuse the parameters, a row of `concepts` is all zeros,
                a difficulty is outside 0 to 1, a discrimination is not above 0, or an error is out
                of range.
        """
        q = np.array(concepts, float, ndmin=2)
        norm = np.sqrt(np.square(q).sum(axis=1))
        if not (norm > 0).all():
            raise ValueError(f"question {int(np.argmin(norm > 0))} tests no concept")
        percentile = _column("difficulty", difficulty, len(q))
        if ((percentile < 0) | (percentile > 1)).any():
            raise ValueError("difficulty must lie between 0 and 1")
        scale = LOGISTIC_SCALE * _column("discrimination", discrimination, len(q))
        if not (scale > 0).all():
            raise ValueError("discrimination must be above 0")
        b = normal_quantile(np.clip(percentile, DIFFICULTY_MARGIN, 1 - DIFFICULTY_MARGIN))
        errors = (
            _column("location_error", location_error, len(q)),
            _column("log_slope_error", log_slope_error, len(q)),
        )
        if (errors[0] < 0).any():
            raise ValueError("location_error must be 0 or more")
        if ((errors[1] < 0) | (errors[1] > 1)).any():
            raise ValueError("log_slope_error must lie between 0 and 1")
        scale = attenuated(scale, *errors)
        return cls(q * (scale / norm)[:, None], -scale * b, guessing)

    def __len__(self) -> int:
        """Return the number of items, n."""
        n: int = self.slopes.shape[0]
        return n

    @property
    def concepts(self) -> int:
        """Number of concepts, k."""
        k: int = self.slopes.shape[1]
        return k

    def cached(self, name: str, compute: Callable[[], Computed]) -> Computed:
        """Return the value of `compute`, which runs only once per bank and name.

        Args:
            name: Key of the value in the bank's cache.
            compute: Function without arguments that derives the value from this bank.
        """
        cache: dict[str, Any] = self.__dict__
        if name not in cache:
            cache[name] = compute()
        value: Computed = cache[name]
        return value

    def probability(self, theta: ArrayLike, items: ArrayLike | None = None) -> FloatArray:
        """Return P(correct) of each item at θ.

        Args:
            theta: Abilities, shape (k,), or (m, k) for m examinees.
            items: Indices, shape (j,); all items when None.

        Returns:
            Probabilities, shape (j,) or (m, j).
        """
        rows = slice(None) if items is None else np.asarray(items)
        x = np.asarray(theta, float) @ self.slopes[rows].T + self.intercepts[rows]
        c = self.guessing[rows]
        return np.asarray(c + (1 - c) * (0.5 + 0.5 * np.tanh(0.5 * x)))

    @cached_property
    def measured(self) -> FloatArray:
        """1.0 for each concept on which at least one item loads, otherwise 0.0, shape (k,)."""
        measured: FloatArray = np.any(self.slopes != 0, axis=0).astype(float)
        return measured


def _column(name: str, values: ArrayLike, n: int) -> FloatArray:
    """Return `values` as a new float array of shape (n,)."""
    array = np.asarray(values, float)
    if array.ndim > 1 or array.size not in {1, n}:
        raise ValueError(f"{name} must be one number or ({n},), not {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite")
    return np.array(np.broadcast_to(array.reshape(-1), (n,)))
