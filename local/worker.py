"""The process that serves requests; `make dev` replaces it after a code change.

    python -m local.worker SOCKET

It inherits the listening socket, so that no connection is refused between two workers.
"""

import os
import socket
import sys

import uvicorn
from starlette.types import ASGIApp

from local.import_error import error_app

DEMO = "STEPWISE_DEMO"
"""Variable of a server whose database has the demo's accounts."""
GRACE_SECONDS = 2  # for requests under way when it is stopped


def main() -> None:
    """Serve until stopped by a signal."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    config = uvicorn.Config(
        _app(),
        access_log=False,  # the functions log each request themselves
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
        proxy_headers=False,  # there is no proxy, so forwarding headers are forged
    )
    uvicorn.Server(config).run(sockets=[listener])


def _app() -> ASGIApp:
    """Import the functions, or return an app that reports the import error."""
    try:
        from api.index import app
        from lib import logs
        from lib.settings import Settings
        from local import console
        from local.demo.planner_accounts import log_ins
        from local.pages.demo_accounts import DemoAccounts
        from local.pages.pages import Pages
    except (Exception, SystemExit) as error:  # noqa: BLE001 importing may raise anything
        return error_app(error)
    logs.install_writer(console.write)
    accounts = log_ins(Settings.from_env()) if DEMO in os.environ else None
    return Pages(DemoAccounts(app, accounts))


if __name__ == "__main__":
    main()
