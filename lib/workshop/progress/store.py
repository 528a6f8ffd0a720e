"""Statements of progress and bug reports, one round trip each; sessions are returned as JSON."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lib.database.queries import load_queries
from lib.database.statements import as_jsonb
from lib.workshop.idempotency import IdempotencyClaim
from lib.workshop.lookup import Lookup
from lib.workshop.progress.wire import ProgressIn, SessionIn, SharedSession
from lib.workshop.wire import MAX_SESSION_BYTES

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

_queries = load_queries("workshop/progress.sql")


MAX_PAGE_BYTES = 4_000_000
"""Maximum size of the sessions in one response; Vercel's limit is 4.5 MB, Lambda's 6 MB."""
MAX_LISTED_SESSION_BYTES = 500_000
"""Maximum size of one session in a list."""


@dataclass(frozen=True)
class SessionPosition:
    """The last session of the previous page; without values, the beginning of the list."""

    has_progress: bool | None = None
    last_activity: datetime | None = None
    session_token: str | None = None


@dataclass(frozen=True)
class ListedSession:
    """A session in a student's list, and the values by which the list is sorted."""

    progress: str
    """The session as JSON."""
    has_progress: bool
    last_activity: datetime
    session_token: str
    page_rows: int
    """Number of sessions of the page before it was cut to size."""


def open_session(postgres: "Postgres", session_token: str, student: SessionIn) -> None:
    """Begin a session."""
    params = {**student.model_dump(), "session_token": session_token}
    postgres.fetch_value(_queries["open_session"], params)


def record_report(postgres: "Postgres", report: ProgressIn, claim: IdempotencyClaim) -> str | None:
    """Add a report about a step; return the session.

    None means that the report was repeated after its session had been removed.
    """
    params = {
        **report.model_dump(),
        "completed": report.completed is not False,
        "use_case": report.use_case,
        "max_bytes": MAX_SESSION_BYTES,
        **asdict(claim),
    }
    session: str | None = postgres.fetch_value(_queries["record_step_progress"], params)
    return session


def load_session(postgres: "Postgres", session_token: str) -> str | None:
    """Return a session, None if it does not exist."""
    params = {"session_token": session_token, "max_bytes": MAX_SESSION_BYTES}
    session: str | None = postgres.fetch_value(_queries["session_progress"], params, read=True)
    return session


def load_sessions_of_student(
    postgres: "Postgres", lookup: Lookup, after: SessionPosition
) -> list[ListedSession]:
    """Return a page of a student's whole sessions, those with progress first."""
    params = {
        **_student(lookup),
        "after_progress": after.has_progress,
        "after_activity": after.last_activity,
        "after_token": after.session_token,
        "limit": lookup.limit,
        "max_session_bytes": MAX_LISTED_SESSION_BYTES,
        "max_bytes": MAX_PAGE_BYTES,
    }
    return postgres.fetch_all(_queries["sessions_of_student"], params, ListedSession, read=True)


def load_shared_sessions_of_student(postgres: "Postgres", lookup: Lookup) -> list[SharedSession]:
    """Return the share view of a student's sessions, those with progress first."""
    query = _queries["shared_sessions_of_student"]
    return postgres.fetch_all(query, _student(lookup), SharedSession, read=True)


def record_bug_report(
    postgres: "Postgres",
    session_token: str | None,
    report: dict[str, Any],
    shortened: dict[str, Any],
) -> int:
    """Store a bug report as an event, and a shortened copy in its session; return its number."""
    params = {
        "session_token": session_token,
        "report": as_jsonb(report),
        "shortened": as_jsonb(shortened),
    }
    number: int = postgres.fetch_value(_queries["report_bug"], params)
    return number


def _student(lookup: Lookup) -> dict[str, Any]:
    return {"student_email": lookup.student_email, "student_id": lookup.student_id}
