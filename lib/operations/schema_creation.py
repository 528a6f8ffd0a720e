"""The unified schema, made or brought up to date by an operator without a shell.

Runs the scripts that `migrate.py upgrade` runs. Tables that have to go are renamed, never dropped.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import lib.workshop  # noqa: F401 registers our errors for the workshop's constraints
from lib.database.advisory_lock import exclude_others
from lib.database.queries import load_queries, load_script
from lib.database.schema import schema_scripts
from lib.deps import Deps
from lib.operations.errors import ConfirmationMissing, CreationRunning

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

CONFIRMATION = "DROP EXISTING TABLES"
_queries = load_queries("operations/schema_creation.sql")


@dataclass(frozen=True)
class Table:
    """A table of the workshop."""

    table_name: str
    row_count: int


@dataclass(frozen=True)
class SetAside:
    """A table that was renamed."""

    table_name: str
    new_name: str


@dataclass(frozen=True)
class Creation:
    """What was there, what was set aside, what is there now."""

    before: list[Table]
    set_aside: list[SetAside]
    after: list[Table]


def create_schema(deps: Deps, *, drop_existing: bool, confirmation: str | None) -> Creation:
    """Run the schema's scripts in one transaction.

    Args:
        deps: Where Postgres is.
        drop_existing: Whether to begin with empty tables.
        confirmation: Needed to set tables aside that hold rows.

    Raises:
        ConfirmationMissing: If tables would be set aside with rows and without confirmation.
        CreationRunning: If another call is changing the schema.
        Busy: If a table is in use for more than 5 s.
        AlreadyRunning: If a migration, clean-up, restore, rotation or removal runs.
    """
    with deps.postgres.transaction() as transaction:
        if not transaction.fetch_value(_queries["take_turn"]):
            raise CreationRunning
        exclude_others(transaction)
        transaction.execute_script(load_script("operations/schema/set_aside.sql"))
        before = _tables(transaction)
        renamed = []
        if drop_existing:
            _confirm(before, confirmation)
            renamed = _set_aside(transaction, deps.clock())
        for _, script in schema_scripts():
            transaction.execute_script(script)
        return Creation(before, renamed, _tables(transaction))


def tables_to_set_aside(deps: Deps, confirmation: str | None) -> list[Table]:
    """The workshop's tables that hold rows, once it is confirmed that they may go.

    Raises:
        ConfirmationMissing: If there are some and the confirmation is not CONFIRMATION.
        AlreadyRunning: If a migration, clean-up, restore, rotation or removal runs.
    """
    with deps.postgres.transaction() as transaction:
        exclude_others(transaction)
        transaction.execute_script(load_script("operations/schema/set_aside.sql"))
        found = _tables(transaction)
    _confirm(found, confirmation)
    return [table for table in found if table.row_count]


def _tables(transaction: "Transaction") -> list[Table]:
    return transaction.fetch_all(_queries["existing_tables"], None, Table)


def _confirm(tables: list[Table], confirmation: str | None) -> None:
    filled = [table.table_name for table in tables if table.row_count]
    if filled and confirmation != CONFIRMATION:
        raise ConfirmationMissing(tables=", ".join(filled), confirmation=CONFIRMATION)


def _set_aside(transaction: "Transaction", now: datetime) -> list[SetAside]:
    stamp = {"stamp": now.strftime("%Y%m%d_%H%M%S")}
    return transaction.fetch_all(_queries["set_aside"], stamp, SetAside)
