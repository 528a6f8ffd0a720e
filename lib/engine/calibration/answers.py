"""Recorded answers, arranged in blocks so that numpy processes many people at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import indices
from ..normal import FloatArray

Indices = NDArray[np.intp]

BLOCK_CELLS = 8_192
"""Answers per block, padding included, for which temporaries fit the processor's cache."""

MAX_PADDING = 1.25
"""Largest ratio of the lengths of the longest and the shortest strand in a block."""


@dataclass(frozen=True, eq=False)
class Block:
    """Strands with similar numbers of answers, one row per strand, padded to the longest.

    Attributes:
        strands: Indices of the strands, shape (s,).
        items: Item of each answer, shape (s, l); 0 in padding.
        correct: Whether each answer was right, shape (s, l).
        present: Whether there is an answer, False in padding, shape (s, l).
    """

    strands: Indices
    items: Indices
    correct: NDArray[np.bool_]
    present: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of all people, grouped into strands.

    A *strand* is the set of all answers of one person to items with the same direction u in the
    ability space. Its likelihood is a function of one number, t = u · θ. In one dimension each
    person has one strand.

    Attributes:
        people: Number of people with at least one answer.
        person: Person of each strand, 0 to people - 1, ascending.
        directions: Direction u of each strand, shape (strands, k).
        blocks: The answers of all strands.
        per_item: Number of answers to each item, shape (n,).
        right_per_item: Number of right answers to each item, shape (n,).
    """

    people: int
    person: Indices
    directions: FloatArray
    blocks: tuple[Block, ...]
    per_item: Indices
    right_per_item: Indices

    @property
    def identifies_slope(self) -> NDArray[np.bool_]:
        """Whether an item was answered both right and wrong, shape (n,).

        Otherwise its likelihood grows as the item moves away from all abilities, at any slope.
        """
        return (self.right_per_item > 0) & (self.right_per_item < self.per_item)

    @classmethod
    def of(
        cls, person: ArrayLike, item: ArrayLike, correct: ArrayLike, directions: FloatArray
    ) -> Self:
        """Arrange the answers of three parallel arrays, whose order does not matter.

        Args:
            person: Integer that identifies the person of each answer.
            item: Index of the item of each answer, 0 to n - 1.
            correct: Whether each answer was right, 0 or 1.
            directions: Direction u of each item, shape (n, k).

        Raises:
            ValueError: If lengths differ, `person` or `item` is not all integers, an item does not
                exist, `correct` is not 0 or 1, or a person answers an item twice.
        """
        persons, asked_items, outcomes = (
            np.asarray(column).ravel() for column in (person, item, correct)
        )
        if not len(persons) == len(asked_items) == len(outcomes):
            raise ValueError("person, item and correct must be equally long")
        if len(persons) and not np.issubdtype(persons.dtype, np.integer):
            raise ValueError(f"person must be integers, not {persons.dtype}")
        try:
            asked_items = indices("item", asked_items, len(directions))
        except IndexError as exc:
            raise ValueError(str(exc)) from exc
        if not np.isin(outcomes, (0, 1)).all():
            raise ValueError("correct must be 0 or 1")
        outcomes = outcomes.astype(bool)
        unique_directions, direction = np.unique(directions.round(12), axis=0, return_inverse=True)
        identifiers, persons = np.unique(persons, return_inverse=True)
        _refuse_repetitions(persons, asked_items, len(directions))
        strand = persons * len(unique_directions) + direction.ravel()[asked_items]
        order = np.lexsort((outcomes, asked_items, strand))
        strands, counts = np.unique(strand[order], return_counts=True)
        return cls(
            people=len(identifiers),
            person=strands // max(len(unique_directions), 1),
            directions=unique_directions[strands % max(len(unique_directions), 1)],
            blocks=tuple(_blocks(asked_items[order], outcomes[order], counts)),
            per_item=np.bincount(asked_items, minlength=len(directions)),
            right_per_item=np.bincount(asked_items[outcomes], minlength=len(directions)),
        )


def _refuse_repetitions(persons: Indices, items: Indices, item_count: int) -> None:
    """Refuse two answers of one person to one item, which the model would treat as independent."""
    pairs, counts = np.unique(persons * item_count + items, return_counts=True)
    if (counts > 1).any():
        item = int(pairs[np.argmax(counts > 1)]) % item_count
        raise ValueError(
            f"pairs of person and item that repeat: {int((counts > 1).sum())}, the first with item"
            f" {item}; keep one answer of each pair"
        )


def _blocks(items: Indices, correct: NDArray[np.bool_], counts: Indices) -> Iterator[Block]:
    """Yield the blocks, in ascending order of their strands' lengths."""
    starts = np.cumsum(counts) - counts
    by_count = np.argsort(counts, kind="stable")
    lengths = counts[by_count]
    low = 0
    while low < len(by_count):
        # Lengths ascend, so a block's padded size grows with every strand.
        padded = lengths[low:] * np.arange(1, len(lengths) - low + 1)
        fitting = np.searchsorted(padded, BLOCK_CELLS, side="right")
        similar = np.searchsorted(lengths[low:], MAX_PADDING * lengths[low], side="right")
        high = low + max(1, int(min(fitting, similar)))
        strands, longest = by_count[low:high], lengths[high - 1]
        present = np.arange(longest) < lengths[low:high, None]
        position = np.where(present, starts[strands][:, None] + np.arange(longest), 0)
        yield Block(
            strands=strands,
            items=np.where(present, items[position], 0),
            correct=correct[position] & present,
            present=present,
        )
        low = high
