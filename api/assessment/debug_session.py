"""GET /api/debug/session/{session_id}: compare Redis with Postgres, for operators."""

from typing import Annotated

from lib.assessment.parameters import TestId
from lib.assessment.sessions.debug import compare
from lib.assessment.sessions.wire import SessionDebugOut
from lib.deps import Deps, get_deps
from lib.errors import SessionNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.debug_session", tag="Assessment: operators")


@app.get("/api/debug/session/{session_id}")
@raises(SessionNotFound)
def debug_session(session_id: TestId, deps: Annotated[Deps, Depends(get_deps)]) -> SessionDebugOut:
    """Return a session in Redis and in Postgres, with their differences."""
    return compare(session_id, deps)


lambda_handler = lambda_entry(app)
