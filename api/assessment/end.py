"""POST /api/test/end and /api/test/end/{session_id}: close a test and return its result."""

from typing import Annotated

from lib.assessment.parameters import TestId
from lib.assessment.sessions.end import end
from lib.assessment.sessions.wire import EndIn, EndOut
from lib.deps import Deps, get_deps
from lib.errors import SessionNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.end", tag="Assessment")


@app.post("/api/test/end")
@raises(SessionNotFound)
def end_test(body: EndIn, deps: Annotated[Deps, Depends(get_deps)]) -> EndOut:
    """Close a test with its answers so far; a closed test returns the same result again."""
    return end(body.session_id, deps)


@app.post("/api/test/end/{session_id}")
@raises(SessionNotFound)
def end_test_by_path(session_id: TestId, deps: Annotated[Deps, Depends(get_deps)]) -> EndOut:
    """Close a test whose id is in the path."""
    return end(session_id, deps)


lambda_handler = lambda_entry(app)
