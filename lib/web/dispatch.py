"""One app for all functions, which finds the function of a request and imports it when needed.

`lib.routes` says which function serves a path.
"""

from functools import cache

from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from lib.deps import current_deps
from lib.routes import ENDPOINTS
from lib.web import path_ids
from lib.web.functions import function_app
from lib.web.request_frame import RequestFrame


async def _unused(scope: Scope, receive: Receive, send: Send) -> None:  # pragma: no cover
    raise NotImplementedError("this route is only matched, never served")


path_ids.register()


@cache
def _route(path: str) -> Route:
    return Route(path, _unused, methods=None)


class Dispatcher:
    """Passes a request to its function in `lib.routes`, or to the inner app if it has none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        app = self._app
        if scope["type"] == "http":
            scope = path_ids.without_trailing_slash(scope)
            if _is_description_request(scope) and not current_deps().settings.deployed:
                app = RequestFrame(_serve_description)
            elif (row := find_row(scope)) is not None:
                app = _app_of(*row)
        await app(scope, receive, send)


def _app_of(route: Route, module: str) -> ASGIApp:
    """Return the function's app, or one that raises the error of its import."""
    try:
        app: ASGIApp = function_app(module)
    except Exception as error:  # noqa: BLE001 whatever a file does when imported
        return RequestFrame(_raising(error, route))
    return app


def _raising(error: Exception, route: Route) -> ASGIApp:
    async def fail(scope: Scope, _receive: Receive, _send: Send) -> None:
        scope["route"] = route  # for the log
        raise error

    return fail


async def _serve_description(scope: Scope, receive: Receive, send: Send) -> None:
    from lib.web.openapi import serve_openapi

    await serve_openapi(scope, receive, send)


def _is_description_request(scope: Scope) -> bool:
    return scope["path"] == "/openapi.json" and scope["method"] in {"GET", "HEAD"}


def find_row(scope: Scope) -> tuple[Route, str] | None:
    """Return the route that a request matches, and its function.

    A path without parameters is looked up by its text, since a route's pattern is slow to compile.
    """
    rows = [row for row in ENDPOINTS if row.route == scope["path"]] or ENDPOINTS
    candidates = ((_route(row.route), row.module) for row in rows)
    return next((it for it in candidates if it[0].matches(scope)[0] is not Match.NONE), None)
