"""One app in front of every function: routes by the table, imports a function when first asked."""

from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from lib.deps import current_deps
from lib.routes import ENDPOINTS
from lib.web import path_ids
from lib.web.functions import function_app


async def _unused(scope: Scope, receive: Receive, send: Send) -> None:  # pragma: no cover
    raise NotImplementedError("a table of paths only")


path_ids.register()
_PATHS = tuple((Route(row.route, _unused, methods=None), row.module) for row in ENDPOINTS)


class Dispatcher:
    """Hands a request to the function that the table names; others go on to the inner app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        app = self._app
        if scope["type"] == "http":
            if _asks_for_description(scope) and not current_deps().settings.deployed:
                from lib.web.openapi import serve_openapi

                app = serve_openapi
            elif (module := _module_of(scope)) is not None:
                app = function_app(module)
        await app(scope, receive, send)


def _asks_for_description(scope: Scope) -> bool:
    return scope["path"] == "/openapi.json" and scope["method"] in {"GET", "HEAD"}


def _module_of(scope: Scope) -> str | None:
    return next(
        (module for route, module in _PATHS if route.matches(scope)[0] is not Match.NONE), None
    )
