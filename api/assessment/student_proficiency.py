"""GET /api/student/{student_id}/proficiency: a student's proficiency by concept."""

from typing import Annotated

from lib.assessment.results.access import GrantedScope
from lib.assessment.results.results import proficiency
from lib.assessment.results.wire import ProficiencyOut
from lib.deps import Deps, get_deps
from lib.errors import StudentNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.student_proficiency", tag="Assessment")


@app.get("/api/student/{student_id:opaque}/proficiency")
@raises(StudentNotFound)
def get_student_proficiency(
    scope: GrantedScope, deps: Annotated[Deps, Depends(get_deps)]
) -> ProficiencyOut:
    """Return long-term proficiency; to the holder of a session, only that test's result."""
    return proficiency(scope, deps)


lambda_handler = lambda_entry(app)
