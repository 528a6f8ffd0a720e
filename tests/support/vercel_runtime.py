"""A Vercel deployment on this machine: Vercel's runtime, with routing by `vercel.json`."""

import base64
import json
import re
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from tests.support.forks import ROOT
from tests.support.processes import START_SECONDS, THIS_TREE, ForkedProcess, Process, Tree
from tests.support.wire import Request, Response

REQUEST_SECONDS = 60.0
POLL_SECONDS = 0.2


class VercelFunction:
    """A function of this project, or of another, in Vercel's runtime, started as on Vercel."""

    def __init__(
        self,
        module: str,
        env: Mapping[str, str],
        tree: Tree = THIS_TREE,
        process: type[Process] = Process,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="stepwise-vercel-")
        ipc = Path(self._folder.name) / "ipc.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(ipc))
            listener.listen()
            listener.settimeout(POLL_SECONDS)
            self._process = process(
                ["-c", "import vercel_runtime.vc_init"],
                {**env, **_runtime_env(module, ipc, tree.root)},
                tree,
            )
            self._connection = self._accept(listener)
        self._received = b""
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{self._started_port()}", timeout=REQUEST_SECONDS
        )

    def send(self, request: Request, path: str) -> Response:
        """Send a request as Vercel's proxy does: with the public path and the rewritten query."""
        raw, headers = request.encoded()
        headers = {"x-real-ip": "203.0.113.7", "x-forwarded-for": "203.0.113.7", **headers}
        response = self._http.request(request.method, path, content=raw, headers=headers)
        return Response.of(response.status_code, dict(response.headers), response.content)

    def log_line(self, text: str) -> dict[str, Any]:
        """Wait for the JSON line of the log that contains the text, and return it."""
        for message in self._messages():
            if message["type"] == "log":
                line = base64.b64decode(message["payload"]["message"]).decode()
                if text in line:
                    return dict(json.loads(line))
        raise RuntimeError(f"{text} was not logged")

    def stop(self) -> float:
        """End the process; return the CPU time that it used, seconds."""
        cpu_seconds = self._process.stop()
        self._http.close()
        self._connection.close()
        self._folder.cleanup()
        return cpu_seconds

    def _accept(self, listener: socket.socket) -> socket.socket:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and not self._process.ended:
            with suppress(TimeoutError):
                return listener.accept()[0]
        raise RuntimeError(f"the function did not start:\n{self._process.output()}")

    def _messages(self) -> Iterator[dict[str, Any]]:
        """Yield what the function reports, as NUL-terminated JSON."""
        while True:
            message, end, unread = self._received.partition(b"\0")
            if end:
                self._received = unread
                yield json.loads(message)
            elif chunk := self._connection.recv(4096):
                self._received += chunk
            else:
                return

    def _started_port(self) -> int:
        """Return the port, from the first message that names it."""
        self._connection.settimeout(START_SECONDS)
        for message in self._messages():
            if message["type"] == "server-started":
                return int(message["payload"]["httpPort"])
        raise RuntimeError(f"the function did not start:\n{self._process.output()}")


class VercelDeployment:
    """Every function of the project, each started on its first request.

    Args:
        env: Variables of the project.
        config: Configuration file; if it names a framework, as on Hobby, one function serves
            every path.
    """

    def __init__(self, env: Mapping[str, str], config: str = "vercel.json") -> None:
        self._env = {**env, "VERCEL": "1"}
        self._functions: dict[str, VercelFunction] = {}
        settings = json.loads((ROOT / config).read_text())
        self._single = settings["framework"] is not None
        self._rewrites = [_Rewrite(row) for row in settings.get("rewrites", ())]

    def send(self, request: Request) -> Response:
        """Route as Vercel does: first by the files of `api/`, then by the rewrites in order."""
        path, _, query = request.path.partition("?")
        module, rewritten_query = self._route(path)
        query = "&".join(part for part in (query, rewritten_query) if part)
        return self.function(module).send(request, f"{path}?{query}" if query else path)

    def function(self, module: str) -> VercelFunction:
        """Return the function of a module such as `operations.health`."""
        if module not in self._functions:
            self._functions[module] = VercelFunction(module, self._env, process=ForkedProcess)
        return self._functions[module]

    def stop(self) -> None:
        """End every function."""
        for function in self._functions.values():
            function.stop()

    def _route(self, path: str) -> tuple[str, str]:
        if self._single:
            return "index", ""
        if (ROOT / f"{path.lstrip('/')}.py").is_file():
            return _module(path), ""
        for rewrite in self._rewrites:
            if (match := rewrite.pattern.fullmatch(path)) is not None:
                parameters = match.groupdict("").items()
                return rewrite.module, "&".join(f"{name}={value}" for name, value in parameters)
        raise LookupError(f"Vercel has no function for {path}")


class _Rewrite:
    def __init__(self, row: dict[str, Any]) -> None:
        # As in path-to-regexp, a segment is not empty, and a slash at the end is not optional.
        self.pattern = re.compile(re.sub(r":(\w+)", r"(?P<\1>[^/]+)", row["source"]))
        self.module = _module(row["destination"])


def _module(path: str) -> str:
    """Return the module of a path: `/api/assessment/submit` → `assessment.submit`."""
    return path.removeprefix("/api/").replace("/", ".")


def _runtime_env(module: str, ipc: Path, root: Path) -> dict[str, str]:
    entrypoint = f"api/{module.replace('.', '/')}.py"
    return {
        "VERCEL_IPC_PATH": str(ipc),
        "__VC_HANDLER_MODULE_NAME": f"api.{module}",
        "__VC_HANDLER_ENTRYPOINT": entrypoint,
        "__VC_HANDLER_ENTRYPOINT_ABS": str(root / entrypoint),
        "__VC_HANDLER_VENDOR_DIR": "_vendor",
        "__VC_HANDLER_VARIABLE_NAME": "app",
    }
