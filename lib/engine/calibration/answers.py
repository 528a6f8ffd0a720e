"""Recorded answers, arranged so that numpy works on many people at once."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.engine.normal import FloatArray

BLOCK_CELLS = 16_384
"""Answers per block, padding included: temporaries of a block stay in the processor's cache."""

MOST_PADDING = 1.25
"""Longest over shortest row of a block."""


@dataclass(frozen=True, eq=False)
class Block:
    """Answers of people who gave about as many, one row per person.

    Attributes:
        items: Index of the item, shape (p, l); 0 in padding.
        correct: 1.0 or 0.0, shape (p, l).
        given: 1.0 for an answer, 0.0 for padding, shape (p, l).
    """

    items: NDArray[np.intp]
    correct: FloatArray
    given: FloatArray


@dataclass(frozen=True, eq=False)
class Answers:
    """Who answered what, and whether it was right.

    Attributes:
        blocks: Everybody's answers.
        per_item: Number of answers, shape (n,).
        people: Number of people with an answer.
    """

    blocks: tuple[Block, ...]
    per_item: NDArray[np.intp]
    people: int

    @classmethod
    def of(cls, person: ArrayLike, item: ArrayLike, correct: ArrayLike, items: int) -> "Answers":
        """Arrange three parallel arrays; their order does not matter.

        Args:
            person: Any integer per person.
            item: Index of the item, 0 to `items` - 1.
            correct: True or 1 for a right answer.
            items: n.

        Raises:
            ValueError: If lengths differ, an item does not exist or `correct` is not 0 or 1.
        """
        who, what = np.asarray(person).ravel(), np.asarray(item).ravel().astype(np.intp)
        right = np.asarray(correct).ravel().astype(float)
        if not len(who) == len(what) == len(right):
            raise ValueError("person, item and correct must be equally long")
        if ((what < 0) | (what >= items)).any():
            raise ValueError(f"items must lie between 0 and {items - 1}")
        if not np.isin(right, (0.0, 1.0)).all():
            raise ValueError("correct must be 0 or 1")
        order = np.lexsort((right, what, who))
        _, counts = np.unique(who, return_counts=True)
        blocks = tuple(_blocks(what[order], right[order], counts))
        return cls(blocks, np.bincount(what, minlength=items), len(counts))

    @property
    def total(self) -> int:
        """Number of answers."""
        return int(self.per_item.sum())


def _blocks(
    items: NDArray[np.intp], correct: FloatArray, counts: NDArray[np.intp]
) -> Iterator[Block]:
    """Yield blocks of people in order of how many answers they gave."""
    starts = np.cumsum(counts) - counts
    by_count = np.argsort(counts, kind="stable")
    lengths = counts[by_count]
    low = 0
    while low < len(by_count):
        # Lengths ascend, so the padded size of a block grows with every person added.
        padded = lengths[low:] * np.arange(1, len(lengths) - low + 1)
        fitting = np.searchsorted(padded, BLOCK_CELLS, side="right")
        alike = np.searchsorted(lengths[low:], MOST_PADDING * lengths[low], side="right")
        high = low + max(1, int(min(fitting, alike)))
        people, longest = by_count[low:high], lengths[high - 1]
        given = np.arange(longest) < lengths[low:high, None]
        place = np.where(given, starts[people][:, None] + np.arange(longest), 0)
        yield Block(np.where(given, items[place], 0), correct[place] * given, given.astype(float))
        low = high
