"""The statements that count whole tables, after a migration and before tables are set aside."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from lib.database.queries import load_queries
from lib.legacy.runs.counts import TableRows

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

_queries = load_queries("legacy/verification.sql")


@dataclass(frozen=True)
class UnifiedRows:
    """Rows of the unified tables."""

    students: int
    sessions: int
    step_progress: int


@dataclass(frozen=True)
class LegacyRows:
    """Rows of the legacy tables; None if a table is absent."""

    workshop_students: int | None
    student_configs: int | None
    workshop_sessions: int | None


@dataclass(frozen=True)
class Strays:
    """Rows that contradict the unified schema; all are 0 if the migration went well."""

    sessions_without_student: int
    steps_without_session: int
    people_with_more_than_one_record: int


@dataclass(frozen=True)
class RowsSetAside:
    """Numbers of rows in tables that were set aside: all, and those without a session."""

    rows: int
    without_session: int


def restore_planner_cost(transaction: "Transaction") -> None:
    """Make the planner assume again, for this transaction, that tables may not be in memory."""
    transaction.execute(_queries["restore_planner_cost"])


def count_unified(transaction: "Transaction") -> UnifiedRows:
    """Count the rows of the unified tables."""
    (rows,) = transaction.fetch_all(_queries["count_unified"], None, UnifiedRows)
    return rows


def count_legacy(transaction: "Transaction") -> LegacyRows:
    """Count the rows of the legacy tables; needs the views of `open_sources`."""
    (rows,) = transaction.fetch_all(_queries["count_legacy"], None, LegacyRows)
    return rows


def count_left_behind(transaction: "Transaction") -> int:
    """Count the legacy rows whose token has no session, except rows that an operator removed."""
    return int(transaction.fetch_value(_queries["count_left_behind"]))


def count_set_aside(transaction: "Transaction") -> RowsSetAside:
    """Count the rows of the legacy tables that were set aside."""
    (count,) = transaction.fetch_all(_queries["count_set_aside"], None, RowsSetAside)
    return count


def count_strays(transaction: "Transaction") -> Strays:
    """Count the rows without a parent, and the people with more than one record."""
    (strays,) = transaction.fetch_all(_queries["count_strays"], None, Strays)
    return strays


def count_written_since(transaction: "Transaction", since: datetime) -> int:
    """Count the legacy rows that were written after `since`, according to their own times."""
    return int(transaction.fetch_value(_queries["count_written_since"], {"since": since}))


def find_tokenless_rows(transaction: "Transaction") -> list[TableRows]:
    """Report rows without a usable session token in pg_temp.findings; return counts by table."""
    transaction.execute(_queries["find_tokenless_rows"])
    return transaction.fetch_all(_queries["count_tokenless_rows"], None, TableRows)
