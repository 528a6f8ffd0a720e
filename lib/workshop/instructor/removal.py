"""Removal of API keys and sessions by operators."""

from lib.database.advisory_lock import take_shared_lock
from lib.deps import Deps
from lib.workshop.instructor import store
from lib.workshop.instructor.wire import DeletedSessionsOut, DeleteSessionsIn


def delete_sessions(request: DeleteSessionsIn, deps: Deps) -> DeletedSessionsOut:
    """Remove the API keys of sessions, or whole sessions; unknown tokens are ignored.

    Raises:
        OlderTableRefuses: If a legacy table cannot be changed.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock` exclusively.
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
