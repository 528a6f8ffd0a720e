"""Renaming of the legacy tables after a verified migration, and its reversal."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lib.database.advisory_lock import lock_and_limit
from lib.database.schema import schema_scripts
from lib.deps import Deps
from lib.legacy.errors import NotConfirmed, NothingToDo, NotSafeYet, TablesSetAside
from lib.legacy.old_tables import store
from lib.legacy.old_tables.store import RenamedTable
from lib.legacy.runs.run import LEGACY_TABLES, Phase, Run
from lib.legacy.runs.start import prepare
from lib.legacy.runs.store import close_sources, fetch_last_real_run, make_schema, open_sources
from lib.legacy.verification.store import (
    count_left_behind,
    count_legacy,
    count_set_aside,
    count_written_since,
)
from lib.legacy.verification.verdict import fates

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

CONFIRMATION = "DELETE OLD TABLES"
DELETE_AFTER_DAYS = 30


@dataclass(frozen=True)
class SetAsideTable:
    """A table that was set aside, and the objects that its deletion would also drop."""

    renamed: RenamedTable
    rows_only_here: int
    """Rows that the migration skipped and that are therefore stored nowhere else."""
    dependents: list[str]
    """Views, and foreign keys of other tables."""


@dataclass(frozen=True)
class CleanUp:
    """The tables that were set aside after a run."""

    run_id: int
    tables: list[SetAsideTable]


def clean_up(confirmation: str | None, deps: Deps) -> CleanUp:
    """Rename the legacy tables to <name>_backup_YYYYMMDD; nothing is deleted.

    Raises:
        NotConfirmed: If the confirmation is not CONFIRMATION.
        NotSafeYet: If no verified migration has read what the tables now hold.
        NothingToDo: If there are no legacy tables.
    """
    if confirmation != CONFIRMATION:
        raise NotConfirmed(text=CONFIRMATION)
    with deps.postgres.transaction() as transaction:
        prepare(transaction)
        if not store.any_legacy_table(transaction):
            raise NothingToDo(reason="There are no old tables")
        run = require_verified(transaction)
        renamed_tables = set_aside(transaction, LEGACY_TABLES, f"{deps.clock():%Y%m%d}")
        tables = [
            SetAsideTable(
                renamed,
                rows_only_here=fates(run, renamed.table_name)["skipped"],
                dependents=store.list_dependents(transaction, renamed.new_name),
            )
            for renamed in renamed_tables
        ]
    return CleanUp(run.id, tables)


def set_aside(
    transaction: "Transaction", tables: tuple[str, ...], stamp: str
) -> list[RenamedTable]:
    """Rename those of the tables that exist."""
    renamed_tables = (store.set_aside(transaction, table, stamp) for table in tables)
    return [renamed for renamed in renamed_tables if renamed is not None]


def bring_back(deps: Deps) -> list[RenamedTable]:
    """Give each legacy table its original name again; legacy.bring_back() selects the backup.

    If none was renamed and no legacy table holds a row, the unified tables that `dropExisting` of
    admin-create-unified-schema set aside are brought back, provided that the current ones are
    empty.

    Raises:
        NothingToDo: If none was set aside, or all original names are in use.
    """
    with deps.postgres.transaction() as transaction:
        lock_and_limit(transaction)
        make_schema(transaction)
        renamed_tables = [
            RenamedTable(backup_name, table)
            for table in LEGACY_TABLES
            if (backup_name := store.bring_back(transaction, table)) is not None
        ]
        if not renamed_tables and not store.any_legacy_row(transaction):
            renamed_tables = _bring_back_unified(transaction)
    if not renamed_tables:
        raise NothingToDo(reason="No table was set aside, or the original names are in use")
    return renamed_tables


def _bring_back_unified(transaction: "Transaction") -> list[RenamedTable]:
    renamed_tables = store.bring_back_unified(transaction)
    if renamed_tables:
        for _, script in schema_scripts():
            transaction.execute_script(script)
    return renamed_tables


def require_rows(transaction: "Transaction") -> None:
    """Refuse a migration that would find no row while tables that were set aside hold some.

    Raises:
        TablesSetAside: With the number of their rows.
    """
    if store.any_legacy_row(transaction):
        return
    count = count_set_aside(transaction)
    rows = count.rows or store.count_unified_set_aside(transaction)
    if rows:
        without_session = count.without_session if count.rows else rows
        raise TablesSetAside(
            reason=f"set-aside tables hold rows: {rows}, among them rows without a session or "
            f"student now: {without_session}; run admin-restore-old-tables first"
        )


def deletion_sql(result: CleanUp) -> str:
    """Return the SQL with which a person may delete the tables after a month of operation."""
    return "\n".join(
        [
            f"-- After {DELETE_AFTER_DAYS}+ days of successful operation",
            *(line for table in result.tables for line in _deletion_lines(table, result.run_id)),
        ]
    )


def _deletion_lines(table: SetAsideTable, run_id: int) -> list[str]:
    name, kind = table.renamed.new_name, table.renamed.kind
    warnings = []
    if table.rows_only_here:
        warnings.append(
            f"-- Rows that exist only in {name} ({table.rows_only_here}): SELECT * FROM "  # noqa: S608 for a person to read
            f"legacy.migration_findings WHERE run_id = {run_id} AND outcome = 'skipped';"
        )
    if table.dependents:
        warnings.append(f"-- CASCADE also drops {', '.join(table.dependents)}")
    return [*warnings, f"DROP {kind} IF EXISTS public.{name} CASCADE;"]


def require_verified(transaction: "Transaction") -> Run:
    """Return the newest migration; refuse unless it was verified and nothing was written since.

    Raises:
        NotSafeYet: With the reason.
    """
    if store.unified_schema_is_empty(transaction):
        raise NotSafeYet(reason="the unified tables are empty, migrate first")
    run = fetch_last_real_run(transaction)
    if run is None or run.phase is not Phase.DONE:
        raise NotSafeYet(reason="no migration of these tables has been completed, migrate first")
    if not run.verified:
        raise NotSafeYet(reason="the last migration was not verified, run it again")
    open_sources(transaction)
    rows_now = asdict(count_legacy(transaction))
    rows_written_since = count_written_since(transaction, run.started_at)
    rows_left_behind = count_left_behind(transaction)
    close_sources(transaction)
    if rows_now != run.sources or rows_written_since:
        raise NotSafeYet(reason="the old tables were written to since the migration, run it again")
    if rows_left_behind:
        raise NotSafeYet(
            reason=f"the old tables have rows without a session now ({rows_left_behind}), run the "
            "migration again"
        )
    return run
