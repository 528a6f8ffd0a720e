"""Repair of a damaged database: its readable rows are copied into a new file.

Rows are looked up by rowid, so that a damaged page costs the rows in it and no others. Rows that
cannot be read are taken from the file as it was before the last change. If this file lacks them,
too, the server has most of them.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib.learning.tables.ddl import metadata_without_schema

MAX_FAILURES = 20_000
"""Number of failed look-ups after which the rest of a table counts as unreadable."""
LARGEST_GUESS = 1 << 24
"""Largest rowid that is looked up in a table whose last rowid cannot be read."""
Row = tuple[Any, ...]


@dataclass
class Salvage:
    """Outcome of a repair: the rows that were saved, and those that were not."""

    rows: dict[str, int] = field(default_factory=dict)
    """Number of saved rows by table."""
    unreadable: list[str] = field(default_factory=list)
    """Tables that cannot be read completely in the newest file."""
    left_out: dict[str, int] = field(default_factory=dict)
    """Number of readable rows by table that were left out, since they refer to a missing row."""


@dataclass
class _Reader:
    """A reader of the rows of one table of a damaged file."""

    connection: sqlite3.Connection
    table: str
    columns: Sequence[str]
    failures: int = 0

    def rows(self) -> Iterator[Row]:
        """Yield every row that can be read, with its rowid first."""
        yield from self._between(1, self._last())

    @property
    def is_complete(self) -> bool:
        """Whether every row could be read so far."""
        return self.failures == 0

    def _last(self) -> int:
        """Return the largest rowid, or LARGEST_GUESS if it cannot be read."""
        try:
            query = f"SELECT max(rowid) FROM {_quoted(self.table)}"  # noqa: S608 our own names
            return int(self.connection.execute(query).fetchone()[0] or 0)
        except sqlite3.DatabaseError:
            self.failures += 1
        return LARGEST_GUESS

    def _between(self, first: int, last: int) -> Iterator[Row]:
        """Yield the readable rows of a range, which is halved where something is damaged."""
        ranges = [(first, last)]
        while ranges and self.failures < MAX_FAILURES:
            low, high = ranges.pop()
            if low > high:
                continue
            try:
                rows = self._look_up(low, high)
            except (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError):
                self.failures += 1
                if low < high:
                    middle = (low + high) // 2
                    ranges += [(middle + 1, high), (low, middle)]
                continue
            yield from rows

    def _look_up(self, low: int, high: int) -> list[Row]:
        columns = ", ".join(map(_quoted, self.columns))
        query = (
            f"SELECT rowid, {columns} FROM {_quoted(self.table)} NOT INDEXED"  # noqa: S608
            " WHERE rowid BETWEEN ? AND ?"
        )
        return self.connection.execute(query, (low, high)).fetchall()


def salvage(damaged: Sequence[Path], target: Path) -> Salvage:
    """Copy what can be read of damaged files into a new one.

    Args:
        damaged: The files, the newest first; a row of an older file fills a gap.
        target: Sound file with the tables and no rows.
    """
    result = Salvage()
    with closing(sqlite3.connect(target, isolation_level=None)) as writer:
        writer.execute("PRAGMA foreign_keys = OFF")
        writer.execute("BEGIN IMMEDIATE")
        for table in _tables(writer):
            complete = [_copy(file, table, writer) for file in damaged]
            result.rows[table] = _count(writer, table)
            if not complete[0]:
                result.unreadable.append(table)
        result.left_out = _remove_orphans(writer)
        for table, number in result.left_out.items():
            result.rows[table] -= number
        writer.execute("COMMIT")
    result.rows = {table: number for table, number in result.rows.items() if number}
    return result


def _copy(file: Path, table: str, writer: sqlite3.Connection) -> bool:
    """Copy the readable rows of a table; return whether all of it can be read."""
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as source:
            source.execute("PRAGMA cell_size_check = ON")
            columns = _shared_columns(source, writer, table)
            if not columns:
                return False
            reader = _Reader(source, table, columns)
            for row in reader.rows():
                _insert(writer, table, columns, row)
            return reader.is_complete
    except sqlite3.DatabaseError:
        return False


def _insert(writer: sqlite3.Connection, table: str, columns: Sequence[str], row: Row) -> None:
    names = ", ".join(map(_quoted, columns))
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT OR IGNORE INTO {_quoted(table)} ({names}) VALUES ({marks})"  # noqa: S608
    with suppress(sqlite3.DatabaseError):  # a damaged value may violate a constraint
        writer.execute(statement, row[1:])


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the tables, each after those that it refers to."""
    names = {
        str(row[0])
        for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%'"
            " ESCAPE '!'"
        )
    }
    names.discard("schema_version")  # the target has its own revision already
    ordered = [it.name for it in metadata_without_schema().sorted_tables if it.name in names]
    return ordered + sorted(names - set(ordered))


def _shared_columns(
    source: sqlite3.Connection, writer: sqlite3.Connection, table: str
) -> list[str]:
    """Return the columns that both files have."""
    source_columns = set(_columns(source, table))
    return [name for name in _columns(writer, table) if name in source_columns]


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [str(row[1]) for row in connection.execute(f"PRAGMA table_info({_quoted(table)})")]


def _remove_orphans(writer: sqlite3.Connection) -> dict[str, int]:
    """Remove rows that refer to missing ones until there are none; return how many, by table."""
    removed: dict[str, int] = {}
    while orphans := writer.execute("PRAGMA foreign_key_check").fetchall():
        for table, number, *_ in set(orphans):
            number_deleted = writer.execute(
                f"DELETE FROM {_quoted(table)} WHERE rowid = ?",  # noqa: S608
                (number,),
            ).rowcount
            removed[table] = removed.get(table, 0) + number_deleted
    return removed


def _count(writer: sqlite3.Connection, table: str) -> int:
    return int(writer.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()[0])  # noqa: S608


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
