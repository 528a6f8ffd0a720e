"""GET and POST /api/student-progress: look up the progress of sessions; report a step."""

from typing import Annotated

from lib.access.guard import HoldsPassword
from lib.deps import Deps, get_deps
from lib.errors import InvalidCursor, SessionNotFound, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.errors import REPORT_ERRORS, NoSuchStep
from lib.workshop.idempotency import IdempotencyKey
from lib.workshop.lookup import LookupParams
from lib.workshop.progress import progress
from lib.workshop.progress.wire import ProgressIn, ProgressOut, RecordedOut, SessionsOut

app = create_app("workshop.student_progress", tag="Workshop")
InjectedDeps = Annotated[Deps, Depends(get_deps)]


@app.post("/api/student-progress")
@raises(*REPORT_ERRORS, NoSuchStep, SessionNotFound)
def record_progress(
    body: ProgressIn, deps: InjectedDeps, key: IdempotencyKey = None
) -> RecordedOut:
    """Record a report about a step. Time and attempts add up; a passed step stays passed."""
    return RecordedOut(progress=progress.record(body, key, deps))


@app.get("/api/student-progress")
@raises(InvalidCursor, SessionNotFound)
def look_up_progress(
    params: LookupParams, holds_password: HoldsPassword, deps: InjectedDeps
) -> ProgressOut | SessionsOut:
    """Return the session of a token, or the sessions of a student.

    With a password, a student's sessions are whole; otherwise, they are in the share view.
    """
    return progress.look_up(params, deps, holds_password=holds_password)


lambda_handler = lambda_entry(app)
