"""Reset of a test: closing it without a result, so that the student may start again."""

from lib.assessment.errors import SessionClosed
from lib.assessment.sessions import cache, store
from lib.assessment.sessions.wire import ResetIn, ResetOut
from lib.deps import Deps
from lib.errors import SessionNotFound

RESET = "reset"
"""End reason of a test that was reset."""


def reset(body: ResetIn, deps: Deps) -> ResetOut:
    """Close an open test; its answers stay recorded, but change no proficiency and no calibration.

    A test that was reset before stays as it is.

    Raises:
        SessionNotFound: If the session does not exist.
        SessionClosed: If the test has ended with a result.
    """
    row = store.reset_session(deps.postgres, body.session_id)
    if row is None:
        raise SessionNotFound
    cache.delete_snapshots(deps.redis, [body.session_id])
    if row.end_reason != RESET:
        raise SessionClosed(status=row.status)
    return ResetOut(
        session_id=row.id,
        student_id=row.student_id,
        status=row.status,
        questions_answered=row.total_questions,
    )
