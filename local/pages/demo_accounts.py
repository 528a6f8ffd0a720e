"""Log-ins of the study planner's demo for pages on this machine, at /demo-accounts.json.

Deployments lack the path. Pages of other sites cannot read it: the browser denies them the
response. A request under another host name of this machine (DNS rebinding) gets null.
"""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from lib.access.guard import LOOPBACK_NAMES

PATH = "/demo-accounts.json"


class DemoAccounts:
    """Answers one path with the log-ins, and passes others on to the inner app.

    Args:
        app: App of the functions.
        accounts: Name of a student and of a teacher, and their password; None without a demo.
    """

    def __init__(self, app: ASGIApp, accounts: dict[str, str] | None = None) -> None:
        self._app = app
        self._accounts = accounts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        app = self._app
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"] == PATH:
            host = Headers(scope=scope).get("host", "").rpartition(":")[0]
            accounts = self._accounts if host in LOOPBACK_NAMES else None
            app = JSONResponse(accounts, headers={"Cache-Control": "no-store"})
        await app(scope, receive, send)
