"""Sums of one batch, which a run adds up over all its batches."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal

CHECKSUM_BITS = 64


@dataclass(frozen=True)
class ReadBack:
    """Checksums of a batch's rows in one table, as intended and as stored."""

    rows: int
    expected: Decimal
    stored: Decimal


@dataclass(frozen=True)
class TableRows:
    """A number of rows of one legacy table."""

    source: str
    rows: int


@dataclass
class Counts:
    """Sums of one batch, by names such as `sessions.created`."""

    sums: dict[str, int] = field(default_factory=dict)
    reading_seconds: float = 0.0
    """Seconds of the batch that were spent reading the legacy tables."""

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Time a statement that reads the legacy tables."""
        started = time.monotonic()
        yield
        self.reading_seconds += time.monotonic() - started

    def add(self, name: str, value: int | Decimal) -> None:
        """Add to a sum."""
        self.sums[name] = self.sums.get(name, 0) + int(value)

    def add_skipped(self, tables: list[TableRows]) -> None:
        """Add rows that stay in their legacy tables."""
        for table in tables:
            self.add(f"{table.source}.skipped", table.rows)

    def add_read_back(self, name: str, read_back: ReadBack) -> None:
        """Add the checksums of `people`, `sessions` or `step_progress`."""
        self.add(f"checked.{name}", read_back.rows)
        self.add(f"checksum.{name}.expected", read_back.expected)
        self.add(f"checksum.{name}.stored", read_back.stored)

    def added_to(self, totals: dict[str, int]) -> dict[str, int]:
        """Return the totals with these sums; checksums wrap around."""
        new_totals = dict(totals)
        for name, value in self.sums.items():
            new_totals[name] = new_totals.get(name, 0) + value
            if name.startswith("checksum."):
                new_totals[name] %= 2**CHECKSUM_BITS
        return new_totals
