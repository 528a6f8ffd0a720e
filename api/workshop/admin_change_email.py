"""POST /api/admin-change-email: give a student another e-mail."""

from typing import Annotated

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.errors import AlreadyRunning, FieldMissing, StudentNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.errors import EmailOfAnotherStudent, OlderTableRefuses
from lib.workshop.instructor import email_change
from lib.workshop.instructor.wire import ChangedEmailOut, ChangeEmailIn

app = create_app("workshop.admin_change_email", tag="Workshop: operators")
PATH = "/api/admin-change-email"


@app.post(PATH)
@raises(AlreadyRunning, EmailOfAnotherStudent, FieldMissing, OlderTableRefuses, StudentNotFound)
def change_email(body: ChangeEmailIn, deps: Annotated[Deps, Depends(get_deps)]) -> ChangedEmailOut:
    """Change a student's e-mail; sessions keep their tokens, and two students are never merged."""
    with audited(deps, PATH) as facts:
        changed = email_change.change_email(body, deps)
        facts.update(sessions=changed.sessions, older_rows=changed.older_rows_changed)
    return changed


lambda_handler = lambda_entry(app)
