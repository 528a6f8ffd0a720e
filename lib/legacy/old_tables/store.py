"""The statements that rename the legacy tables."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib.database.queries import load_queries

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

_queries = load_queries("legacy/old_tables.sql")


@dataclass(frozen=True)
class RenamedTable:
    """A table's name before and after it was renamed."""

    table_name: str
    new_name: str
    kind: str = "TABLE"
    """Kind of the object in a DROP statement."""


@dataclass(frozen=True)
class Dependent:
    """A view or a foreign key that depends on a table."""

    name: str


def any_legacy_table(transaction: "Transaction") -> bool:
    """Return whether there is a legacy table."""
    return bool(transaction.fetch_value(_queries["any_legacy_table"]))


def unified_schema_is_empty(transaction: "Transaction") -> bool:
    """Return whether the unified schema has no students or no sessions."""
    return bool(transaction.fetch_value(_queries["is_empty"]))


def set_aside(transaction: "Transaction", table: str, stamp: str) -> RenamedTable | None:
    """Rename a table; return its names, None if there is no such table."""
    return transaction.fetch_one(
        _queries["set_aside"], {"table": table, "stamp": stamp}, RenamedTable
    )


def list_dependents(transaction: "Transaction", table: str) -> list[str]:
    """Return the views and foreign keys that DROP … CASCADE would drop with a table."""
    rows = transaction.fetch_all(_queries["dependents"], {"table": table}, Dependent)
    return [row.name for row in rows]


def bring_back(transaction: "Transaction", table: str) -> str | None:
    """Give a table its original name; return its backup name.

    None means that there is no backup, or that the table that now has the name must keep it.
    """
    backup_name: str | None = transaction.fetch_value(_queries["bring_back"], {"table": table})
    return backup_name


def bring_back_unified(transaction: "Transaction") -> list[RenamedTable]:
    """Bring back the unified tables that dropExisting set aside, if the current ones are empty."""
    return transaction.fetch_all(_queries["bring_back_unified"], None, RenamedTable)


def any_legacy_row(transaction: "Transaction") -> bool:
    """Return whether a legacy table holds a row."""
    return bool(transaction.fetch_value(_queries["any_row"]))


def count_unified_set_aside(transaction: "Transaction") -> int:
    """Count the rows that dropExisting set aside last; 0 if the current unified tables hold any."""
    return int(transaction.fetch_value(_queries["count_unified_set_aside"]) or 0)
