"""Exposure control by item eligibility, conditional on ability.

Before each test a random draw decides for each item whether it is eligible. The probability follows
from the counts of earlier tests. At each ability level it limits the item's exposure rate, the
share of students who see the item, to `max_rate`.

Source: van der Linden & Veldkamp (2007), J. Educational and Behavioral Statistics 32(4).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..checks import finite, whole
from ..normal import FloatArray
from ..posterior.posterior import Posterior

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class ExposureControl:
    """Exposure control with its counts of earlier tests; immutable.

    Attributes:
        max_rate: Maximum exposure rate: share of a level's students who may see an item, above
            0 and at most 1.
        cuts: Abilities that separate the l levels, ascending; l - 1 values.
        eligible: Number of tests that visited the level with the item eligible, shape (l, n).
        shown: Number of tests that showed the item at the level, shape (l, n).
    """

    max_rate: float
    cuts: tuple[float, ...]
    eligible: FloatArray
    shown: FloatArray

    @classmethod
    def start(cls, n: int, max_rate: float, cuts: Sequence[float] = ()) -> Self:
        """Return the exposure control of a bank of n items before its first test.

        Raises:
            ValueError: If `max_rate` is not above 0 and at most 1, n is not a count, or `cuts` are
                not finite and ascending.
        """
        whole("n", n, 1)
        if (np.diff(finite("cuts", cuts)) <= 0).any():
            raise ValueError("cuts must ascend")
        if not 0.0 < max_rate <= 1.0:
            raise ValueError("max_rate must be above 0 and at most 1")
        no_tests = np.zeros((len(cuts) + 1, n))
        return cls(max_rate, tuple(cuts), no_tests, no_tests)

    @property
    def probability(self) -> FloatArray:
        """Probability of eligibility: min(1, max_rate · eligible / shown), shape (l, n)."""
        ratio = self.max_rate * self.eligible / np.maximum(self.shown, 1.0)
        return np.where(self.shown > 0, np.minimum(ratio, 1.0), 1.0)

    def draw(self, rng: "np.random.Generator") -> Mask:
        """Return a mask of the items that are eligible in one test at each level, shape (l, n)."""
        return np.asarray(rng.random(self.shown.shape) < self.probability)

    def level(self, posterior: Posterior) -> int:
        """Return the level of a student's mean ability over all concepts."""
        return int(np.searchsorted(self.cuts, posterior.mean.mean()))

    def record(self, drawn: Mask, items: Sequence[int], levels: Sequence[int]) -> "ExposureControl":
        """Return the exposure control after one more test.

        Args:
            drawn: The test's result of `draw`, shape (l, n).
            items: Indices of the items shown.
            levels: The student's level when each item was selected.
        """
        eligible, shown = self.eligible.copy(), self.shown.copy()
        visited_levels = np.unique(np.asarray(levels, np.intp))
        eligible[visited_levels] += drawn[visited_levels]
        shown[np.asarray(levels, np.intp), np.asarray(items, np.intp)] += 1.0
        return replace(self, eligible=eligible, shown=shown)
