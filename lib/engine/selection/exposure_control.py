"""Exposure control by item eligibility: no item is shown to too many students of one level.

Before each test every item is made eligible or not by a draw of its own; the probability is tuned
from the counts so far so that the share of students of a level who see the item stays at most
`greatest_rate`. Source: van der Linden & Veldkamp (2007), J. Educational and Behavioral
Statistics 32(4), conditional on ability.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lib.engine.normal import FloatArray
from lib.engine.posterior.posterior import Posterior

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class ExposureControl:
    """Counts of tests so far; immutable.

    Attributes:
        greatest_rate: Share of the students of a level who may see an item, 0 to 1.
        cuts: Abilities between the levels, ascending; l - 1 of them.
        eligible: Tests that reached the level and could use the item, shape (l, n).
        shown: Tests that showed the item at the level, shape (l, n).
    """

    greatest_rate: float
    cuts: tuple[float, ...]
    eligible: FloatArray
    shown: FloatArray

    @classmethod
    def start(cls, n: int, greatest_rate: float, cuts: Sequence[float] = ()) -> Self:
        """Return the state before the first test of a bank of n items."""
        if not 0.0 < greatest_rate <= 1.0:
            raise ValueError("the greatest rate must lie above 0 and not above 1")
        empty = np.zeros((len(cuts) + 1, n))
        return cls(greatest_rate, tuple(cuts), empty, empty)

    @property
    def probability(self) -> FloatArray:
        """Of being eligible in the next test: min(1, r · eligible / shown), shape (l, n)."""
        odds = self.greatest_rate * self.eligible / np.maximum(self.shown, 1.0)
        return np.where(self.shown > 0, np.minimum(odds, 1.0), 1.0)

    def draw(self, rng: np.random.Generator) -> Mask:
        """Return which items one test may use at each level, shape (l, n)."""
        return np.asarray(rng.random(self.shown.shape) < self.probability)

    def level(self, posterior: Posterior) -> int:
        """Return the level of a student: of the mean over all concepts."""
        return int(np.searchsorted(self.cuts, posterior.mean.mean()))

    def record(self, drawn: Mask, items: Sequence[int], levels: Sequence[int]) -> "ExposureControl":
        """Return the state after a test.

        Args:
            drawn: What `draw` gave.
            items: The items shown.
            levels: The student's level as each was chosen.
        """
        eligible, shown = self.eligible.copy(), self.shown.copy()
        visited = np.unique(np.asarray(levels, np.intp))
        eligible[visited] += drawn[visited]
        shown[np.asarray(levels, np.intp), np.asarray(items, np.intp)] += 1.0
        return replace(self, eligible=eligible, shown=shown)
