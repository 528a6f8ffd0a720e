"""Exposure control: the questions that a session may use, so that none is asked in too many tests.

A question is eligible with probability min(1, r ε / s), where r is the limit, ε the number of
tests that could ask it and s the number that did. This is computed for the student's level of
ability and for all levels together, and the smaller value counts (van der Linden & Veldkamp, 2007;
`lib.engine.ExposureControl`). A new pool has no counts, so every question starts at probability r,
which keeps the limit from the first test; as tests are counted, questions that are rarely asked
become eligible in every session. The counts belong to a version of the pool, and each session draws
from a generator seeded with its id, so a session rebuilt from the record has the same eligible
questions.
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
"""Mean proficiencies over the concepts at which the next level of ability begins."""

ALL_LEVELS = len(LEVELS) + 1
"""Row of the counts over all levels, after one row for each level."""

PRIOR_TESTS = 10.0
"""Weight of the initial probability: a number of tests that could ask the question, and did."""

_STREAM = 1_000_000
"""Second part of the seed; the draws among the best items use the number of answers instead."""

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]


def level_of(proficiency: Sequence[float]) -> int:
    """Return the level, 0 to 2, of a student with the given proficiency in each concept."""
    return bisect_right(LEVELS, sum(proficiency) / len(proficiency))


@dataclass(frozen=True, eq=False)
class Eligibility:
    """Probability that a question is eligible in a new session.

    Attributes:
        items: Positions of the m questions with counts of their own, ascending.
        probability: Probability of each of those, shape (levels, m).
        default_probability: Probability of every other question, shape (levels,).
    """

    items: NDArray[np.intp]
    probability: FloatArray
    default_probability: FloatArray

    @classmethod
    def of_counts(cls, counts: dict[str, Any] | None, max_exposure: float) -> Self | None:
        """Return the probabilities that follow from a version's counts (`exposure_counts.Counts`).

        Without a limit (`max_exposure` 1) return None.
        """
        if max_exposure >= 1:
            return None
        counts = counts or zero_counts()
        usual = np.array(counts["usual"], float)[:, None]
        return cls(
            np.array(counts["items"], np.intp),
            _probability(max_exposure, np.array(counts["eligible"]), np.array(counts["shown"])),
            _probability(max_exposure, usual, np.zeros_like(usual))[:, 0],
        )

    def chances(self, count: int, level: int) -> FloatArray:
        """Return the probability of each of a pool's `count` questions at a level."""
        chances = np.full(count, self.default_probability[level])
        chances[self.items] = self.probability[level]
        return chances

    def eligible(self, available: Mask, session_id: UUID, level: int) -> Mask:
        """Return the available questions that the session may use at a level.

        A session has the same random numbers throughout its test, so for each level the same
        questions are eligible. If none of these is available, all available ones are returned.
        """
        rng = np.random.default_rng([session_id.int, _STREAM])
        draws, mask = rng.random(len(self.items)), available.copy()
        if self.default_probability[level] < 1:
            mask &= rng.random(len(available)) < self.default_probability[level]
        mask[self.items] = available[self.items] & (draws < self.probability[level])
        return mask if mask.any() else available


def zero_counts() -> dict[str, Any]:
    """Return the counts before the first test."""
    rows = ALL_LEVELS + 1
    return {"usual": [0.0] * rows, "items": [], "eligible": [[]] * rows, "shown": [[]] * rows}


def _probability(limit: float, eligible: FloatArray, shown: FloatArray) -> FloatArray:
    """Return the probability at each level from counts of shape (levels + 1, m)."""
    probabilities = ExposureControl(
        max_rate=limit,
        cuts=LEVELS,
        eligible=eligible + PRIOR_TESTS,
        shown=shown + PRIOR_TESTS,
    ).probability
    return np.asarray(np.minimum(probabilities[:ALL_LEVELS], probabilities[ALL_LEVELS]))
