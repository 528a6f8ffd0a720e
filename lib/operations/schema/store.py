"""Statements of the creation of the schema."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib.database.queries import load_queries, load_script

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

_queries = load_queries("operations/creation.sql")


@dataclass(frozen=True)
class Name:
    """A name in the database."""

    name: str


@dataclass(frozen=True)
class Table:
    """A table of the workshop."""

    table_name: str
    row_count: int


@dataclass(frozen=True)
class RenamedTable:
    """A table that was set aside."""

    table_name: str
    new_name: str


def try_lock_creation(transaction: "Transaction") -> bool:
    """Take the lock of calls that create the schema, if it is free; return whether it was."""
    return bool(transaction.fetch_value(_queries["try_lock_creation"]))


def list_workshop_tables(transaction: "Transaction") -> list[Table]:
    """Return the tables of the workshop that exist."""
    transaction.execute_script(load_script("operations/schema/set_aside.sql"))
    return transaction.fetch_all(_queries["existing_tables"], None, Table)


def list_context_tables(transaction: "Transaction") -> set[str]:
    """Return the names, with their schema, of the tables of the assessment and study planner."""
    rows = transaction.fetch_all(_queries["context_tables"], None, Name)
    return {row.name for row in rows}


def set_tables_aside(transaction: "Transaction", stamp: str) -> list[RenamedTable]:
    """Rename the tables of the workshop to <name>_old_<stamp>."""
    transaction.execute_script(load_script("operations/schema/set_aside.sql"))
    return transaction.fetch_all(_queries["set_aside"], {"stamp": stamp}, RenamedTable)
