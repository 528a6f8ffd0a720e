"""The unified schema, created or brought up to date for an operator without a shell.

The scripts are those of `migrate.py upgrade`. Tables to be replaced are renamed, never dropped.
"""

from dataclasses import dataclass

import lib.workshop  # noqa: F401 registers our errors for the workshop's constraints
from lib.database.advisory_lock import take_exclusive_lock
from lib.database.errors import SchemaNeedsDecision
from lib.database.schema import upgrade_schema
from lib.deps import Deps
from lib.operations.errors import ConfirmationMissing, CreationRunning
from lib.operations.schema import store
from lib.operations.schema.store import RenamedTable, Table

CONFIRMATION = "DROP EXISTING TABLES"


@dataclass(frozen=True)
class Creation:
    """The tables before and after, and those that were set aside."""

    before: list[Table]
    set_aside: list[RenamedTable]
    after: list[Table]
    reports: list[str]
    """Lines for the operator about everything that was moved, repaired or left unchanged."""


def create_schema(
    deps: Deps, *, drop_existing: bool, confirmation: str | None, finish: bool = False
) -> Creation:
    """Run the scripts of the schema in one transaction; a context that is refused stays as it was.

    Args:
        deps: The database.
        drop_existing: Whether to set existing tables aside and start with empty ones.
        confirmation: CONFIRMATION, if tables with rows are to be set aside.
        finish: Whether to drop the views that serve the previous version of the tests.

    Raises:
        SchemaNeedsDecision: If only a person can decide what becomes of a context's table, or if
            the database refuses to change it; the other contexts are then up to date.
        ConfirmationMissing: If tables with rows would be set aside without confirmation.
        CreationRunning: If another call is creating the schema.
        Busy: If a table is in use for more than 5 s.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock`.
    """
    with deps.postgres.transaction() as transaction:
        if not store.try_lock_creation(transaction):
            raise CreationRunning
        take_exclusive_lock(transaction)
        before = store.list_workshop_tables(transaction)
        set_aside = []
        if drop_existing:
            _require_confirmation(before, confirmation)
            set_aside = store.set_tables_aside(transaction, f"{deps.clock():%Y%m%d_%H%M%S}")
        contexts_before = store.list_context_tables(transaction)
        upgrade = upgrade_schema(transaction.connection, finish=finish)
        created_tables = store.list_context_tables(transaction) - contexts_before
        reports = [*(f"{table}: created" for table in sorted(created_tables)), *upgrade.reports]
        creation = Creation(before, set_aside, store.list_workshop_tables(transaction), reports)
    if upgrade.refused:
        raise SchemaNeedsDecision(reason=upgrade.refusal)
    return creation


def tables_to_set_aside(deps: Deps, confirmation: str | None) -> list[Table]:
    """Check the confirmation, and return the tables of the workshop that hold rows.

    Raises:
        ConfirmationMissing: If a table holds rows and `confirmation` is not CONFIRMATION.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock`.
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
