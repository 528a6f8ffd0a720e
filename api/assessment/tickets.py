"""POST /api/test/tickets: sign tickets for a test."""

from typing import Annotated

from lib.assessment.errors import CriterionRefused, ExpiryRefused, PoolNotFound
from lib.assessment.tickets.issue import issue
from lib.assessment.tickets.wire import TicketsIn, TicketsOut
from lib.deps import Deps, get_deps
from lib.errors import NotConfigured, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.tickets", tag="Assessment: operators")


@app.post("/api/test/tickets")
@raises(CriterionRefused, ExpiryRefused, NotConfigured, PoolNotFound)
def issue_tickets(body: TicketsIn, deps: Annotated[Deps, Depends(get_deps)]) -> TicketsOut:
    """Return a ticket and a link for each student.

    A ticket names its student, its pool, and until when and how often a test may be started with
    it. It is a credential: send each student their own link only.
    """
    return issue(body, deps)


lambda_handler = lambda_entry(app)
