"""Progress of sessions: begin a session, record a step, look sessions up."""

from datetime import datetime

from lib.deps import Deps
from lib.errors import SessionNotFound
from lib.vault import Vault
from lib.web import cursor
from lib.workshop.idempotency import IdempotencyClaim
from lib.workshop.lookup import Lookup
from lib.workshop.progress import store
from lib.workshop.progress.tokens import new_session_token, refuse_short_token
from lib.workshop.progress.wire import (
    Progress,
    ProgressIn,
    ProgressOut,
    SessionIn,
    SessionsOut,
)


def generate_session(student: SessionIn, deps: Deps) -> str:
    """Begin a session and return its token, the only credential for it.

    Raises:
        CourseNotFound: If the course does not exist.
        TooManySessions: If the e-mail began the maximum number of sessions in the last hour.
    """
    token = new_session_token(deps.clock())
    store.open_session(deps.postgres, token, student)
    return token


def record(report: ProgressIn, key: str | None, deps: Deps) -> Progress:
    """Add a report to its session; a new token begins a session.

    Raises:
        SessionOfAnotherStudent: If the session has a student with another e-mail.
        CourseNotFound: If the course does not exist.
        SessionOfAnotherCourse: If the session has progress in another course.
        NoSuchStep: If the course has neither a step of this name nor one of this number.
        TokenReplaced: If the token was replaced by another one.
        TokenTooShort: In a deployment, if the report would begin a session under a short token.
        TooManySessions: If the e-mail began the maximum number of sessions in the last hour.
        IdempotencyKeyReused: If the Idempotency-Key was sent with another body before.
        NotConfigured: If an account SID was sent and there is no encryption key to seal it with.
        SessionNotFound: If the report repeats an earlier one whose session has since been removed.
    """
    refuse_short_token(report.session_token, deps)
    claim = IdempotencyClaim.from_request(key, "student-progress", report.session_token, report)
    if report.twilio_account_sid is not None:
        sealed = Vault.from_settings(deps.settings).seal_account(report.twilio_account_sid)
        report = report.model_copy(update={"twilio_account_sid": sealed})
    return _progress(store.record_report(deps.postgres, report, claim))


def look_up(lookup: Lookup, deps: Deps, *, holds_password: bool) -> ProgressOut | SessionsOut:
    """Return the session of a token, or a student's sessions.

    Args:
        lookup: The token, or the student's e-mail or id.
        deps: Provides Postgres.
        holds_password: Whether to return a student's whole sessions instead of the share view.

    Raises:
        SessionNotFound: If there is no session with this token.
        InvalidCursor: If the cursor is not the next_cursor of a page.
    """
    if lookup.token is not None:
        return ProgressOut(progress=_progress(store.load_session(deps.postgres, lookup.token)))
    if not holds_password:
        shared = store.load_shared_sessions_of_student(deps.postgres, lookup)
        return SessionsOut(sessions=shared)
    return _sessions_of_student(lookup, deps)


def _sessions_of_student(lookup: Lookup, deps: Deps) -> SessionsOut:
    """Return a page of at most `limit` whole sessions and 4 MB of JSON."""
    after = store.SessionPosition()
    if lookup.cursor is not None:
        key = cursor.read(lookup.cursor, bool, datetime.fromisoformat, str)
        after = store.SessionPosition(*key)
    rows = store.load_sessions_of_student(deps.postgres, lookup, after)
    complete = len(rows) < lookup.limit and (not rows or len(rows) == rows[0].page_rows)
    return SessionsOut(
        sessions=[_progress(row.progress) for row in rows],
        next_cursor=None
        if complete
        else cursor.write(rows[-1].has_progress, rows[-1].last_activity, rows[-1].session_token),
    )


def _progress(session: str | None) -> Progress:
    if session is None:
        raise SessionNotFound
    return Progress.model_validate_json(session)
