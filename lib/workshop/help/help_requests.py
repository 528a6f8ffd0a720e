"""Requests for help: raised and withdrawn by students, marked as helped by instructors."""

from lib.deps import Deps
from lib.errors import SessionNotFound
from lib.workshop.help import store
from lib.workshop.help.wire import AskForHelpIn, HelpOut, MarkHelpedIn


def ask(request: AskForHelpIn, deps: Deps) -> HelpOut:
    """Raise or withdraw a student's request; raising it again does not change its time.

    Raises:
        SessionNotFound: If there is no session with this token.
    """
    event_type = "help_asked" if request.raised else "help_withdrawn"
    message = "Help is on its way" if request.raised else "Request for help withdrawn"
    return _set(request.session_token, message, event_type, deps, raised=request.raised)


def mark_helped(request: MarkHelpedIn, deps: Deps) -> HelpOut:
    """End a student's request after an instructor has helped.

    Raises:
        SessionNotFound: If there is no session with this token.
    """
    return _set(request.session_token, "Marked as helped", "help_given", deps, raised=False)


def _set(session_token: str, message: str, event_type: str, deps: Deps, *, raised: bool) -> HelpOut:
    state = store.set_help(deps.postgres, session_token, raised=raised, event_type=event_type)
    if state is None:
        raise SessionNotFound
    return HelpOut(message=message, help_asked_at=state.help_asked_at)
