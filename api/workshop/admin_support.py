"""POST /api/admin-mark-helped and /api/admin-new-link: support of students during a workshop."""

from typing import Annotated

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.errors import AlreadyRunning, FieldMissing, SessionNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.help import help_requests
from lib.workshop.help.wire import HelpOut, MarkHelpedIn
from lib.workshop.instructor import new_link
from lib.workshop.instructor.wire import NewLinkIn, NewLinkOut

app = create_app("workshop.admin_support", tag="Workshop: operators")
NEW_LINK = "/api/admin-new-link"


@app.post("/api/admin-mark-helped")
@raises(SessionNotFound)
def mark_helped(body: MarkHelpedIn, deps: Annotated[Deps, Depends(get_deps)]) -> HelpOut:
    """End a request for help after an instructor has helped."""
    return help_requests.mark_helped(body, deps)


@app.post(NEW_LINK)
@raises(AlreadyRunning, FieldMissing, SessionNotFound)
def make_new_link(body: NewLinkIn, deps: Annotated[Deps, Depends(get_deps)]) -> NewLinkOut:
    """Give a student's session a new token; the former one no longer works."""
    with audited(deps, NEW_LINK) as facts:
        created = new_link.make_new_link(body, deps)
        facts.update(api_key_kept=created.api_key_kept)
    return created


lambda_handler = lambda_entry(app)
