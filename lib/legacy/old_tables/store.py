"""The statements that rename the legacy tables."""

from typing import TYPE_CHECKING

from lib.database.queries import load_queries

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

_queries = load_queries("legacy/old_tables.sql")


def any_legacy_table(transaction: "Transaction") -> bool:
    """Return whether there is a legacy table."""
    return bool(transaction.fetch_value(_queries["any_legacy_table"]))


def unified_schema_is_empty(transaction: "Transaction") -> bool:
    """Return whether the unified schema has no students or no sessions."""
    return bool(transaction.fetch_value(_queries["is_empty"]))


def set_aside(transaction: "Transaction", table: str, stamp: str) -> str | None:
    """Rename a table; return its new name, None if there is no such table."""
    new_name: str | None = transaction.fetch_value(
        _queries["set_aside"], {"table": table, "stamp": stamp}
    )
    return new_name


def bring_back(transaction: "Transaction", table: str) -> str | None:
    """Give a table its original name; return its backup name, None if it has no backup."""
    backup_name: str | None = transaction.fetch_value(_queries["bring_back"], {"table": table})
    return backup_name
