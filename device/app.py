"""The app of a device: pages, the device's own endpoints, and the learning endpoints on SQLite."""

from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from api.index import app as index_app
from device.api import ENDPOINTS, database_session, device_app
from device.context import Device
from device.state import ProgressBoard
from lib.deps import Deps, install_deps
from lib.learning.database import get_db
from lib.web import path_ids
from lib.web.dispatch import find_row
from lib.web.functions import function_app
from local.pages.demo_accounts import DemoAccounts
from local.pages.pages import PUBLIC, Pages

SERVED_FUNCTIONS = (
    "learning.auth",
    "learning.profile",
    "learning.topics",
    "learning.questions",
    "learning.attempts",
    "learning.mastery",
    "learning.recommendations",
    "learning.plan",
    "learning.progress",
    "learning.classes",
    "learning.exam_marks",
)
"""Functions of the study planner that the device serves; the others are for teachers, operators and
devices. A student's comparison with the class is relayed to the server."""
LOOPBACK_HOSTS = ["127.0.0.1", "localhost"]


def app_of(device: Device, board: ProgressBoard) -> ASGIApp:
    """Return the app of a device; from then on, the learning functions use the device's database.

    Requests whose Host header is not a name of this machine are refused. This prevents DNS
    rebinding, in which a page elsewhere makes its own domain resolve to this machine.
    """
    install_deps(Deps(device.settings, device.now))
    for module in SERVED_FUNCTIONS:
        function_app(module).dependency_overrides[get_db] = database_session(device)
    routes = DeviceRoutes(device_app(device, board))
    # A device has no demo: if the log-in page asks for the demo's accounts, it gets null.
    return TrustedHostMiddleware(
        Pages(DemoAccounts(routes), (PUBLIC,)), allowed_hosts=LOOPBACK_HOSTS
    )


class DeviceRoutes:
    """Passes a request to the device's own app or to a learning function; 404 for other paths."""

    def __init__(self, own: ASGIApp) -> None:
        self._own = own
        self._routes = [
            Route(endpoint.path, _unused, methods=list(endpoint.methods)) for endpoint in ENDPOINTS
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        app: ASGIApp = index_app  # responds with 404 to unknown paths
        if scope["type"] == "http":
            scope = path_ids.without_trailing_slash(scope)
            row = find_row(scope)
            if any(route.matches(scope)[0] is Match.FULL for route in self._routes):
                app = self._own
            elif row is None or row[1] in SERVED_FUNCTIONS:
                app = index_app
            else:
                scope = {**scope, "path": "/not-on-a-device", "raw_path": b"/not-on-a-device"}
        await app(scope, receive, send)


async def _unused(scope: Scope, receive: Receive, send: Send) -> None:  # pragma: no cover
    raise NotImplementedError("These routes only match paths; they serve no requests.")
