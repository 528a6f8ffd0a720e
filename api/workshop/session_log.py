"""GET and POST /api/session-log: log what happens on a page, and read the events."""

from typing import Annotated

from lib.deps import Deps, get_deps
from lib.errors import InvalidCursor, SessionNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.errors import TooManyEvents
from lib.workshop.session_log import session_log
from lib.workshop.session_log.lookup import EventFilterParams
from lib.workshop.session_log.wire import EventsOut, LoggedEventIn, LoggedOut

app = create_app("workshop.session_log", tag="Workshop")
InjectedDeps = Annotated[Deps, Depends(get_deps)]


@app.post("/api/session-log")
@raises(SessionNotFound, TooManyEvents)
def log_event(body: LoggedEventIn, deps: InjectedDeps) -> LoggedOut:
    """Store an event of a session, without the secrets in it."""
    session_log.log_event(body, deps)
    return LoggedOut()


@app.get("/api/session-log")
@raises(InvalidCursor)
def read_events(event_filter: EventFilterParams, deps: InjectedDeps) -> EventsOut:
    """Return a session's events, newest first; with a password, those of any session or student."""
    return session_log.read(event_filter, deps)


lambda_handler = lambda_entry(app)
