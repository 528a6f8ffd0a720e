"""Analytics for instructors."""

from typing import Annotated

from lib.deps import Deps
from lib.framework import Query
from lib.workshop.instructor import store
from lib.workshop.instructor.wire import Analytics

Days = Annotated[int, Query(ge=1, le=366, description="Number of days of events.")]
Limit = Annotated[int, Query(ge=1, le=2000, description="Maximum length of each list.")]
ClosedToo = Annotated[
    bool, Query(alias="closedToo", description="List stuck sessions that have expired, too.")
]


def analytics(deps: Deps, *, days: int, limit: int, closed_too: bool) -> Analytics:
    """Return all figures, from one snapshot of the database.

    Args:
        deps: Provides Postgres.
        days: Number of days of events.
        limit: Maximum length of each list.
        closed_too: Whether to list stuck sessions that the clean-up has closed, too.
    """
    return store.load_analytics(deps.postgres, days=days, limit=limit, closed_too=closed_too)
