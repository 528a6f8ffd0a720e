"""GET /health and /api/health: whether the service and what it stands on are there."""

from typing import Annotated

from fastapi import Depends, Response

from lib.deps import Deps, get_deps
from lib.operations import health
from lib.web.app import create_app, lambda_entry

app = create_app("operations.health", tag="House")


@app.get("/api/health")
@app.get("/health")
def get_health(response: Response, deps: Annotated[Deps, Depends(get_deps)]) -> health.Health:
    """Ask Postgres and Redis; `degraded` (no Redis) is still 200, without Postgres it is 503."""
    now = health.check(deps)
    response.status_code = 503 if now.status is health.Status.UNAVAILABLE else 200
    return now


lambda_handler = lambda_entry(app)
