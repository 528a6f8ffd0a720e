"""The unified schema, created or brought up to date for an operator without a shell.

Runs the scripts that `migrate.py upgrade` runs. Tables to be replaced are renamed, never dropped.
"""

from dataclasses import dataclass

import lib.workshop  # noqa: F401 registers our errors for the workshop's constraints
from lib.database.advisory_lock import take_exclusive_lock
from lib.database.schema import schema_scripts
from lib.deps import Deps
from lib.operations import store
from lib.operations.errors import ConfirmationMissing, CreationRunning
from lib.operations.store import RenamedTable, Table

CONFIRMATION = "DROP EXISTING TABLES"


@dataclass(frozen=True)
class Creation:
    """The tables before and after, and those that were set aside."""

    before: list[Table]
    set_aside: list[RenamedTable]
    after: list[Table]


def create_schema(deps: Deps, *, drop_existing: bool, confirmation: str | None) -> Creation:
    """Run the scripts of the schema in one transaction.

    Args:
        deps: The database.
        drop_existing: Whether to set existing tables aside and start with empty ones.
        confirmation: Must be CONFIRMATION if tables with rows are to be set aside.

    Raises:
        ConfirmationMissing: If tables with rows would be set aside without confirmation.
        CreationRunning: If another call is changing the schema.
        Busy: If a table is in use for more than 5 s.
        AlreadyRunning: If a migration, clean-up, restore, rotation or removal is running.
    """
    with deps.postgres.transaction() as transaction:
        if not store.try_lock_schema(transaction):
            raise CreationRunning
        take_exclusive_lock(transaction)
        before = store.list_workshop_tables(transaction)
        set_aside = []
        if drop_existing:
            _require_confirmation(before, confirmation)
            set_aside = store.set_tables_aside(transaction, f"{deps.clock():%Y%m%d_%H%M%S}")
        for _, script in schema_scripts():
            transaction.execute_script(script)
        return Creation(before, set_aside, store.list_workshop_tables(transaction))


def tables_to_set_aside(deps: Deps, confirmation: str | None) -> list[Table]:
    """Check the confirmation, and return the tables of the workshop that hold rows.

    Raises:
        ConfirmationMissing: If a table holds rows and `confirmation` is not CONFIRMATION.
        AlreadyRunning: If a migration, clean-up, restore, rotation or removal is running.
    """
    with deps.postgres.transaction() as transaction:
        take_exclusive_lock(transaction)
        tables = store.list_workshop_tables(transaction)
    _require_confirmation(tables, confirmation)
    return [table for table in tables if table.row_count]


def _require_confirmation(tables: list[Table], confirmation: str | None) -> None:
    with_rows = [table.table_name for table in tables if table.row_count]
    if with_rows and confirmation != CONFIRMATION:
        raise ConfirmationMissing(tables=", ".join(with_rows), confirmation=CONFIRMATION)
