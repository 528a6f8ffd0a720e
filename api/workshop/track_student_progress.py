"""GET and POST /api/track-student-progress: progress for the older pages."""

from typing import Annotated

from lib.deps import Deps, get_deps
from lib.errors import InvalidCursor, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.errors import SESSION_ERRORS, TooManyExercises
from lib.workshop.idempotency import IdempotencyKey
from lib.workshop.older_pages import tracking
from lib.workshop.older_pages.lookup import StudentLookupParams
from lib.workshop.older_pages.wire import TrackedOut, TrackedStudentsOut, TrackIn, TrackRecordedOut

app = create_app("workshop.track_student_progress", tag="Workshop")
InjectedDeps = Annotated[Deps, Depends(get_deps)]


@app.post("/api/track-student-progress")
@raises(*SESSION_ERRORS, TooManyExercises)
def track_exercise(
    body: TrackIn, deps: InjectedDeps, key: IdempotencyKey = None
) -> TrackRecordedOut:
    """Record a report about an exercise. Time and attempts add up; completed stays completed."""
    return TrackRecordedOut(progress=tracking.record(body, key, deps))


@app.get("/api/track-student-progress")
@raises(InvalidCursor)
def look_up_tracked_students(
    params: StudentLookupParams, deps: InjectedDeps
) -> TrackedOut | TrackedStudentsOut:
    """Return the share view of a student.

    With a password, return the student's whole progress, or with getAllStudents a page of students.
    """
    return tracking.look_up(params, deps)


lambda_handler = lambda_entry(app)
