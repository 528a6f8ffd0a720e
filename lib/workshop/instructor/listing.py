"""The instructor's list of students and sessions."""

from datetime import datetime

from lib.deps import Deps
from lib.web import cursor
from lib.workshop.instructor import store
from lib.workshop.instructor.listing_size import trim_to_size
from lib.workshop.instructor.wire import ListedSession, ListIn, ListOut


def list_configs(request: ListIn, deps: Deps) -> ListOut:
    """Return a page of sessions and students, and the total number of both.

    A page has at most `limit` sessions and 4 MB of JSON.

    Raises:
        InvalidCursor: If the cursor is not the nextCursor of a page.
        SchemaMissing: If the unified schema does not exist.
    """
    page = store.load_page(deps.postgres, _position(request.cursor), request.limit)
    untrimmed = ListOut(
        students=page.students,
        sessions=page.sessions,
        total_students=page.totals.students,
        total_sessions=page.totals.sessions,
        next_cursor=None,
    )
    trimmed = trim_to_size(untrimmed)
    if len(page.sessions) == request.limit or len(trimmed.sessions) < len(page.sessions):
        return trimmed.model_copy(update={"next_cursor": _cursor(trimmed.sessions[-1])})
    return trimmed


def _cursor(last: ListedSession) -> str:
    return cursor.write(last.created_at, last.session_token)


def _position(after: str | None) -> store.Position:
    if after is None:
        return store.Position()
    created_at, token = cursor.read(after, datetime.fromisoformat, str)
    return store.Position(created_at=created_at, session_token=token)
