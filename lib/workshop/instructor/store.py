"""Statements of the instructor's list, of analytics, of changes and of removals.

Where the columns of a query are the fields of a response body, the rows are that frozen model.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.database.queries import Query, load_queries
from lib.database.statements import Statement, as_jsonb
from lib.workshop.course import COURSE_LISTS
from lib.workshop.instructor.wire import (
    AnalyticsOut,
    CourseSummary,
    DayEvents,
    FunnelStep,
    HelpRequest,
    ListedSession,
    ListedStudent,
    StepTime,
    StuckSession,
    StudentSummary,
    Totals,
)

if TYPE_CHECKING:
    from lib.database.postgres import Postgres, Transaction

_queries = load_queries("workshop/instructor.sql", COURSE_LISTS)

MAX_LEGACY_VALUE_BYTES = 100_000
"""Size above which a legacy value is cut; a list shows up to 20,000 characters of a text."""
MAX_LEGACY_BYTES = 32_000_000
"""Maximum size of the rows of one legacy table that are read for a list."""

LEGACY_NAMES = {
    "phone_number": "selected_phone_number",
    "voice": "selected_voice",
    "use_case": "use_case_description",
}
"""Legacy column by field of the list, where their names differ."""
_LEGACY_COLUMNS = [
    *(LEGACY_NAMES.get(field, field) for field in ListedSession.model_fields),
    "openai_api_key",
    "system_prompt",
    "tools",
    "started_at",
]
"""Columns that the list reads from the legacy tables, in any spelling."""


@dataclass(frozen=True)
class Position:
    """The last session of the previous page; without values, the beginning of the list."""

    created_at: datetime | None = None
    session_token: str | None = None


@dataclass(frozen=True)
class ListTotals:
    """The number of students and sessions in the database."""

    students: int
    sessions: int


@dataclass(frozen=True)
class ListPage:
    """A page of sessions, newest first, and their students."""

    students: list[ListedStudent]
    sessions: list[ListedSession]
    totals: ListTotals


@dataclass(frozen=True)
class LegacyIdentities:
    """The tokens and e-mails in a legacy table."""

    tokens: list[int]
    """Hashes of the tokens."""
    rows_without_token: int
    emails: list[str]
    """The e-mails as the legacy table spells them."""


@dataclass(frozen=True)
class RemovedSessions:
    """Number of rows that the removal of sessions deleted."""

    sessions: int = 0
    older_rows: int = 0


@dataclass(frozen=True)
class ChangedEmail:
    """A student with a new e-mail, and the numbers of sessions and of changed legacy rows."""

    student_id: UUID
    student_email: str
    sessions: int
    older_rows: int


@dataclass(frozen=True)
class LockedSession:
    """A session's token and the columns that hold secrets sealed for it; its row is locked."""

    session_token: str
    sealed_key: str | None
    extra: Any
    """`sessions.extra`, an object in which the sealed Twilio auth token may be."""
    exercises: Any
    """`sessions.exercises`, with what a migration kept from unknown columns."""


@dataclass(frozen=True)
class _LegacyRow:
    columns: dict[str, Any]


def load_page(postgres: "Postgres", after: Position, limit: int) -> ListPage:
    """Return the page of the list that begins after a position.

    Raises:
        SchemaMissing: If the unified schema does not exist.
    """
    page = {"limit": limit, "created_at": after.created_at, "session_token": after.session_token}
    students, sessions, totals = postgres.batch(
        [
            Statement(_queries["listed_students"], page, ListedStudent),
            Statement(_queries["listed_sessions"], page, ListedSession),
            Statement(_queries["list_totals"], None, ListTotals),
        ],
        read=True,
    )
    return ListPage(students=students, sessions=sessions, totals=totals[0])


def load_legacy_students(postgres: "Postgres", limit: int) -> list[dict[str, Any]]:
    """Return the newest rows of workshop_students, by column; its columns differ between databases.

    Raises:
        SchemaMissing: If the table does not exist.
    """
    return _load_legacy_rows(postgres, _queries["legacy_students"], limit)


def load_legacy_configs(postgres: "Postgres", limit: int) -> list[dict[str, Any]]:
    """Return the newest rows of student_configs, by column; its columns differ between databases.

    Raises:
        SchemaMissing: If the table does not exist.
    """
    return _load_legacy_rows(postgres, _queries["legacy_configs"], limit)


