"""Item parameters on the authors' scale and on the latent one, and what is believed before data."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from lib.engine.bank import LOGISTIC_SCALE, STEEPEST_CALIBRATED, ItemBank
from lib.engine.normal import FloatArray, normal_cdf, normal_quantile

FURTHEST_LOCATION = 4.5
"""Largest |b|: Φ(±4.5) is 3 in a million, further than any pool measures."""

FLATTEST, STEEPEST = 0.05, STEEPEST_CALIBRATED
"""Bounds of the discrimination, probits: outside, a curve is a line or a step."""

MOST_GUESSING = 0.9

LOCATION_BOUNDS = (-FURTHEST_LOCATION, FURTHEST_LOCATION)
LOG_SLOPE_BOUNDS = (math.log(LOGISTIC_SCALE * FLATTEST), math.log(LOGISTIC_SCALE * STEEPEST))


@dataclass(frozen=True, eq=False)
class ItemParameters:
    """What authors write about each item, as `ItemBank.from_questions` reads it.

    Attributes:
        concepts: Q-matrix, shape (n, k), no weight below 0.
        difficulty: Percentile Φ(b), shape (n,), between 0 and 1.
        discrimination: Probits per standard deviation, shape (n,), above 0.
        guessing: Chance to be right without knowing, shape (n,), 0 to 0.9.

    Raises:
        ValueError: If shapes do not agree or a number is out of its range.
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
        if q.ndim != 2 or (q < 0).any() or not (q.sum(axis=1) > 0).all():  # noqa: PLR2004 - a matrix
            raise ValueError("every row of concepts needs a weight above 0, and none below")
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
        """Build from log a (logits) and b, both on the latent scale."""
        return cls(concepts, normal_cdf(location), np.exp(log_slope) / LOGISTIC_SCALE, guessing)

    @cached_property
    def directions(self) -> FloatArray:
        """Unit vectors u = q / ‖q‖, shape (n, k): an item measures t = u · θ."""
        return np.asarray(self.concepts / np.linalg.norm(self.concepts, axis=1, keepdims=True))

    @cached_property
    def log_slope(self) -> FloatArray:
        """Log of a, logits per unit of t, shape (n,)."""
        return np.clip(np.log(LOGISTIC_SCALE * self.discrimination), *LOG_SLOPE_BOUNDS)

    @cached_property
    def location(self) -> FloatArray:
        """Where the curve is half-way up: b = Φ⁻¹(difficulty), shape (n,)."""
        inside = np.clip(self.difficulty, *normal_cdf(LOCATION_BOUNDS))
        return normal_quantile(inside)

    def bank(self) -> ItemBank:
        """Return the bank that the engine asks from: slopes (n, k), intercepts, guessing."""
        slope = np.exp(self.log_slope)
        return ItemBank(slope[:, None] * self.directions, -slope * self.location, self.guessing)

    def __len__(self) -> int:
        """Return the number of items, n."""
        return len(self.concepts)


@dataclass(frozen=True)
class Shrinkage:
    """How far an item may be from what its author wrote, before any answer is seen.

    Attributes:
        log_slope_sd: Of log discrimination, normal: 0.4 says within a factor of 2.2, 19 times
            in 20.
        location_sd: Of b, normal, standard deviations of ability: 1 says no more than that
            items are spread like people.
        guessing_answers: Weight of the author's guessing c₀, a beta distribution with mode c₀, in
            answers by people who do not know; infinity keeps c₀.
        correlation_people: Weight of "concepts are independent" in the correlations of abilities,
            in people whose abilities are known.
    """

    log_slope_sd: float = 0.4
    location_sd: float = 1.0
    guessing_answers: float = 20.0
    correlation_people: float = 10.0


def _check_ranges(difficulty: FloatArray, discrimination: FloatArray, guessing: FloatArray) -> None:
    if not ((difficulty >= 0) & (difficulty <= 1)).all():
        raise ValueError("difficulty must lie between 0 and 1")
    if not ((discrimination > 0) & np.isfinite(discrimination)).all():
        raise ValueError("discrimination must be above 0")
    if not ((guessing >= 0) & (guessing <= MOST_GUESSING)).all():
        raise ValueError(f"guessing must lie between 0 and {MOST_GUESSING}")
