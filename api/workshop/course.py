"""GET /api/course: the steps of a course and their names."""

from typing import Annotated

from lib.deps import Deps, get_deps
from lib.errors import raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.courses.read import CourseParam, read_course
from lib.workshop.courses.wire import CourseOut
from lib.workshop.errors import CourseNotFound

app = create_app("workshop.course", tag="Workshop")


@app.get("/api/course")
@raises(CourseNotFound)
def get_course(
    deps: Annotated[Deps, Depends(get_deps)], course_id: CourseParam = None
) -> CourseOut:
    """Return a course: its steps, their names, and the flags that complete them."""
    return CourseOut(course=read_course(course_id, deps))


lambda_handler = lambda_entry(app)
