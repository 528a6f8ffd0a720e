"""Recorded answers, arranged so that numpy works on many people at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.engine.normal import FloatArray

Indices = NDArray[np.intp]

BLOCK_CELLS = 8_192
"""Answers per block, padding included: temporaries of a block stay in the processor's cache."""

MOST_PADDING = 1.25
"""Longest over shortest strand of a block."""


@dataclass(frozen=True, eq=False)
class Block:
    """Strands with about as many answers, one row per strand.

    Attributes:
        strands: Their indices, shape (s,).
        items: Index of the item, shape (s, l); 0 in padding.
        correct: Whether the answer was right, shape (s, l).
        given: False in padding, shape (s, l).
    """

    strands: Indices
    items: Indices
    correct: NDArray[np.bool_]
    given: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Answers:
    """Who answered what, and whether it was right.

    A *strand* is all answers of one person along one direction of the ability space: together they
    are a function of one number, t = u · θ. In one dimension a person has one strand.

    Attributes:
        people: Number of people with an answer.
        person: Of each strand, 0 to people - 1, ascending.
        directions: u of each strand, shape (strands, k).
        blocks: The answers of every strand.
        per_item: Number of answers, shape (n,).
    """

    people: int
    person: Indices
    directions: FloatArray
    blocks: tuple[Block, ...]
    per_item: Indices

    @classmethod
    def of(
        cls, person: ArrayLike, item: ArrayLike, correct: ArrayLike, directions: FloatArray
    ) -> Self:
        """Arrange three parallel arrays; their order does not matter.

        Args:
            person: Any integer per person.
            item: Index of the item, 0 to n - 1.
            correct: True or 1 for a right answer.
            directions: u of every item, shape (n, k).

        Raises:
            ValueError: If lengths differ, an item does not exist or `correct` is not 0 or 1.
        """
        who, what, right = (np.asarray(column).ravel() for column in (person, item, correct))
        if not len(who) == len(what) == len(right):
            raise ValueError("person, item and correct must be equally long")
        if ((what < 0) | (what >= len(directions))).any():
            raise ValueError(f"items must lie between 0 and {len(directions) - 1}")
        if not np.isin(right, (0, 1)).all():
            raise ValueError("correct must be 0 or 1")
        what, right = what.astype(np.intp), right.astype(bool)
        kinds, kind = np.unique(directions.round(12), axis=0, return_inverse=True)
        names, who = np.unique(who, return_inverse=True)
        strand = who * len(kinds) + kind.ravel()[what]
        order = np.lexsort((right, what, strand))
        strands, counts = np.unique(strand[order], return_counts=True)
        return cls(
            len(names),
            strands // max(len(kinds), 1),
            kinds[strands % max(len(kinds), 1)],
            tuple(_blocks(what[order], right[order], counts)),
            np.bincount(what, minlength=len(directions)),
        )


def _blocks(items: Indices, correct: NDArray[np.bool_], counts: Indices) -> Iterator[Block]:
    """Yield blocks of strands in order of their lengths."""
    starts = np.cumsum(counts) - counts
    by_count = np.argsort(counts, kind="stable")
    lengths = counts[by_count]
    low = 0
    while low < len(by_count):
        # Lengths ascend, so the padded size of a block grows with every strand added.
        padded = lengths[low:] * np.arange(1, len(lengths) - low + 1)
        fitting = np.searchsorted(padded, BLOCK_CELLS, side="right")
        alike = np.searchsorted(lengths[low:], MOST_PADDING * lengths[low], side="right")
        high = low + max(1, int(min(fitting, alike)))
        strands, longest = by_count[low:high], lengths[high - 1]
        given = np.arange(longest) < lengths[low:high, None]
        place = np.where(given, starts[strands][:, None] + np.arange(longest), 0)
        yield Block(strands, np.where(given, items[place], 0), correct[place] & given, given)
        low = high
