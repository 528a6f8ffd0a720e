"""Statements of the event log."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lib.database.queries import load_queries
from lib.database.statements import as_jsonb
from lib.workshop.session_log.lookup import EventFilter

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

_queries = load_queries("workshop/session_log.sql")
MAX_EVENTS_PER_STUDENT = 1000
"""Maximum number of a student's events in EVENTS_WINDOW, in case a page logs in a loop."""
EVENTS_WINDOW = timedelta(hours=1)
MAX_RESPONSE_BYTES = 4_000_000
"""Maximum size of the events in one response; Vercel's limit is 4.5 MB, Lambda's 6 MB."""
MAX_EVENT_BYTES = 1_000_000
"""Maximum size of one event's details in a response; older applications stored larger ones."""
FIXED_EVENT_BYTES = 1000
"""Maximum size of an event in the response without its type, details, token, e-mail and name."""


@dataclass(frozen=True)
class LogResult:
    """Result of logging an event."""

    session_exists: bool
    event_id: int | None
    """Id of the event; None if it was not stored."""


@dataclass(frozen=True)
class Position:
    """The last event of the previous page; without values, the beginning of the list."""

    created_at: datetime | None = None
    event_id: int | None = None


@dataclass(frozen=True)
class EventRow:
    """An event, and the number of events of the page before it was cut to size."""

    event_id: int
    session_token: str | None
    event_type: str
    event_data: Any
    created_at: datetime
    student_email: str | None
    student_name: str | None
    page_rows: int


def log_event(
    postgres: "Postgres", session_token: str, event_type: str, event_data: dict[str, Any]
) -> LogResult:
    """Store an event, unless its student has too many."""
    params = {
        "session_token": session_token,
        "event_type": event_type,
        "event_data": as_jsonb(event_data),
        "max_events": MAX_EVENTS_PER_STUDENT,
        "window": EVENTS_WINDOW,
    }
    result = postgres.fetch_one(_queries["log_event"], params, LogResult)
    return result or LogResult(session_exists=False, event_id=None)


def load_events(postgres: "Postgres", event_filter: EventFilter, after: Position) -> list[EventRow]:
    """Return the next page of events that match a filter, newest first, cut to fit a response."""
    params = {
        "session_token": event_filter.session_token,
        "student_email": event_filter.student_email,
        "event_type": event_filter.event_type,
        "limit": event_filter.limit,
        "holds_password": event_filter.holds_password,
        "created_at": after.created_at,
        "event_id": after.event_id,
        "fixed_bytes": FIXED_EVENT_BYTES,
        "max_event_bytes": MAX_EVENT_BYTES,
        "max_bytes": MAX_RESPONSE_BYTES,
    }
    return postgres.fetch_all(_queries["events"], params, EventRow, read=True)
