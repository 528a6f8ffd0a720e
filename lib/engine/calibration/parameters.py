"""Item parameters on the authors' and the latent scale, and the priors of their estimation."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from ..bank import STEEPEST_CALIBRATED, ItemBank
from ..normal import LOGISTIC_SCALE, FloatArray, normal_cdf, normal_quantile
from ..uncertainty import attenuated

LARGEST_LOCATION = 4.5
"""Largest |b|; Φ(-4.5) is 3 in a million, further out than any pool measures."""

FLATTEST, STEEPEST = 0.05, STEEPEST_CALIBRATED
"""Bounds of the discrimination, probits; outside them a curve is nearly a line or a step."""

MAX_GUESSING = 0.9
"""Upper bound of c."""

LOCATION_BOUNDS = (-LARGEST_LOCATION, LARGEST_LOCATION)
LOG_SLOPE_BOUNDS = (math.log(LOGISTIC_SCALE * FLATTEST), math.log(LOGISTIC_SCALE * STEEPEST))


@dataclass(frozen=True, eq=False)
class ItemParameters:
    """Item parameters on the authors' scale, which `ItemBank.from_questions` also reads.

    Attributes:
        concepts: Q-matrix, shape (n, k), each weight at least 0 and each row with a positive one.
        difficulty: Percentile Φ(b), 0 to 1, shape (n,).
        discrimination: Probits per standard deviation, above 0, shape (n,).
        guessing: Probability of a right answer without knowledge, 0 to 0.9, shape (n,).

    Raises:
        ValueError: If shapes do not agree or a number is outside its range.
    """

    concepts: FloatArray
    difficulty: FloatArray
    discrimination: FloatArray
    guessing: FloatArray

    def __init__(
        self,
        concepts: ArrayLike,
        difficulty: ArrayLike = 0.5,
        discrimination: ArrayLike = 1.0,
        guessing: ArrayLike = 0.0,
    ) -> None:
        q = np.array(concepts, float, ndmin=2)
        if not np.isfinite(q).all():
            raise ValueError("concepts must be finite")
        if q.ndim != 2 or (q < 0).any() or not (q.sum(axis=1) > 0).all():  # noqa: PLR2004 - a matrix
            raise ValueError("every row of concepts needs a weight above 0 and none below 0")
        columns = {
            name: np.array(np.broadcast_to(np.asarray(values, float), (len(q),)))
            for name, values in (
                ("difficulty", difficulty),
                ("discrimination", discrimination),
                ("guessing", guessing),
            )
        }
        _check_ranges(**columns)
        for name, column in {"concepts": q, **columns}.items():
            column.setflags(write=False)
            object.__setattr__(self, name, column)

    @classmethod
    def of_latent(
        cls, concepts: ArrayLike, log_slope: FloatArray, location: FloatArray, guessing: ArrayLike
    ) -> Self:
        """Build from the latent scale: log a (a in logits) and b, each of shape (n,)."""
        return cls(concepts, normal_cdf(location), np.exp(log_slope) / LOGISTIC_SCALE, guessing)

    @cached_property
    def directions(self) -> FloatArray:
        """Unit vectors u = q / ‖q‖, shape (n, k); an item measures t = u · θ."""
        return np.asarray(self.concepts / np.linalg.norm(self.concepts, axis=1, keepdims=True))

    @cached_property
    def log_slope(self) -> FloatArray:
        """Log of the slope a, logits per unit of t, shape (n,)."""
        return np.clip(np.log(LOGISTIC_SCALE * self.discrimination), *LOG_SLOPE_BOUNDS)

    @cached_property
    def location(self) -> FloatArray:
        """Location b = Φ⁻¹(difficulty), the inflection point of the curve, shape (n,)."""
        clipped = np.clip(self.difficulty, *normal_cdf(LOCATION_BOUNDS))
        return normal_quantile(clipped)

    def bank(self, location_error: ArrayLike = 0.0, log_slope_error: ArrayLike = 0.0) -> ItemBank:
        """Return the bank of these items, with which the engine selects and scores.

        Args:
            location_error: Standard errors of b; `ItemErrors.location`, or 0 to ignore them.
            log_slope_error: Standard errors of log discrimination; `ItemErrors.log_slope`, or 0.
        """
        slope = attenuated(np.exp(self.log_slope), location_error, log_slope_error)
        return ItemBank(slope[:, None] * self.directions, -slope * self.location, self.guessing)

    def __len__(self) -> int:
        """Return the number of items, n."""
        return len(self.concepts)


@dataclass(frozen=True)
class Shrinkage:
    """Widths of the priors around the authors' parameters.

    Attributes:
        log_slope_sd: Standard deviation of the normal prior of log discrimination; 0.4 means within
            a factor of 2.2 in 19 of 20 cases.
        location_sd: Standard deviation of the normal prior of b; 1 means that items are spread like
            the population.
        guessing_answers: Weight of the beta prior of c with mode c₀, the author's guessing, in
            answers by people without knowledge; infinity keeps c as it is at the start.
        correlation_people: Weight of the prior that abilities are uncorrelated, in people with
            known abilities.
    """

    log_slope_sd: float = 0.4
    location_sd: float = 1.0
    guessing_answers: float = 20.0
    correlation_people: float = 10.0

    def __post_init__(self) -> None:
        """Refuse widths of 0 or less, weights below 0, and NaN. Infinite widths mean no prior."""
        for name in ("log_slope_sd", "location_sd"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0")
        for name in ("guessing_answers", "correlation_people"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be 0 or more")

    @classmethod
    def none(cls) -> Self:
        """Return no priors: plain marginal maximum likelihood, with c kept as at the start."""
        return cls(math.inf, math.inf, math.inf, 0.0)

    @property
    def is_none(self) -> bool:
        """Whether locations and slopes have no prior."""
        return math.isinf(self.location_sd) and math.isinf(self.log_slope_sd)


def _check_ranges(difficulty: FloatArray, discrimination: FloatArray, guessing: FloatArray) -> None:
    if not ((difficulty >= 0) & (difficulty <= 1)).all():
        raise ValueError("difficulty must lie between 0 and 1")
    if not ((discrimination > 0) & np.isfinite(discrimination)).all():
        raise ValueError("discrimination must be above 0")
    if not ((guessing >= 0) & (guessing <= MAX_GUESSING)).all():
        raise ValueError(f"guessing must lie between 0 and {MAX_GUESSING}")
