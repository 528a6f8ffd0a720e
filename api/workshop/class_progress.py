"""GET /api/class-progress: the students of a course, step by step, for instructors."""

from typing import Annotated

from lib.deps import Deps, get_deps
from lib.errors import InvalidCursor, raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.class_progress.class_progress import (
    MAX_PAGE_SIZE,
    PageCursor,
    PageSize,
    Since,
    class_progress,
)
from lib.workshop.class_progress.wire import ClassOut
from lib.workshop.courses.read import CourseParam
from lib.workshop.errors import CourseNotFound

app = create_app("workshop.class_progress", tag="Workshop: operators")


@app.get("/api/class-progress")
@raises(CourseNotFound, InvalidCursor)
def get_class_progress(
    deps: Annotated[Deps, Depends(get_deps)],
    course_id: CourseParam = None,
    limit: PageSize = MAX_PAGE_SIZE,
    cursor: PageCursor = None,
    since: Since = None,
) -> ClassOut:
    """Return a page of a course's students and how far they are in each step."""
    return class_progress(deps, course_id=course_id, limit=limit, after=cursor, since=since)


lambda_handler = lambda_entry(app)
