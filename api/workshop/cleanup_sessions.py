"""GET /api/cleanup-sessions, daily by cron: close expired sessions, remove old ones."""

from typing import Annotated, Any

from fastapi import Depends

from lib.deps import Deps, current_deps, get_deps
from lib.web.app import create_app, lambda_entry
from lib.workshop.cleanup.clean_up import clean_up
from lib.workshop.cleanup.wire import CleanupOut

app = create_app("workshop.cleanup_sessions", tag="Workshop: operators")


@app.get("/api/cleanup-sessions")
def cleanup_sessions(deps: Annotated[Deps, Depends(get_deps)]) -> CleanupOut:
    """Safe to call at any time, twice at once too."""
    return CleanupOut.of(clean_up(deps))


def scheduled() -> dict[str, Any]:
    """The same run, started by a schedule instead of a request."""
    return CleanupOut.of(clean_up(current_deps())).model_dump(mode="json", by_alias=True)


lambda_handler = lambda_entry(app, scheduled)
