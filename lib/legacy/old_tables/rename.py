"""Renames the legacy tables after a verified migration, and undoes it."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from lib.database.advisory_lock import lock_tables
from lib.deps import Deps
from lib.legacy.errors import NotConfirmed, NothingToDo, NotSafeYet
from lib.legacy.old_tables import store
from lib.legacy.runs.run import LEGACY_TABLES, Phase
from lib.legacy.runs.start import prepare
from lib.legacy.runs.store import close_sources, fetch_last_real_run, make_schema, open_sources
from lib.legacy.verification.store import count_left_behind, count_legacy, count_written_since

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

CONFIRMATION = "DELETE OLD TABLES"
DELETE_AFTER_DAYS = 30


@dataclass(frozen=True)
class Renamed:
    """A table under its new name."""

    table: str
    new_name: str


def clean_up(confirmation: str | None, deps: Deps) -> list[Renamed]:
    """Rename the legacy tables to <name>_backup_YYYYMMDD; nothing is deleted.

    Raises:
        NotConfirmed: If the confirmation is not CONFIRMATION.
        NotSafeYet: If no verified migration has read what the tables now hold.
        NothingToDo: If there are none.
    """
    if confirmation != CONFIRMATION:
        raise NotConfirmed(text=CONFIRMATION)
    with deps.postgres.transaction() as transaction:
        prepare(transaction)
        if not store.any_legacy_table(transaction):
            raise NothingToDo(reason="There are no old tables")
        require_verified(transaction)
        return set_aside(transaction, LEGACY_TABLES, f"{deps.clock():%Y%m%d}")


def set_aside(transaction: "Transaction", tables: tuple[str, ...], stamp: str) -> list[Renamed]:
    """Rename those of the tables that exist."""
    return [
        Renamed(table, new_name)
        for table in tables
        if (new_name := store.set_aside(transaction, table, stamp)) is not None
    ]


def bring_back(deps: Deps) -> list[Renamed]:
    """Give the tables that were set aside last their old names again.

    Raises:
        NothingToDo: If none was set aside, or all old names are in use.
    """
    with deps.postgres.transaction() as transaction:
        lock_tables(transaction)
        make_schema(transaction)
        renamed = [
            Renamed(old_name, table)
            for table in LEGACY_TABLES
            if (old_name := store.bring_back(transaction, table)) is not None
        ]
    if not renamed:
        raise NothingToDo(reason="No table was set aside whose old name is free")
    return renamed


def deletion_sql(names: list[str]) -> str:
    """Return the SQL with which a person may delete the tables after a month of operation."""
    return "\n".join(
        [
            f"-- After {DELETE_AFTER_DAYS}+ days of successful operation",
            *(f"DROP TABLE IF EXISTS public.{name} CASCADE;" for name in names),
        ]
    )


def require_verified(transaction: "Transaction") -> None:
    """Refuse unless the newest migration was verified and nothing was written since.

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
    written_since = count_written_since(transaction, run.started_at)
    left_behind = count_left_behind(transaction)
    close_sources(transaction)
    if rows_now != run.sources or written_since:
        raise NotSafeYet(reason="the old tables were written to since the migration, run it again")
    if left_behind:
        raise NotSafeYet(
            reason=f"{left_behind} rows of the old tables have no session now, run the migration "
            "again"
        )
