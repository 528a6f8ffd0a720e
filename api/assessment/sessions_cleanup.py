"""POST /api/sessions/cleanup (operators), GET (cron): close sessions that nobody goes on with."""

from typing import Annotated

from fastapi import Depends

from lib.assessment.sessions.end import cleanup
from lib.assessment.sessions.wire import CleanupIn, CleanupOut
from lib.deps import Deps, current_deps, get_deps
from lib.web.app import create_app, lambda_entry

app = create_app("assessment.sessions_cleanup", tag="Assessment: operators")


@app.post("/api/sessions/cleanup")
def clean_up(deps: Annotated[Deps, Depends(get_deps)], body: CleanupIn | None = None) -> CleanupOut:
    """Close sessions idle for `inactivity_minutes`, with what was answered; none is dropped."""
    return cleanup(body or CleanupIn(), deps)


@app.get("/api/sessions/cleanup")
def clean_up_on_schedule(deps: Annotated[Deps, Depends(get_deps)]) -> CleanupOut:
    """The same, as a schedule calls it."""
    return cleanup(CleanupIn(), deps)


lambda_handler = lambda_entry(
    app, scheduled=lambda: cleanup(CleanupIn(), current_deps()).model_dump(mode="json")
)
