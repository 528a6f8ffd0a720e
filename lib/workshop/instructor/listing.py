"""The instructor's list of students and sessions."""

from dataclasses import dataclass
from datetime import datetime

from lib.database.queries import load_queries
from lib.database.statements import Statement
from lib.deps import Deps
from lib.errors import InvalidInput
from lib.workshop.instructor.listing_size import fitting
from lib.workshop.instructor.wire import ListedSession, ListedStudent, ListIn, ListOut

_queries = load_queries("workshop/listing.sql")


@dataclass(frozen=True)
class _Totals:
    students: int
    sessions: int


def list_configs(asked: ListIn, deps: Deps) -> ListOut:
    """A page of sessions with their students, and how many there are in all.

    A page has `limit` sessions, or fewer where their JSON would have more than 4 MB.

    Raises:
        InvalidInput: If the cursor is none of ours.
        SchemaMissing: Before the unified schema exists.
    """
    created_at, token = _parse(asked.cursor)
    page = {"limit": asked.limit, "created_at": created_at, "session_token": token}
    students, sessions, (totals,) = deps.postgres.batch(
        [
            Statement(_queries["listed_students"], page, ListedStudent),
            Statement(_queries["listed_sessions"], page, ListedSession),
            Statement(_queries["totals"], None, _Totals),
        ],
        read=True,
    )
    listed = ListOut(
        students=students,
        sessions=sessions,
        total_students=totals.students,
        total_sessions=totals.sessions,
        next_cursor=None,
    )
    fits = fitting(listed)
    if len(sessions) == asked.limit or len(fits.sessions) < len(sessions):
        return fits.model_copy(update={"next_cursor": _cursor(fits.sessions[-1])})
    return fits


def _cursor(last: ListedSession) -> str:
    return f"{last.created_at} {last.session_token}"


def _parse(cursor: str | None) -> tuple[datetime | None, str | None]:
    if cursor is None:
        return None, None
    day, _, rest = cursor.partition(" ")
    time, _, token = rest.partition(" ")
    try:
        return datetime.fromisoformat(f"{day} {time}"), token
    except ValueError as error:
        raise InvalidInput(reason="cursor: Send the nextCursor of the page before.") from error
