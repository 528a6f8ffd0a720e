"""GET and POST /api/student-progress: look up the progress of sessions, report a step."""

from typing import Annotated

from fastapi import Depends

from lib.access.guard import MaybeOperator
from lib.deps import Deps, get_deps
from lib.web.app import create_app, lambda_entry
from lib.workshop import idempotency, lookup
from lib.workshop.progress import progress
from lib.workshop.progress.wire import ProgressIn, ProgressOut, RecordedOut, SessionsOut

app = create_app("workshop.student_progress", tag="Workshop")
Needed = Annotated[Deps, Depends(get_deps)]


@app.post("/api/student-progress")
def record(body: ProgressIn, deps: Needed, key: idempotency.IdempotencyKey = None) -> RecordedOut:
    """Report a step: time and attempts add up, a step once passed stays passed."""
    return RecordedOut(progress=progress.record(body, key, deps))


@app.get("/api/student-progress")
def look_up(asked: lookup.Asked, whole: MaybeOperator, deps: Needed) -> ProgressOut | SessionsOut:
    """One session by its token; without it, steps and percentages of a student's sessions."""
    return progress.look_up(asked, deps, whole=whole)


lambda_handler = lambda_entry(app)
