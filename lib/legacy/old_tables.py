"""The old tables: set aside under other names once all is well, and brought back."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lib.database.advisory_lock import lock_tables
from lib.database.queries import load_queries
from lib.database.rows import fetch_dict
from lib.deps import Deps
from lib.legacy.batches import verify
from lib.legacy.errors import NotConfirmed, NothingToDo, NotSafeYet
from lib.legacy.migration import LEGACY_TABLES
from lib.legacy.run import Phase, Run, make_schema, prepare, queries

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

CONFIRMATION = "DELETE OLD TABLES"
DELETE_AFTER_DAYS = 30
_renaming = load_queries("legacy/old_tables.sql")


@dataclass(frozen=True)
class Renamed:
    """A table under its new name."""

    table: str
    new_name: str


def clean_up(confirmation: str | None, deps: Deps) -> list[Renamed]:
    """Rename the old tables to <name>_backup_YYYYMMDD; deletes nothing.

    Raises:
        NotConfirmed: If the confirmation is not CONFIRMATION.
        NotSafeYet: If no verified migration has read what now stands in them.
        NothingToDo: If there are none.
    """
    if confirmation != CONFIRMATION:
        raise NotConfirmed(text=CONFIRMATION)
    with deps.postgres.transaction() as transaction:
        prepare(transaction)
        if not transaction.fetch_value(_renaming["any_old_table"]):
            raise NothingToDo(reason="There are no old tables")
        require_verified(transaction)
        return set_aside(transaction, LEGACY_TABLES, f"{deps.clock():%Y%m%d}")


def set_aside(transaction: "Transaction", tables: tuple[str, ...], stamp: str) -> list[Renamed]:
    """Rename those that are there."""
    return _each(transaction, "set_aside", tables, stamp=stamp)


def bring_back(deps: Deps) -> list[Renamed]:
    """Give the tables that were set aside last their old names again.

    Raises:
        NothingToDo: If none was set aside, or all old names are taken.
    """
    with deps.postgres.transaction() as transaction:
        lock_tables(transaction)
        make_schema(transaction)
        back = _each(transaction, "bring_back", LEGACY_TABLES)
    if not back:
        raise NothingToDo(reason="No table was set aside whose old name is free")
    return [Renamed(item.new_name, item.table) for item in back]


def deletion_sql(names: list[str]) -> str:
    """What a person may run when nobody has missed the tables for a month."""
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
    if transaction.fetch_value(_renaming["is_empty"]):
        raise NotSafeYet(reason="the unified tables are empty, migrate first")
    run = transaction.fetch_one(queries["last_real_run"], None, Run)
    if run is None or run.phase is not Phase.DONE:
        raise NotSafeYet(reason="no migration of these tables has been completed, migrate first")
    if not run.verified:
        raise NotSafeYet(reason="the last migration was not verified, run it again")
    transaction.execute(queries["open_sources"])
    rows_now = fetch_dict(transaction, verify["count_legacy"])
    since = transaction.fetch_value(_renaming["count_written_since"], {"since": run.started_at})
    left_behind = transaction.fetch_value(verify["count_left_behind"])
    transaction.execute(queries["close_sources"])
    if rows_now != run.sources or since:
        raise NotSafeYet(reason="the old tables were written to since the migration, run it again")
    if left_behind:
        raise NotSafeYet(
            reason=f"{left_behind} rows of the old tables have no session now, run the migration "
            "again"
        )


def _each(
    transaction: "Transaction", query: str, tables: tuple[str, ...], **params: str
) -> list[Renamed]:
    names = [
        (table, transaction.fetch_value(_renaming[query], {"table": table, **params}))
        for table in tables
    ]
    return [Renamed(table, name) for table, name in names if name is not None]
