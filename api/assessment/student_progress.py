"""GET /api/student/{student_id}/progress: how a student went from test to test."""

from typing import Annotated

from fastapi import Depends

from lib.assessment.results.access import ReadableStudent
from lib.assessment.results.results import progress
from lib.assessment.results.wire import ProgressOut
from lib.deps import Deps, get_deps
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.student_progress", tag="Assessment")


@app.get("/api/student/{student_id:opaque}/progress")
def student_test_progress(
    student: ReadableStudent, deps: Annotated[Deps, Depends(get_deps)]
) -> ProgressOut:
    """Return timeline and change per concept; to the holder of a session, of that session."""
    return progress(student, deps)


lambda_handler = lambda_entry(app)
