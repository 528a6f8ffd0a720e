"""Apps and entry points with which Vercel, Lambda and the local server run a handler.

`create_app` gives every function the same frame: access control, strict JSON, body limits, security
headers, a request id, one log line, and errors that say what was wrong and reveal nothing internal.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pydantic.alias_generators import to_camel

from lib.access.endpoint import BY_TOKEN, CLOSED, Endpoint
from lib.deps import current_deps
from lib.framework import APIRoute, FastAPI
from lib.routes import rows_of
from lib.web import path_ids
from lib.web.cors import Cors
from lib.web.error_responses import add_error_handlers
from lib.web.lambda_events import LambdaEvents, LambdaHandler
from lib.web.request_frame import RequestFrame
from lib.web.strict_route import strict_route


def create_app(
    name: str, *, tag: str | None = None, rows: Sequence[Endpoint] | None = None
) -> FastAPI:
    """Create the app of one function.

    Args:
        name: The module below `api/`, such as `assessment.submit`.
        tag: Heading in the API docs.
        rows: The function's endpoints, with the access that each requires; by default those that
            `lib/routes.py` lists for `name`.

    Raises:
        LookupError: If `lib/routes.py` has no row for `name`.
    """
    rows = rows_of(name) if rows is None else rows
    app = FastAPI(
        title=f"Stepwise: {name}",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
    )
    app.router.route_class = strict_route(rows)
    app.state.rows = rows
    path_ids.register()
    app.router.tags = [tag] if tag else []
    add_error_handlers(app)
    origins = current_deps().settings.allowed_origins
    if origins and _open_to_pages(rows):
        app.add_middleware(
            Cors,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT"],
            allow_headers=_allowed_headers(rows),
            allow_credentials=False,
        )
    app.add_middleware(RequestFrame)
    return app


def lambda_entry(app: FastAPI, scheduled: Callable[[], Any] | None = None) -> LambdaHandler:
    """Create the entry point for AWS Lambda.

    Args:
        app: The function's app.
        scheduled: The job that an EventBridge schedule runs; its events are not HTTP requests.
    """
    return LambdaEvents(app, scheduled).handle


def _operation_id(route: APIRoute) -> str:
    """Return a name under which generated clients have the operation: `submitAnswer`."""
    return to_camel(route.name)


def _allowed_headers(rows: Iterable[Endpoint]) -> list[str]:
    """Return the headers that pages of other origins may send, including users' Authorization."""
    user_headers = ["Authorization"] if any(row.access in BY_TOKEN for row in rows) else []
    return ["Content-Type", "Idempotency-Key", "X-Session-Id", "X-Session-Token", *user_headers]


def _open_to_pages(rows: Iterable[Endpoint]) -> bool:
    return not any(row.access in CLOSED for row in rows)
