"""POST /api/admin-rename-student, /api/admin-merge-students and /api/admin-detach-session."""

from typing import Annotated

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.errors import AlreadyRunning, FieldMissing, SessionNotFound, StudentNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.errors import MergeRefused, OlderTableRefuses
from lib.workshop.people import detach, merge, rename, wire

app = create_app("workshop.admin_people", tag="Workshop: operators")
InjectedDeps = Annotated[Deps, Depends(get_deps)]


@app.post("/api/admin-rename-student")
@raises(AlreadyRunning, FieldMissing, StudentNotFound)
def rename_student(body: wire.RenameStudentIn, deps: InjectedDeps) -> wire.RenamedStudentOut:
    """Rename a student; the names that were sent with the student's sessions stay unchanged."""
    with audited(deps, "/api/admin-rename-student"):
        return rename.rename_student(body, deps)


@app.post("/api/admin-merge-students")
@raises(AlreadyRunning, FieldMissing, MergeRefused, OlderTableRefuses, StudentNotFound)
def merge_students(body: wire.MergeStudentsIn, deps: InjectedDeps) -> wire.MergedStudentsOut:
    """Move all data of one student to another, and remove the first student."""
    with audited(deps, "/api/admin-merge-students") as facts:
        merged = merge.merge_students(body, deps)
        facts.update(sessions=merged.sessions, older_rows=merged.older_rows_changed)
    return merged


@app.post("/api/admin-detach-session")
@raises(AlreadyRunning, SessionNotFound)
def detach_session(body: wire.DetachSessionIn, deps: InjectedDeps) -> wire.DetachedSessionOut:
    """Give a session, with its steps and events, to an anonymous student."""
    with audited(deps, "/api/admin-detach-session"):
        return detach.detach_session(body, deps)


lambda_handler = lambda_entry(app)
