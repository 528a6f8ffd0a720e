"""Networks with a captive portal, which responds in the server's place."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from device.account import Account, AccountFile
from device.errors import ServerAway
from device.folder import Folder
from device.server import Server

PAGE = b"<html>Accept the terms of this network.</html>"


@contextmanager
def network(statuses: dict[str, int]) -> Iterator[str]:
    """Respond with a page to each call; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(statuses[self.path])
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 inherited name
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("refresh_status", [200, 401, 511])
def test_page_of_another_network_logs_nobody_out(tmp_path: Path, refresh_status: int) -> None:
    accounts = AccountFile(Folder(tmp_path))
    with network({"/api/learning/sync": 401, "/api/auth/refresh": refresh_status}) as address:
        account = Account(address, "access", "refresh")
        accounts.write(account)
        server = Server(accounts)
        with pytest.raises(ServerAway):
            server.call_as_user("POST", "/api/learning/sync", {})
        server.close()
    assert AccountFile(Folder(tmp_path)).read() == account
