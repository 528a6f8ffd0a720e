"""GET /api/student/{student_id}/progress: a student's results from test to test."""

from typing import Annotated

from lib.assessment.results.access import GrantedScope
from lib.assessment.results.results import progress
from lib.assessment.results.wire import TestProgressOut
from lib.deps import Deps, get_deps
from lib.errors import StudentNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.student_progress", tag="Assessment")


@app.get("/api/student/{student_id:opaque}/progress")
@raises(StudentNotFound)
def get_student_progress(
    scope: GrantedScope, deps: Annotated[Deps, Depends(get_deps)]
) -> TestProgressOut:
    """Return progress over all tests; to the holder of a session, only that test's result."""
    return progress(scope, deps)


lambda_handler = lambda_entry(app)
