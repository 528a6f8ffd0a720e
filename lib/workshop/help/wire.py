"""Bodies of ask-for-help and admin-mark-helped."""

from lib.web.wire import CamelRequest, CamelSuccessOut, UtcTime
from lib.workshop.fields import AnyToken


class AskForHelpIn(CamelRequest):
    """A student's request for help, raised or withdrawn."""

    session_token: AnyToken
    """Token of the session; the credential of the call."""
    raised: bool = True
    """Whether the student is waiting for help; false withdraws the request."""


class MarkHelpedIn(CamelRequest):
    """The session whose student got help."""

    session_token: AnyToken
    """Token of the session, as the lists of sessions and of requests for help show it."""


class HelpOut(CamelSuccessOut):
    """State of the student's request for help after the call."""

    message: str
    help_asked_at: UtcTime | None
    """Time since which the student has been waiting for help; null if not waiting."""
