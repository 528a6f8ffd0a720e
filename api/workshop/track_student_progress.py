"""GET and POST /api/track-student-progress: progress in the shape of the older pages."""

from typing import Annotated

from fastapi import Depends

from lib.deps import Deps, get_deps
from lib.web.app import create_app, lambda_entry
from lib.workshop import idempotency
from lib.workshop.older_pages import tracking
from lib.workshop.older_pages.lookup import AskedStudents
from lib.workshop.older_pages.wire import TrackedOut, TrackedStudentsOut, TrackIn, TrackRecordedOut

app = create_app("workshop.track_student_progress", tag="Workshop")
Needed = Annotated[Deps, Depends(get_deps)]


@app.post("/api/track-student-progress")
def track(body: TrackIn, deps: Needed, key: idempotency.IdempotencyKey = None) -> TrackRecordedOut:
    """Report an exercise: time and attempts add up, one completed stays completed."""
    return TrackRecordedOut(progress=tracking.record(body, key, deps))


@app.get("/api/track-student-progress")
def look_up(asked: AskedStudents, deps: Needed) -> TrackedOut | TrackedStudentsOut:
    """One student's steps and percentages; everything, and everybody, for operators."""
    return tracking.look_up(asked, deps)


lambda_handler = lambda_entry(app)
