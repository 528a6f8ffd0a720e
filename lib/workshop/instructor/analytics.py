"""Figures for instructors, all of one moment."""

from typing import Annotated

from fastapi import Query

from lib.database.queries import load_queries
from lib.deps import Deps
from lib.workshop.instructor.wire import (
    Analytics,
    DayEvents,
    FunnelStep,
    StepTime,
    Stuck,
    StudentSummary,
    Totals,
)

_queries = load_queries("workshop/analytics.sql")
Days = Annotated[int, Query(ge=1, le=366, description="How far back the days go.")]
Limit = Annotated[int, Query(ge=1, le=2000, description="Rows of each list.")]
ClosedToo = Annotated[
    bool, Query(alias="closedToo", description="Also stuck sessions that have expired.")
]


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
