"""Statements of progress and bug reports, one round trip each; sessions are returned as JSON."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from lib.database.queries import load_queries
from lib.database.statements import as_jsonb
from lib.workshop.idempotency import IdempotencyClaim
from lib.workshop.lookup import Lookup
from lib.workshop.progress.wire import ProgressIn, SessionIn, SharedSession

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

_queries = load_queries("workshop/progress.sql")


@dataclass(frozen=True)
class _Session:
    progress: str


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
        **asdict(claim),
    }
    session: str | None = postgres.fetch_value(_queries["record_step_progress"], params)
    return session


def load_session(postgres: "Postgres", session_token: str) -> str | None:
    """Return a session, None if it does not exist."""
    params = {"session_token": session_token}
    session: str | None = postgres.fetch_value(_queries["session_progress"], params, read=True)
    return session


def load_sessions_of_student(postgres: "Postgres", lookup: Lookup) -> list[str]:
    """Return a student's whole sessions, newest first, under the student's own name."""
    query = _queries["sessions_of_student"]
    rows = postgres.fetch_all(query, _student(lookup), _Session, read=True)
    return [row.progress for row in rows]


def load_shared_sessions_of_student(postgres: "Postgres", lookup: Lookup) -> list[SharedSession]:
    """Return the share view of a student's sessions, newest first."""
    query = _queries["shared_sessions_of_student"]
    return postgres.fetch_all(query, _student(lookup), SharedSession, read=True)


def record_bug_report(
    postgres: "Postgres",
    session_token: str | None,
    report: dict[str, Any],
    shortened: dict[str, Any],
) -> int:
    """Store a bug report as an event, and shortened in its session; return its number."""
    params = {
        "session_token": session_token,
        "report": as_jsonb(report),
        "shortened": as_jsonb(shortened),
    }
    number: int = postgres.fetch_value(_queries["report_bug"], params)
    return number


def _student(lookup: Lookup) -> dict[str, Any]:
    return {"student_email": lookup.student_email, "student_id": lookup.student_id}