def _load_legacy_rows(postgres: "Postgres", query: Query, limit: int) -> list[dict[str, Any]]:
    params = {
        "columns": _LEGACY_COLUMNS,
        "limit": limit,
        "max_value_bytes": MAX_LEGACY_VALUE_BYTES,
        "max_bytes": MAX_LEGACY_BYTES,
    }
    rows = postgres.fetch_all(query, params, _LegacyRow, read=True)
    return [row.columns for row in rows]


def load_legacy_student_identities(postgres: "Postgres") -> LegacyIdentities | None:
    """Return the tokens and e-mails of workshop_students.

    Raises:
        SchemaMissing: If the table does not exist.
    """
    query = _queries["legacy_student_identities"]
    return postgres.fetch_one(query, None, LegacyIdentities, read=True)


def load_legacy_config_identities(postgres: "Postgres") -> LegacyIdentities | None:
    """Return the tokens and e-mails of student_configs.

    Raises:
        SchemaMissing: If the table does not exist.
    """
    query = _queries["legacy_config_identities"]
    return postgres.fetch_one(query, None, LegacyIdentities, read=True)


def load_analytics(
    postgres: "Postgres", *, course_id: str | None, days: int, limit: int, closed_too: bool
) -> AnalyticsOut:
    """Return all figures from one snapshot."""
    params = {"course_id": course_id, "days": days, "limit": limit, "closed_too": closed_too}
    with postgres.transaction() as snapshot:
        snapshot.execute(_queries["begin_snapshot"])
        (totals,) = snapshot.fetch_all(_queries["analytics_totals"], params, Totals)
        return AnalyticsOut(
            courses=snapshot.fetch_all(_queries["course_summaries"], None, CourseSummary),
            totals=totals,
            funnel=snapshot.fetch_all(_queries["funnel"], params, FunnelStep),
            steps=snapshot.fetch_all(_queries["step_times"], params, StepTime),
            stuck_students=snapshot.fetch_all(_queries["stuck_sessions"], params, StuckSession),
            help_requests=snapshot.fetch_all(_queries["help_requests"], params, HelpRequest),
            students=snapshot.fetch_all(_queries["student_summaries"], params, StudentSummary),
            by_day=snapshot.fetch_all(_queries["events_by_day"], params, DayEvents),
        )


def count_sessions(transaction: "Transaction", tokens: list[str]) -> int:
    """Return the number of these sessions that exist."""
    count: int = transaction.fetch_value(_queries["count_sessions"], {"session_tokens": tokens})
    return count


def remove_keys(transaction: "Transaction", tokens: list[str]) -> int:
    """Remove keys and auth tokens of these sessions; return the number of sessions that had one."""
    return transaction.execute(_queries["remove_keys"], {"session_tokens": tokens})


def remove_older_keys(transaction: "Transaction", tokens: list[str]) -> int:
    """Remove the API keys of these sessions from the legacy tables; return their number."""
    count: int = transaction.fetch_value(_queries["remove_older_keys"], {"session_tokens": tokens})
    return count


def remove_sessions(transaction: "Transaction", tokens: list[str]) -> RemovedSessions:
    """Remove these sessions, their rows of the legacy tables included; record the removal."""
    params = {"session_tokens": tokens}
    (removed,) = transaction.fetch_all(_queries["remove_sessions"], params, RemovedSessions)
    return removed


def change_email(
    transaction: "Transaction",
    *,
    student_id: UUID | None,
    student_email: str | None,
    new_email: str,
) -> ChangedEmail | None:
    """Change the e-mail of a student; return None if no student has this id and e-mail."""
    params = {"student_id": student_id, "student_email": student_email, "new_email": new_email}
    return transaction.fetch_one(_queries["change_email"], params, ChangedEmail)


def lock_session(
    transaction: "Transaction",
    *,
    session_token: str | None,
    student_email: str | None,
    student_id: UUID | None,
) -> LockedSession | None:
    """Lock the session with this token, or a student's last one; sessions with progress come first.

    The session matches every parameter that is given; None if there is no such session.
    """
    params = {
        "session_token": session_token,
        "student_email": student_email,
        "student_id": student_id,
    }
    return transaction.fetch_one(_queries["lock_session"], params, LockedSession)


def replace_token(transaction: "Transaction", session_token: str, sealed: LockedSession) -> None:
    """Give a session another token, with the secrets that are sealed for it."""
    params = {
        "session_token": session_token,
        "new_token": sealed.session_token,
        "sealed_key": sealed.sealed_key,
        "extra": as_jsonb(sealed.extra),
        "exercises": as_jsonb(sealed.exercises),
    }
    transaction.execute(_queries["replace_token"], params)
