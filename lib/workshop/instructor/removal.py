"""Removal of API keys, sessions and students by operators."""

from dataclasses import asdict

from lib.database.advisory_lock import take_shared_lock
from lib.deps import Deps
from lib.errors import StudentNotFound
from lib.workshop.instructor import store
from lib.workshop.instructor.wire import DeletedSessionsOut, DeletedStudentOut, DeleteSessionsIn


def delete_sessions(request: DeleteSessionsIn, deps: Deps) -> DeletedSessionsOut:
    """Remove the API keys of sessions, or the sessions; unknown tokens are ignored.

    Raises:
        OlderTableRefuses: If a legacy table cannot be changed.
        AlreadyRunning: If another call holds `lib.database.advisory_lock` exclusively.
    """
    tokens = sorted(set(request.session_tokens))
    with_sessions = request.delete_type == "full"
    with deps.postgres.transaction() as transaction:
        take_shared_lock(transaction)
        session_count = store.count_sessions(transaction, tokens)
        keys = store.remove_keys(transaction, tokens)
        older_keys = store.remove_older_keys(transaction, tokens)
        removed = (
            store.remove_sessions(transaction, tokens) if with_sessions else store.RemovedSessions()
        )
    return DeletedSessionsOut(
        message="Sessions deleted" if with_sessions else "API keys deleted",
        requested=len(tokens),
        found=session_count,
        keys_deleted=keys,
        older_keys_deleted=older_keys,
        sessions_deleted=removed.sessions,
        older_rows_deleted=removed.older_rows,
    )


def delete_student(email: str, deps: Deps) -> DeletedStudentOut:
    """Remove everything about a person for good, rows of the legacy tables included.

    Raises:
        StudentNotFound: If nothing is stored about the person.
        OlderTableRefuses: If a legacy table cannot be changed.
        AlreadyRunning: If another call holds `lib.database.advisory_lock` exclusively.
    """
    with deps.postgres.transaction() as transaction:
        take_shared_lock(transaction)
        removed = store.remove_student(transaction, email)
    if not any(asdict(removed).values()):
        raise StudentNotFound
    return DeletedStudentOut(
        sessions_deleted=removed.sessions,
        steps_deleted=removed.steps,
        events_deleted=removed.events,
        older_rows_deleted=removed.older_rows,
    )
