"""Which questions a session may use, so that none is shown to too many students.

Each question is eligible by chance: min(1, r ε / s) after ε tests that could use it and s that
showed it, the lesser of what the tests at the student's level and all tests come to (van der
Linden & Veldkamp, 2007; `lib.engine.ExposureControl`). Nothing is known of a new pool, so every
question begins at r, which holds the limit at once, and those that are shown rarely although they
may be are let go. The counts belong to a version of the pool, and a session draws by its id:
whoever rebuilds it from the record draws the same.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from lib.engine import ExposureControl

LEVELS = (0.35, 0.65)
"""Proficiencies, means over the concepts, at which the next level of ability begins."""

WHOLE = len(LEVELS) + 1
"""Stands for all levels together, after the levels themselves, where tests are counted."""

PRIOR_TESTS = 10.0
"""Tests that are taken to have shown the question whenever they could, before any is counted."""

_STREAM = 1_000_000  # past any number of answers: those seed the draws among the best

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]


def level_of(proficiency: Sequence[float]) -> int:
    """Return the level, 0 to 2, of a student with that proficiency in each concept."""
    return bisect_right(LEVELS, sum(proficiency) / len(proficiency))


@dataclass(frozen=True, eq=False)
class Eligibility:
    """The probability that a question is eligible in a new session.

    Attributes:
        items: Positions of the m questions with counts of their own, ascending.
        probability: Of those, shape (levels, m).
        usual: Of all others, shape (levels,).
    """

    items: NDArray[np.intp]
    probability: FloatArray
    usual: FloatArray

    @classmethod
    def of_counts(cls, counts: dict[str, Any] | None, max_exposure: float) -> Self | None:
        """Return what a version's counts come to (see `exposure_count`); None without a limit."""
        if max_exposure >= 1:
            return None
        counts = counts or nothing_counted()
        usual = np.array(counts["usual"], float)[:, None]
        return cls(
            np.array(counts["items"], np.intp),
            _chance(max_exposure, np.array(counts["eligible"]), np.array(counts["shown"])),
            _chance(max_exposure, usual, np.zeros_like(usual))[:, 0],
        )

    def spare(self, available: Mask, session_id: UUID, level: int) -> Mask:
        """Return the available questions that the session may use at a level; all, were there none.

        The draws are the same all through a test.
        """
        rng = np.random.default_rng([session_id.int, _STREAM])
        own, left = rng.random(len(self.items)), available.copy()
        if self.usual[level] < 1:
            left &= rng.random(len(available)) < self.usual[level]
        left[self.items] = available[self.items] & (own < self.probability[level])
        return left if left.any() else available


def nothing_counted() -> dict[str, Any]:
    """Counts before the first test."""
    rows = WHOLE + 1
    return {"usual": [0.0] * rows, "items": [], "eligible": [[]] * rows, "shown": [[]] * rows}


def _chance(limit: float, eligible: FloatArray, shown: FloatArray) -> FloatArray:
    """Return the chance at each level from counts per level and over all, (levels + 1, m)."""
    tuned = ExposureControl(limit, LEVELS, eligible + PRIOR_TESTS, shown + PRIOR_TESTS).probability
    return np.asarray(np.minimum(tuned[:WHOLE], tuned[WHOLE]))
