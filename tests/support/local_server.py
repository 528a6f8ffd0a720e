"""`api/index.py` in uvicorn, as `make dev` runs it."""

import socket
import time
from collections.abc import Mapping

import httpx

from tests.support.processes import START_SECONDS, ForkedProcess
from tests.support.wire import Request, Response

REQUEST_SECONDS = 60.0
POLL_SECONDS = 0.05


class LocalServer:
    """A process that serves every route."""

    def __init__(self, env: Mapping[str, str], app: str = "api.index:app") -> None:
        port = _free_port()
        self.environment = dict(env)
        self.url = f"http://127.0.0.1:{port}"
        arguments = ["-m", "uvicorn", app, "--port", str(port), "--log-level", "warning"]
        self._process = ForkedProcess(arguments, env)
        self._http = httpx.Client(base_url=self.url, timeout=REQUEST_SECONDS)
        self._wait()

    def send(self, request: Request) -> Response:
        """Send a request without changes."""
        raw, headers = request.encoded()
        response = self._http.request(request.method, request.path, content=raw, headers=headers)
        return Response.of(response.status_code, dict(response.headers), response.content)

    def output(self) -> str:
        """Return what the server has logged so far."""
        return self._process.output()

    def stop(self) -> None:
        """End the process."""
        self._http.close()
        self._process.stop()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and not self._process.ended:
            try:
                self._http.get("/nothing-here")
            except httpx.ConnectError:
                time.sleep(POLL_SECONDS)
            else:
                return
        raise RuntimeError(f"the server did not start:\n{self._process.output()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
