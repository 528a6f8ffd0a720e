"""Query parameters that several endpoints of the study planner take."""

from typing import Annotated

from lib.framework import Query
from lib.learning.class_analytics.read import Filters
from lib.learning.plans.wire import Day

Id = Annotated[str | None, Query(max_length=100, description="Id, by default the caller's own.")]
Threshold = Annotated[
    float, Query(ge=0, le=100, allow_inf_nan=False, description="Mastery, 0 to 100.")
]
Number = Annotated[int, Query(ge=1, le=20, description="Most entries to return.")]
PageSize = Annotated[int, Query(ge=1, le=200, description="Most entries of a page.")]


def read_filters(
    student_id: Annotated[
        str | None, Query(max_length=100, description="Only this student.")
    ] = None,
    topic_id: Annotated[str | None, Query(max_length=100, description="Only this topic.")] = None,
    since: Annotated[
        Day, Query(alias="from", description="First day, UTC, of the newest practice.")
    ] = None,
    until: Annotated[
        Day, Query(alias="to", description="Last day, UTC, of the newest practice.")
    ] = None,
) -> Filters:
    """Return what a teacher wants to see only."""
    return Filters(student_id=student_id, topic_id=topic_id, since=since, until=until)
