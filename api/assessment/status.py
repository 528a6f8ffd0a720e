"""GET /api/test/status/{session_id}: return the state of a test."""

from typing import Annotated

from lib.assessment.parameters import TestId
from lib.assessment.sessions.end import status
from lib.assessment.sessions.wire import StatusOut
from lib.deps import Deps, get_deps
from lib.errors import SessionNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.status", tag="Assessment")


@app.get("/api/test/status/{session_id}")
@raises(SessionNotFound)
def get_test_status(session_id: TestId, deps: Annotated[Deps, Depends(get_deps)]) -> StatusOut:
    """Return status, proficiency and number of answers as recorded."""
    return status(session_id, deps)


lambda_handler = lambda_entry(app)
