"""Progress of a session: record a step, look it up. Each costs one round trip to Postgres."""

from dataclasses import asdict, dataclass

from lib.database.queries import load_queries
from lib.deps import Deps
from lib.workshop.errors import SessionNotFound
from lib.workshop.idempotency import Claim
from lib.workshop.lookup import Lookup
from lib.workshop.progress.tokens import new_session_token
from lib.workshop.progress.wire import (
    Progress,
    ProgressIn,
    ProgressOut,
    SessionsOut,
    SharedSession,
)

_queries = load_queries("workshop/progress.sql")


@dataclass(frozen=True)
class _Row:
    progress: str


def generate_session(email: str | None, name: str | None, deps: Deps) -> str:
    """Begin a session and return its token, the only credential there is for it."""
    token = new_session_token(deps.clock())
    facts = {"session_token": token, "student_email": email, "student_name": name}
    deps.postgres.fetch_value(_queries["open_session"], facts)
    return token


def record(report: ProgressIn, key: str | None, deps: Deps) -> Progress:
    """Add a report to its session, which begins here if the token is new.

    Raises:
        SessionOfAnotherStudent: If the token's session has a student with another e-mail.
        KeyReused: If the Idempotency-Key came before with another body.
        SessionNotFound: If a repeated report's session was removed in the meantime.
    """
    claim = Claim.of(key, "student-progress", report.session_token, report)
    params = {**report.model_dump(), **asdict(claim)}
    return _progress(deps.postgres.fetch_value(_queries["record_step_progress"], params))


def look_up(asked: Lookup, deps: Deps, *, whole: bool) -> ProgressOut | SessionsOut:
    """Answer a look-up: a token shows its session, anything else the share view.

    Args:
        asked: By token, e-mail or id.
        deps: Where Postgres is.
        whole: Whether an operator asks, who sees a student's whole sessions.

    Raises:
        SessionNotFound: If there is no session with that token.
    """
    if asked.token is not None:
        params = {"session_token": asked.token}
        row = deps.postgres.fetch_value(_queries["session_progress"], params, read=True)
        return ProgressOut(progress=_progress(row))
    student = {"student_email": asked.student_email, "student_id": asked.student_id}
    if not whole:
        query = _queries["shared_sessions_of_student"]
        return SessionsOut(
            sessions=deps.postgres.fetch_all(query, student, SharedSession, read=True)
        )
    rows = deps.postgres.fetch_all(_queries["sessions_of_student"], student, _Row, read=True)
    return SessionsOut(sessions=[_progress(row.progress) for row in rows])


def _progress(row: str | None) -> Progress:
    if row is None:
        raise SessionNotFound
    return Progress.model_validate_json(row)
