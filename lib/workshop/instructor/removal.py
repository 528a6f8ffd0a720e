"""Removing what operators name: API keys, sessions, a person."""

from dataclasses import asdict, dataclass

from lib.database.advisory_lock import share_tables
from lib.database.queries import load_queries
from lib.deps import Deps
from lib.workshop.errors import StudentNotFound
from lib.workshop.instructor.wire import DeletedSessionsOut, DeletedStudentOut, DeleteSessionsIn

_queries = load_queries("workshop/removal.sql")


@dataclass(frozen=True)
class _Removed:
    students: int
    sessions: int
    steps: int
    events: int
    older_rows: int


@dataclass(frozen=True)
class _RemovedSessions:
    sessions: int = 0
    older_rows: int = 0


def delete_sessions(asked: DeleteSessionsIn, deps: Deps) -> DeletedSessionsOut:
    """Remove the API keys of these sessions, or the sessions; unknown ones are only counted.

    Raises:
        AlreadyRunning: If a migration, clean-up or restore runs.
    """
    tokens = sorted(set(asked.session_tokens))
    full = asked.delete_type == "full"
    with deps.postgres.transaction() as transaction:
        share_tables(transaction)
        params = {"session_tokens": tokens}
        found = transaction.fetch_value(_queries["count_sessions"], params)
        keys = transaction.execute(_queries["remove_keys"], params)
        older_keys = transaction.fetch_value(_queries["remove_older_keys"], params)
        removed = (
            transaction.fetch_one(_queries["remove_sessions"], params, _RemovedSessions)
            if full
            else None
        ) or _RemovedSessions()
    return DeletedSessionsOut(
        message="Sessions deleted" if full else "API keys deleted",
        requested=len(tokens),
        found=found,
        keys_deleted=keys,
        older_keys_deleted=older_keys,
        sessions_deleted=removed.sessions,
        older_rows_deleted=removed.older_rows,
    )


def delete_student(email: str, deps: Deps) -> DeletedStudentOut:
    """Remove a person with everything that is theirs, in the older tables too, for good.

    Raises:
        StudentNotFound: If there is nothing of theirs.
        AlreadyRunning: If a migration, clean-up or restore runs.
    """
    with deps.postgres.transaction() as transaction:
        share_tables(transaction)
        params = {"student_email": email}
        removed = transaction.fetch_one(_queries["remove_student"], params, _Removed)
    if removed is None or not any(asdict(removed).values()):
        raise StudentNotFound
    return DeletedStudentOut(
        sessions_deleted=removed.sessions,
        steps_deleted=removed.steps,
        events_deleted=removed.events,
        older_rows_deleted=removed.older_rows,
    )
