"""The process that answers requests; the development server starts a new one after a change.

    python -m local.worker SOCKET

It inherits the listening socket, so that no request is refused between two workers.
"""

import socket
import sys

import uvicorn
from starlette.types import ASGIApp

from local.unimportable import unimportable

GRACE_SECONDS = 2  # for requests under way when it has to stop


def main() -> None:
    """Serve until told to stop."""
    listener = socket.socket(fileno=int(sys.argv[1]))
    config = uvicorn.Config(
        _app(),
        access_log=False,  # the functions log each request themselves
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
        proxy_headers=False,  # nobody stands before us, so a forwarding header is a forgery
    )
    uvicorn.Server(config).run(sockets=[listener])


def _app() -> ASGIApp:
    """Import the functions, or say why that is impossible."""
    try:
        from api.index import app
        from lib import logs
        from local import console
        from local.pages.pages import Pages
    except (Exception, SystemExit) as error:  # noqa: BLE001 whatever a file does when imported
        return unimportable(error)
    logs.install_writer(console.write)
    return Pages(app)


if __name__ == "__main__":
    main()
