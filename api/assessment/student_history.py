"""GET /api/student/{student_id}/history: a student's tests, newest first."""

from typing import Annotated

from lib.assessment.results.access import GrantedScope
from lib.assessment.results.results import MAX_PAGE, history
from lib.assessment.results.wire import HistoryOut
from lib.deps import Deps, get_deps
from lib.errors import InvalidCursor, StudentNotFound, raises
from lib.framework import Depends, Query
from lib.web.app import create_app, lambda_entry
from lib.web.cursor import Cursor

app = create_app("assessment.student_history", tag="Assessment")


@app.get("/api/student/{student_id:opaque}/history")
@raises(InvalidCursor, StudentNotFound)
def get_student_history(
    scope: GrantedScope,
    deps: Annotated[Deps, Depends(get_deps)],
    limit: Annotated[
        int, Query(ge=1, le=MAX_PAGE, description="Maximum length of the page.")
    ] = MAX_PAGE,
    cursor: Annotated[Cursor, Query()] = None,
) -> HistoryOut:
    """Return a page of tests; to the holder of a session, only that session."""
    return history(scope, limit, cursor, deps)


lambda_handler = lambda_entry(app)
