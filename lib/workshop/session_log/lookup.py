"""Query parameters that choose events."""

from dataclasses import dataclass
from typing import Annotated

from lib.access.guard import HoldsPassword, require_password
from lib.deps import Deps, get_deps
from lib.errors import raises
from lib.framework import Depends, Query, Request
from lib.web.cursor import Cursor
from lib.workshop.fields import OptionalEmail
from lib.workshop.lookup import HeaderToken, QueryToken
from lib.workshop.session_log.wire import EventType

MAX_EVENTS = 1000
"""Maximum number of events on a page."""


@dataclass(frozen=True)
class EventFilter:
    """Filter of events; None does not filter."""

    session_token: str | None
    student_email: str | None
    event_type: str | None
    limit: int
    cursor: str | None
    holds_password: bool


@raises()
async def event_filter(
    request: Request,
    deps: Annotated[Deps, Depends(get_deps)],
    holds_password: HoldsPassword,
    *,
    session_token: QueryToken = None,
    header_token: HeaderToken = None,
    student_email: Annotated[
        OptionalEmail, Query(alias="studentEmail", description="The student's e-mail.")
    ] = None,
    event_type: Annotated[
        EventType | None, Query(alias="eventType", description="Type of the events.")
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MAX_EVENTS, description="Maximum number of events on a page.")
    ] = 100,
    cursor: Annotated[Cursor, Query()] = None,
) -> EventFilter:
    """Return the filter that the query describes; without a token, it needs a password.

    Raises:
        Unauthenticated: If a caller has neither a session token nor a valid password.
    """
    token = header_token or session_token
    if token is None and not holds_password:
        await require_password(request, deps)
    return EventFilter(
        session_token=token,
        student_email=student_email,
        event_type=event_type,
        limit=limit,
        cursor=cursor,
        holds_password=holds_password or token is None,
    )


EventFilterParams = Annotated[EventFilter, Depends(event_filter)]
