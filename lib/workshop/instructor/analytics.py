"""Analytics for instructors."""

from typing import Annotated

from lib.deps import Deps
from lib.framework import Query
from lib.web.response_size import within
from lib.workshop.errors import CourseNotFound
from lib.workshop.fields import OptionalCourseId
from lib.workshop.instructor import store
from lib.workshop.instructor.wire import AnalyticsOut

MAX_BYTES = 640_000
"""Maximum size of each of the six lists; with the funnel, they stay below 4 MB."""
Days = Annotated[
    int, Query(ge=1, le=366, description="Number of days whose events are counted, up to now.")
]
Limit = Annotated[int, Query(ge=1, le=2000, description="Maximum length of each list.")]
OneCourse = Annotated[
    OptionalCourseId,
    Query(
        alias="courseId",
        description="Count the sessions of this course only. Without it, the funnel is that of the "
        "built-in course, and all other figures are over all courses.",
    ),
]
ClosedToo = Annotated[
    bool,
    Query(alias="closedToo", description="Also list stuck sessions that the clean-up has closed."),
]


def analytics(
    deps: Deps, *, course_id: str | None, days: int, limit: int, closed_too: bool
) -> AnalyticsOut:
    """Return all figures, from one snapshot of the database.

    Args:
        deps: Provides Postgres.
        course_id: The course whose sessions to count; None for all, but the funnel is then that
            of the built-in course.
        days: Number of days whose events are counted, up to now.
        limit: Maximum length of each list.
        closed_too: Whether to list stuck sessions that the clean-up has closed, too.

    Raises:
        CourseNotFound: If the course does not exist.
    """
    figures = store.load_analytics(
        deps.postgres, course_id=course_id, days=days, limit=limit, closed_too=closed_too
    )
    if course_id is not None and not figures.funnel:
        raise CourseNotFound
    return figures.model_copy(
        update={
            "courses": list(within(figures.courses, MAX_BYTES)),
            "steps": list(within(figures.steps, MAX_BYTES)),
            "stuck_students": list(within(figures.stuck_students, MAX_BYTES)),
            "help_requests": list(within(figures.help_requests, MAX_BYTES)),
            "students": list(within(figures.students, MAX_BYTES)),
            "by_day": list(within(figures.by_day, MAX_BYTES)),
        }
    )
