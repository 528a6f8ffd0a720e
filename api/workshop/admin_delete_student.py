"""POST /api/admin-delete-student: remove everything about a student."""

from typing import Annotated

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.errors import AlreadyRunning, StudentNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.errors import OlderTableRefuses
from lib.workshop.instructor import removal
from lib.workshop.instructor.wire import DeletedStudentOut, DeleteStudentIn

app = create_app("workshop.admin_delete_student", tag="Workshop: operators")
PATH = "/api/admin-delete-student"


@app.post(PATH)
@raises(AlreadyRunning, OlderTableRefuses, StudentNotFound)
def delete_student(
    body: DeleteStudentIn, deps: Annotated[Deps, Depends(get_deps)]
) -> DeletedStudentOut:
    """Remove a student's sessions, steps, events, and rows of the legacy tables."""
    with audited(deps, PATH) as facts:
        deleted = removal.delete_student(body.student_email, deps)
        facts.update(sessions=deleted.sessions_deleted, older_rows=deleted.older_rows_deleted)
    return deleted


lambda_handler = lambda_entry(app)
