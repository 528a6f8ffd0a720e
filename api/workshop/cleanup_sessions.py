"""GET /api/cleanup-sessions: close expired sessions and remove old ones; called daily by cron."""

from typing import Annotated, Any

from lib.deps import Deps, current_deps, get_deps
from lib.framework import Depends
from lib.web.app import create_app, lambda_entry
from lib.workshop.cleanup.clean_up import clean_up
from lib.workshop.cleanup.wire import WorkshopCleanupOut

app = create_app("workshop.cleanup_sessions", tag="Workshop: operators")


@app.get("/api/cleanup-sessions")
def cleanup_sessions(deps: Annotated[Deps, Depends(get_deps)]) -> WorkshopCleanupOut:
    """Run the clean-up; safe to call at any time, even twice at once."""
    return WorkshopCleanupOut.from_result(clean_up(deps))


def scheduled() -> dict[str, Any]:
    """Run the clean-up on a schedule, without a request."""
    result = clean_up(current_deps())
    return WorkshopCleanupOut.from_result(result).model_dump(mode="json", by_alias=True)


lambda_handler = lambda_entry(app, scheduled)
