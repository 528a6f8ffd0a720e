"""The event log: pages add events; token holders, instructors and operators read them."""

from dataclasses import asdict
from datetime import datetime

from lib.deps import Deps
from lib.errors import SessionNotFound
from lib.text.redaction import redact
from lib.web import cursor
from lib.workshop.errors import TooManyEvents
from lib.workshop.own_token import without_tokens
from lib.workshop.session_log import store
from lib.workshop.session_log.lookup import EventFilter
from lib.workshop.session_log.wire import EventsOut, LoggedEvent, LoggedEventIn


def log_event(event: LoggedEventIn, deps: Deps) -> None:
    """Store an event of a session.

    Raises:
        SessionNotFound: If the session does not exist; nothing is stored then.
        TooManyEvents: If the student has too many events in the last hour.
    """
    details = dict(event.event_data)
    if event.timestamp is not None:
        details.setdefault("timestamp", event.timestamp)
    details = without_tokens(redact(details), event.session_token)
    result = store.log_event(deps.postgres, event.session_token, event.event_type, details)
    if not result.session_exists:
        raise SessionNotFound
    if result.event_id is None:
        raise TooManyEvents(retry_after=round(store.EVENTS_WINDOW.total_seconds()))


def read(event_filter: EventFilter, deps: Deps) -> EventsOut:
    """Return a page of events, newest first.

    Raises:
        InvalidCursor: If the cursor is not the next_cursor of a page.
    """
    rows = store.load_events(deps.postgres, event_filter, _position(event_filter.cursor))
    events = [LoggedEvent.model_validate(asdict(row)) for row in rows]
    is_last = not rows or (len(rows) < event_filter.limit and len(rows) == rows[0].page_rows)
    return EventsOut(
        events=events,
        count=len(events),
        next_cursor=None if is_last else cursor.write(rows[-1].created_at, rows[-1].event_id),
    )


def _position(after: str | None) -> store.Position:
    if after is None:
        return store.Position()
    created_at, event_id = cursor.read(after, datetime.fromisoformat, int)
    return store.Position(created_at=created_at, event_id=event_id)
