"""POST /api/ask-for-help: raise or withdraw a student's request for help."""

from typing import Annotated

from lib.deps import Deps, get_deps
from lib.errors import SessionNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.help import help_requests
from lib.workshop.help.wire import AskForHelpIn, HelpOut

app = create_app("workshop.ask_for_help", tag="Workshop")


@app.post("/api/ask-for-help")
@raises(SessionNotFound)
def ask_for_help(body: AskForHelpIn, deps: Annotated[Deps, Depends(get_deps)]) -> HelpOut:
    """Raise or withdraw a request for help; lists and analytics show who waits, and since when."""
    return help_requests.ask(body, deps)


lambda_handler = lambda_entry(app)
