"""Read a course."""

from typing import Annotated

from lib.deps import Deps
from lib.framework import Query
from lib.workshop.courses import store
from lib.workshop.courses.wire import CourseBody
from lib.workshop.errors import CourseNotFound
from lib.workshop.fields import OptionalCourseId

CourseParam = Annotated[
    OptionalCourseId,
    Query(alias="courseId", description="Id of the course; by default the built-in course."),
]


def read_course(course_id: str | None, deps: Deps) -> CourseBody:
    """Return a course.

    Raises:
        CourseNotFound: If the course does not exist.
    """
    course = store.load_course(deps.postgres, course_id)
    if course is None:
        raise CourseNotFound
    return CourseBody.from_course(course)
