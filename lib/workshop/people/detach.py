"""A session detached from its student by an operator."""

from lib.database.advisory_lock import take_shared_lock
from lib.deps import Deps
from lib.errors import SessionNotFound
from lib.workshop.people import store
from lib.workshop.people.wire import DetachedSessionOut, DetachSessionIn


def detach_session(request: DetachSessionIn, deps: Deps) -> DetachedSessionOut:
    """Give a session, with its steps and events, to an anonymous student of its own.

    Raises:
        SessionNotFound: If there is no session with this token.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock` exclusively.
    """
    with deps.postgres.transaction() as transaction:
        take_shared_lock(transaction)
        student_id = store.detach_session(transaction, request)
    if student_id is None:
        raise SessionNotFound
    return DetachedSessionOut(student_id=student_id)
