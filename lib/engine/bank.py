"""The item bank: the parameters of every question, and the probability of a correct answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from lib.engine.normal import FloatArray, normal_quantile

LOGISTIC_SCALE = 1.702
"""Logits per probit: makes the logistic curve differ from Φ by less than 0.0095 (Haley, 1952)."""

DIFFICULTY_MARGIN = 1e-6
"""A difficulty of 0 or 1 is read as this far inside: Φ⁻¹ gives ±4.75 instead of ±infinity."""

STEEPEST_DISCRIMINATION = 5.0
"""Probits: a slope of 8.5 logits, the steepest that an upload may write.

docs/engine.md says up to where the posterior is exact.
"""

STEEPEST_CALIBRATED = 2.35
"""Probits: a slope of 4.0 logits, where those of real questions end and calibration's estimates."""

MAX_CONCEPTS = 32
MAX_ITEMS = 100_000

Made = TypeVar("Made")


@dataclass(frozen=True, eq=False)
class ItemBank:
    """Items of the compensatory three-parameter model.

    P(correct | θ) = c + (1 - c) / (1 + exp(-(a · θ + d)))

    Attributes:
        slopes: a, shape (n, k), logits per unit of θ; a row of zeros measures nothing.
        intercepts: d, shape (n,), logits; one number stands for all.
        guessing: c, shape (n,), at least 0 and below 1; one number stands for all.

    Raises:
        ValueError: If shapes do not agree, n is not 1 to 100,000 or k not 1 to 32, a number is not
            finite or c is not in [0, 1).

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
    ) -> Self:
        """Build a bank from the scale on which authors write questions.

        a = 1.702 · discrimination · q / ‖q‖ and d = -1.702 · discrimination · Φ⁻¹(difficulty): a
        student at percentile `difficulty` of what the question measures is as likely right as
        wrong, guessing apart.

        Args:
            concepts: Q-matrix, shape (n, k); row q says how much each concept counts.
            difficulty: Percentile, 0 to 1, shape (n,) or one number.
            discrimination: Probits per standard deviation, above 0, shape (n,) or one number.
            guessing: Chance of a right answer without knowing, shape (n,) or one number.

        Raises:
            ValueError: As the class, and if a row of `concepts` is all zeros, a difficulty is
                outside 0 to 1 or a discrimination is not above 0.
        """
        q = np.array(concepts, float, ndmin=2)
        length = np.sqrt(np.square(q).sum(axis=1))
        if not (length > 0).all():
            raise ValueError(f"question {int(np.argmin(length > 0))} tests no concept")
        percentile = _column("difficulty", difficulty, len(q))
        if ((percentile < 0) | (percentile > 1)).any():
            raise ValueError("difficulty must lie between 0 and 1")
        scale = LOGISTIC_SCALE * _column("discrimination", discrimination, len(q))
        if not (scale > 0).all():
            raise ValueError("discrimination must be above 0")
        b = normal_quantile(np.clip(percentile, DIFFICULTY_MARGIN, 1 - DIFFICULTY_MARGIN))
        return cls(q * (scale / length)[:, None], -scale * b, guessing)

    def __len__(self) -> int:
        """Return the number of items, n."""
        n: int = self.slopes.shape[0]
        return n

    @property
    def concepts(self) -> int:
        """Number of concepts, k."""
        k: int = self.slopes.shape[1]
        return k

    def cached(self, name: str, make: Callable[[], Made]) -> Made:
        """Return what `make` makes of this bank, made once and kept with it."""
        kept: dict[str, Any] = self.__dict__
        if name not in kept:
            kept[name] = make()
        made: Made = kept[name]
        return made

    def probability(self, theta: ArrayLike, items: ArrayLike | None = None) -> FloatArray:
        """Return P(correct) of each item at θ.

        Args:
            theta: Shape (k,), or (m, k) for m examinees.
            items: Indices, shape (j,); all when None.

        Returns:
            Shape (j,) or (m, j).
        """
        chosen = slice(None) if items is None else np.asarray(items)
        x = np.asarray(theta, float) @ self.slopes[chosen].T + self.intercepts[chosen]
        c = self.guessing[chosen]
        return np.asarray(c + (1 - c) * (0.5 + 0.5 * np.tanh(0.5 * x)))

    @cached_property
    def measured(self) -> FloatArray:
        """1.0 for every concept on which some item loads, else 0.0; shape (k,)."""
        measured: FloatArray = np.any(self.slopes != 0, axis=0).astype(float)
        return measured


def _column(name: str, values: ArrayLike, n: int) -> FloatArray:
    """Return `values` as a new float array of shape (n,)."""
    given = np.asarray(values, float)
    if given.ndim > 1 or given.size not in {1, n}:
        raise ValueError(f"{name} must be one number or ({n},), not {given.shape}")
    if not np.isfinite(given).all():
        raise ValueError(f"{name} must be finite")
    return np.array(np.broadcast_to(given.reshape(-1), (n,)))
