"""Merge of changes of one row: for each column, the change with the largest clock wins; pure.

The result does not depend on the order in which the changes arrive, and a change that arrives twice
changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Merged:
    """The outcome of a change of a row."""

    columns: frozenset[str]
    """Columns that take the change's values."""
    clocks: Mapping[str, str]
    """Clock of each column afterwards."""


def merge(columns: Iterable[str], clock: str, stored: Mapping[str, str], oldest: str) -> Merged:
    """Return which columns a change wins.

    Args:
        columns: Columns that the change sets.
        clock: Clock of the change.
        stored: Clock of the last change of each column.
        oldest: Clock of the columns that `stored` does not have.
    """
    winning_columns = frozenset(name for name in columns if clock > stored.get(name, oldest))
    return Merged(winning_columns, {**stored, **dict.fromkeys(winning_columns, clock)})
