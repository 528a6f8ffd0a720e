"""Bodies of session-log."""

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from lib.web.wire import Body, CamelRequest, CamelSuccessOut, SuccessOut, UtcTime
from lib.workshop.fields import AnyToken

PRODUCT_EVENT_TYPES = frozenset(
    {
        "bug_reported",
        "deployment_failure",
        "deployment_success",
        "email_changed",
        "help_asked",
        "help_given",
        "help_withdrawn",
        "session_claimed",
        "session_created",
        "session_detached",
        "session_expired",
        "step_completed",
        "step_progress",
        "step_started",
        "student_renamed",
        "students_merged",
        "token_replaced",
    }
)
"""Types of the events that the product records itself; `sql/workshop/schema/tables.sql` explains
them. A page cannot log them, because analytics counts them."""


def _refuse_product_type(event_type: str) -> str:
    if event_type in PRODUCT_EVENT_TYPES:
        raise PydanticCustomError("event_type", "The product records events of this type itself")
    return event_type


def _none_is_empty(value: Any) -> Any:
    return {} if value is None else value


EventType = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00]+$"),
]


class LoggedEventIn(CamelRequest):
    """An event on a page, to be stored in the log."""

    unread: ClassVar[frozenset[str]] = frozenset({"studentEmail"})

    session_token: AnyToken
    """Token of the session; the credential of the call."""
    event_type: Annotated[EventType, AfterValidator(_refuse_product_type)]
    """Type of the event, such as `navigation`, `error`, `action`, `api_call` or `state_change`."""
    event_data: Annotated[dict[str, Any], BeforeValidator(_none_is_empty)] = {}  # noqa: RUF012
    """Details of the event; secrets and session tokens are removed."""
    timestamp: Any = None
    """Time of the event on the page; kept in the details if they have none."""


class LoggedOut(CamelSuccessOut):
    """Confirmation that the event was stored."""

    message: str = "Event logged"


class LoggedEvent(Body):
    """An event of the event log."""

    event_id: int
    """Number of the event."""
    session_token: str | None
    """Token of the session; null for an event without a session."""
    event_type: str
    """Type of the event."""
    event_data: Any
    """Details of the event."""
    created_at: UtcTime
    """Time at which the event was stored."""
    student_email: str | None
    """E-mail of the student."""
    student_name: str | None
    """Name of the student."""


class EventsOut(SuccessOut):
    """A page of events, newest first: up to `limit`, or fewer if they would exceed 4 MB."""

    events: list[LoggedEvent]
    """The events."""
    count: int
    """Number of events on this page."""
    next_cursor: str | None
    """Cursor of the next page; null on the last one."""
