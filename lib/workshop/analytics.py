"""Figures for instructors, all of one moment."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query

from lib.database.queries import load_queries
from lib.deps import Deps
from lib.web.wire import CamelBody

_queries = load_queries("workshop/analytics.sql")
Days = Annotated[int, Query(ge=1, le=366, description="How far back the days go.")]
Limit = Annotated[int, Query(ge=1, le=2000, description="Rows of each list.")]
ClosedToo = Annotated[
    bool, Query(alias="closedToo", description="Also stuck sessions that have expired.")
]


class Totals(CamelBody):
    """Everything that is counted once."""

    students: int
    sessions: int
    active_sessions: int
    completed_sessions: int
    average_completion: float


class FunnelStep(CamelBody):
    """Sessions that reached a step or a later one, and those that completed it."""

    step_number: int
    step_name: str
    reached: int
    completed: int


class StepTime(CamelBody):
    """Reports about a step under one name, and the seconds spent on it."""

    step_number: int
    step_name: str
    attempts: int
    completed: int
    avg_time_seconds: float
    lower_quartile_seconds: float
    median_seconds: float
    upper_quartile_seconds: float


class Stuck(CamelBody):
    """An unfinished session without activity for 24 hours."""

    student_id: UUID
    student_email: str
    student_name: str | None
    current_step: int
    completion_rate: int
    is_active: bool
    last_activity: datetime
    idle_seconds: int


class StudentSummary(CamelBody):
    """What a student came to over all sessions; nothing yet is null."""

    student_id: UUID
    student_email: str
    student_name: str | None
    total_sessions: int
    avg_completion: float | None
    last_active: datetime | None


class DayEvents(CamelBody):
    """Events of one kind on one day, UTC."""

    day: date
    event_type: str
    events: int


class Analytics(CamelBody):
    """All figures of one moment."""

    success: Literal[True] = True
    totals: Totals
    funnel: list[FunnelStep]
    steps: list[StepTime]
    stuck_students: list[Stuck]
    students: list[StudentSummary]
    by_day: list[DayEvents]


def analytics(deps: Deps, *, days: int, limit: int, closed_too: bool) -> Analytics:
    """Read every figure from one snapshot.

    Args:
        deps: Where Postgres is.
        days: How far back the days go.
        limit: Rows of each list.
        closed_too: Whether stuck sessions that the clean-up has closed are listed.
    """
    bounds = {"days": days, "limit": limit, "closed_too": closed_too}
    with deps.postgres.transaction() as snapshot:
        snapshot.execute(_queries["one_snapshot"])
        (totals,) = snapshot.fetch_all(_queries["totals"], None, Totals)
        return Analytics(
            totals=totals,
            funnel=snapshot.fetch_all(_queries["funnel"], None, FunnelStep),
            steps=snapshot.fetch_all(_queries["steps"], None, StepTime),
            stuck_students=snapshot.fetch_all(_queries["stuck"], bounds, Stuck),
            students=snapshot.fetch_all(_queries["students"], bounds, StudentSummary),
            by_day=snapshot.fetch_all(_queries["by_day"], bounds, DayEvents),
        )
