"""Query parameters that choose the analytics of a class."""

from typing import Annotated

from lib.framework import Query
from lib.learning.class_analytics.read import Filters
from lib.learning.days import Day
from lib.learning.parameters import SentText

ClassQuery = Annotated[
    SentText,
    Query(max_length=100, description="Id of the class: a UUID, or the live system's number."),
]


def read_filters(
    student_id: Annotated[
        SentText | None, Query(max_length=100, description="Id of the only student to include.")
    ] = None,
    topic_id: Annotated[
        SentText | None, Query(max_length=100, description="Id of the only topic to include.")
    ] = None,
    since: Annotated[
        Day,
        Query(alias="from", description="Only concepts last practised on or after this day, UTC."),
    ] = None,
    until: Annotated[
        Day,
        Query(alias="to", description="Only concepts last practised on or before this day, UTC."),
    ] = None,
) -> Filters:
    """Return the filters that a teacher chose."""
    return Filters(student_id=student_id, topic_id=topic_id, since=since, until=until)
