"""POST /api/admin-delete-student: remove everything about a person, in every context."""

from typing import Annotated

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.errors import AlreadyRunning, StudentNotFound, raises
from lib.framework import Depends
from lib.operations.erasure.erase import erase
from lib.operations.erasure.wire import DeletedStudentOut, DeleteStudentIn
from lib.web.app import create_app, lambda_entry
from lib.workshop.errors import OlderTableRefuses

app = create_app("operations.admin_delete_student", tag="Workshop: operators")
PATH = "/api/admin-delete-student"


@app.post(PATH)
@raises(AlreadyRunning, OlderTableRefuses, StudentNotFound)
def delete_student(
    body: DeleteStudentIn, deps: Annotated[Deps, Depends(get_deps)]
) -> DeletedStudentOut:
    """Remove everything about a person from all contexts, and from tables that were set aside."""
    with audited(deps, PATH) as facts:
        deleted = erase(body, deps)
        facts.update(deleted.removed.model_dump())
    return deleted


lambda_handler = lambda_entry(app)
