"""Mapping of SQLite's errors to ours: the same fact raises the same error as on Postgres."""

import re
import sqlite3
from collections.abc import Callable
from functools import cache

from sqlalchemy import Index, PrimaryKeyConstraint, UniqueConstraint

from lib.database.statements import constraint_error
from lib.errors import (
    AppError,
    Busy,
    DatabaseUnavailable,
    SchemaMissing,
    UnstorableText,
    UnusableSetting,
)
from lib.learning.tables import Base
from lib.logs import log

_MISSING = re.compile(r"no such (table|column)|has no column named")
_FAILED = re.compile(r"(?P<kind>UNIQUE|CHECK) constraint failed: (index ')?(?P<what>[^']+)")
_SETTING = "SQLITE_DATABASE_URL: the file "
_BY_CODE: dict[int, Callable[[], AppError]] = {
    sqlite3.SQLITE_BUSY: Busy,
    sqlite3.SQLITE_LOCKED: Busy,
    sqlite3.SQLITE_FULL: DatabaseUnavailable,
    sqlite3.SQLITE_IOERR: DatabaseUnavailable,
    sqlite3.SQLITE_CANTOPEN: lambda: UnusableSetting(
        reason=f"{_SETTING}cannot be opened; does its folder exist?"
    ),
    sqlite3.SQLITE_READONLY: lambda: UnusableSetting(
        reason=f"{_SETTING}cannot be written; is it read-only?"
    ),
    sqlite3.SQLITE_NOTADB: lambda: UnusableSetting(reason=f"{_SETTING}is not a SQLite database."),
}
"""Our errors by SQLite's primary result codes."""


def sqlite_error_for(error: sqlite3.Error | UnicodeEncodeError) -> AppError | None:
    """Return our error for an error of the driver; None if the driver's error is unknown.

    Errors of SQLite are logged; a text that cannot be encoded is not.
    """
    if isinstance(error, UnicodeEncodeError):
        return UnstorableText()
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the other bits give more detail
    constraint = failed_constraint(str(error))
    log("sqlite_error", code=code, constraint=constraint, kind=type(error).__name__)
    if code in _BY_CODE:
        return _BY_CODE[code]()
    if _MISSING.search(str(error)):
        return SchemaMissing()
    return constraint_error(constraint, str(error))


def failed_constraint(message: str) -> str | None:
    """Return the name of the constraint that a message of SQLite is about; None without one.

    SQLite reports the name of a CHECK, but only the columns of a unique constraint or index.
    """
    match = _FAILED.search(message)
    if match is None:
        return None
    if match["kind"] == "CHECK":
        return match["what"]
    return _unique_names().get(match["what"], match["what"])


@cache
def _unique_names() -> dict[str, str]:
    """Return the names of primary keys, unique constraints and unique indexes, by their columns.

    The columns are written as in SQLite's messages.
    """
    names = {}
    for table in Base.metadata.tables.values():
        uniques: list[PrimaryKeyConstraint | UniqueConstraint | Index] = [
            table.primary_key,
            *(it for it in table.constraints if isinstance(it, UniqueConstraint)),
            *(index for index in table.indexes if index.unique),
        ]
        for unique in uniques:
            columns = ", ".join(f"{table.name}.{column.name}" for column in unique.columns)
            names[columns] = str(unique.name)
    return names
