"""The API description of all functions together; served by the local server only."""

from functools import cache
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from lib.deps import current_deps
from lib.dispatch import all_apps
from lib.headers import API_HEADERS

SECURITY = {
    "operator": {"type": "http", "scheme": "bearer", "description": "ADMIN_PASSWORD"},
}


@cache
def description() -> dict[str, Any]:
    """OpenAPI 3.1 of every endpoint."""
    return get_openapi(
        title="Stepwise",
        version=current_deps().settings.version,
        summary="Workshops, adaptive tests and study decisions.",
        routes=[route for app in all_apps() for route in app.routes],
    )


async def serve_openapi(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the description."""
    await JSONResponse(description(), headers=API_HEADERS)(scope, receive, send)
