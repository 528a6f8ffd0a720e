"""GET /api/test/status/{session_id}: return the state of a test."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends

from lib.assessment.sessions.end import status
from lib.assessment.sessions.wire import StatusOut
from lib.deps import Deps, get_deps
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.status", tag="Assessment")


@app.get("/api/test/status/{session_id}")
def test_status(session_id: UUID, deps: Annotated[Deps, Depends(get_deps)]) -> StatusOut:
    """Return status, proficiency and number of answers as recorded."""
    return status(session_id, deps)


lambda_handler = lambda_entry(app)
