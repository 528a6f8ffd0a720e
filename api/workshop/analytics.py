"""GET /api/workshop-analytics: funnel, stuck sessions and time per step, for instructors."""

from typing import Annotated

from lib.deps import Deps, get_deps
from lib.errors import raises
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.errors import CourseNotFound
from lib.workshop.instructor.analytics import ClosedToo, Days, Limit, OneCourse, analytics
from lib.workshop.instructor.wire import AnalyticsOut

app = create_app("workshop.analytics", tag="Workshop: operators")


@app.get("/api/workshop-analytics")
@raises(CourseNotFound)
def get_workshop_analytics(
    deps: Annotated[Deps, Depends(get_deps)],
    course_id: OneCourse = None,
    days: Days = 30,
    limit: Limit = 200,
    closed_too: ClosedToo = False,
) -> AnalyticsOut:
    """Return all figures, from one snapshot of the database."""
    return analytics(deps, course_id=course_id, days=days, limit=limit, closed_too=closed_too)


lambda_handler = lambda_entry(app)
