"""POST /api/sessions/cleanup (operators), GET (cron): close idle sessions.

The scheduled call also removes tests past their retention time.
"""

from typing import Annotated, Any

from lib.assessment.sessions.end import clean_up_on_schedule, close_idle_sessions
from lib.assessment.sessions.wire import SessionCleanupIn, SessionCleanupOut
from lib.deps import Deps, current_deps, get_deps
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.sessions_cleanup", tag="Assessment: operators")


@app.post("/api/sessions/cleanup")
def clean_up_tests(
    deps: Annotated[Deps, Depends(get_deps)], body: SessionCleanupIn | None = None
) -> SessionCleanupOut:
    """Close sessions idle for `inactivity_minutes`; their answers stay recorded."""
    return close_idle_sessions(body or SessionCleanupIn(), deps)


@app.get("/api/sessions/cleanup")
def clean_up_tests_on_schedule(deps: Annotated[Deps, Depends(get_deps)]) -> SessionCleanupOut:
    """Close sessions idle for 30 minutes, and remove old ones; called on schedule."""
    return clean_up_on_schedule(deps)


def scheduled() -> dict[str, Any]:
    """Close idle sessions and remove old ones on a schedule, without a request."""
    return clean_up_on_schedule(current_deps()).model_dump(mode="json")


lambda_handler = lambda_entry(app, scheduled)
