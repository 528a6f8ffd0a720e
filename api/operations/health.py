"""GET /health and /api/health: health of the service, of Postgres with its tables, and of Redis."""

from typing import Annotated, Any

from lib.deps import Deps, get_deps
from lib.framework import Depends, Response
from lib.operations.health import check as health
from lib.web.app import create_app, lambda_entry

app = create_app("operations.health", tag="Health")
UNAVAILABLE: dict[int | str, dict[str, Any]] = {
    503: {
        "description": "`status` is `unavailable`; or an error, if the check itself failed.",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Health"}}},
    }
}
"""Response with status 503; it refers to the schema, since a model would slow down each start."""


@app.get("/api/health", name="get_api_health", responses=UNAVAILABLE)
@app.get("/health", responses=UNAVAILABLE)
async def get_health(response: Response, deps: Annotated[Deps, Depends(get_deps)]) -> health.Health:
    """Call Postgres and Redis, and respond within 2 s even if they do not.

    Returns 503 and `unavailable` if Postgres cannot be used or lacks tables; 200 and `degraded`
    without Redis, with a schema older than the code, or while the workshop's tables wait for an
    upgrade to end.
    """
    # On the event loop, since calls that wait for a silent database may hold every thread.
    result = await health.check(deps)
    response.status_code = 503 if result.status is health.Status.UNAVAILABLE else 200
    return result


lambda_handler = lambda_entry(app)
