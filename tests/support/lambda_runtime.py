"""An AWS deployment on this machine: Lambda's real runtime client with a local Runtime API.

The client fetches events from the Runtime API and posts what the handler returned or raised.
`LambdaDeployment` does what API Gateway does: it routes by `serverless.yml` and makes events in
format 2.0.
"""

import base64
import json
import queue
import re
import threading
import time
import uuid
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote

from tests.support.forks import ROOT
from tests.support.processes import THIS_TREE, ForkedProcess, Process, Tree
from tests.support.wire import Request, Response

RUNTIME = "/2018-06-01/runtime"
DEADLINE_SECONDS = 60.0
POLL_SECONDS = 0.02


class HandlerError(Exception):
    """An error of the handler, as Lambda reports it."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Log nothing: a function that is killed resets its connection."""


class RuntimeApi:
    """Lambda's Runtime API, for one event at a time.

    Attributes:
        request_ids: Lambda's id of each event so far.
    """

    def __init__(self) -> None:
        self._events: queue.Queue[Any] = queue.Queue()
        self.request_ids: list[str] = []
        self._results: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._server = _Server(("127.0.0.1", 0), self._make_handler())
        serve = threading.Thread(target=self._server.serve_forever, args=(POLL_SECONDS,))
        serve.daemon = True
        serve.start()
        self.address = f"127.0.0.1:{self._server.server_port}"

    def invoke(self, event: Any) -> Any:
        """Run the handler on an event and return its result.

        Raises:
            HandlerError: If the handler raised, or its module could not be imported.
        """
        self._events.put(event)
        kind, payload = self._results.get(timeout=DEADLINE_SECONDS)
        if kind != "response":
            raise HandlerError(payload.decode())
        return json.loads(payload)

    def stop(self) -> None:
        """Free the port."""
        self._server.shutdown()
        self._server.server_close()

    def _make_handler(api) -> type[BaseHTTPRequestHandler]:  # noqa: N805 `self` is the request's
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                event = json.dumps(api._events.get()).encode()
                self.send_response(200)
                api.request_ids.append(str(uuid.uuid4()))
                self.send_header("Lambda-Runtime-Aws-Request-Id", api.request_ids[-1])
                deadline = round(1000 * (time.time() + DEADLINE_SECONDS))
                self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:test")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(event)))
                self.end_headers()
                self.wfile.write(event)

            def do_POST(self) -> None:
                payload = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()
                api._results.put((self.path.rpartition("/")[2], payload))

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        return Handler


class LambdaFunction:
    """A function of this project, or of another, in the real runtime client."""

    def __init__(
        self,
        handler: str,
        env: Mapping[str, str],
        tree: Tree = THIS_TREE,
        process: type[Process] = Process,
    ) -> None:
        self._api = RuntimeApi()
        name = handler.partition(".")[0].removeprefix("api/").replace("/", "_")
        self._process = process(
            ["-m", "awslambdaric", handler],
            {
                **env,
                "AWS_LAMBDA_RUNTIME_API": self._api.address,
                "AWS_LAMBDA_FUNCTION_NAME": f"stepwise-test-{name}",
                "AWS_LAMBDA_FUNCTION_VERSION": "1",
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
                "AWS_LAMBDA_LOG_GROUP_NAME": "test",
                "AWS_LAMBDA_LOG_STREAM_NAME": "test",
                "AWS_REGION": "eu-central-1",
                "LAMBDA_TASK_ROOT": str(tree.root),
            },
            tree,
        )

    def invoke(self, event: Any) -> Any:
        """Run the handler; see `RuntimeApi.invoke`."""
        return self._api.invoke(event)

    def send(self, request: Request, template: str) -> Response:
        """Translate a request and the response as API Gateway does."""
        result = self.invoke(http_event(request, template))
        raw = result.get("body", "")
        body = base64.b64decode(raw) if result.get("isBase64Encoded") else raw.encode()
        return Response.of(result["statusCode"], result.get("headers", {}), body)

    @property
    def last_request_id(self) -> str:
        """Lambda's id of the last event."""
        return self._api.request_ids[-1]

    def output(self) -> str:
        """Return what the function has logged so far."""
        return self._process.output()

    def stop(self) -> float:
        """End the process, then its Runtime API; return the process's CPU time, seconds."""
        cpu_seconds = self._process.stop()
        self._api.stop()
        return cpu_seconds


class LambdaDeployment:
    """Every function of the project, each started on its first request."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = dict(env)
        self._functions: dict[str, LambdaFunction] = {}
        self.routes = read_routes((ROOT / "serverless.yml").read_text())

    def send(self, request: Request) -> Response:
        """Route and translate a request as API Gateway does."""
        path = request.path.partition("?")[0]
        handler, template = self._route(request.method, path)
        return self.function(handler).send(request, template)

    def function(self, handler: str) -> LambdaFunction:
        """Return the function of a handler such as `api/operations/health.lambda_handler`."""
        if handler not in self._functions:
            self._functions[handler] = LambdaFunction(handler, self._env, process=ForkedProcess)
        return self._functions[handler]

    def stop(self) -> None:
        """End every function."""
        for function in self._functions.values():
            function.stop()

    def _route(self, method: str, path: str) -> tuple[str, str]:
        for (route_method, template), handler in self.routes.items():
            if route_method == method and _pattern(template).fullmatch(path):
                return handler, template
        return self.routes["ANY", "$default"], "$default"


def read_routes(serverless: str) -> dict[tuple[str, str], str]:
    """Return the handler of each method and path in the generated part of serverless.yml."""
    routes: dict[tuple[str, str], str] = {}
    handler = ""
    for line in serverless.splitlines():
        key, _, value = line.strip().removeprefix("- ").partition(": ")
        if key == "handler":
            handler = value
        elif key == "httpApi" and value == '"*"':
            routes["ANY", "$default"] = handler
        elif key == "httpApi" and value:
            event = json.loads(value)
            routes[event["method"], event["path"]] = handler
    return routes


def http_event(request: Request, template: str) -> dict[str, Any]:
    """Return the request as an event of an HTTP API, format 2.0."""
    path, _, query = request.path.partition("?")
    raw, headers = request.encoded()
    match = _pattern(template).fullmatch(path)
    return {
        "version": "2.0",
        "routeKey": "$default" if template == "$default" else f"{request.method} {template}",
        "rawPath": unquote(path),
        "rawQueryString": query,
        "headers": {"host": "example.execute-api.eu-central-1.amazonaws.com", **headers},
        "queryStringParameters": dict(parse_qsl(query)),
        "pathParameters": match.groupdict() if match else {},
        "requestContext": _request_context(request.method, unquote(path), template),
        "body": raw.decode("utf-8", "replace") if raw else None,
        "isBase64Encoded": False,
    }


def schedule_event() -> dict[str, Any]:
    """Return the event that EventBridge sends when a schedule is due."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-01-01T03:00:00Z",
        "region": "eu-central-1",
        "resources": ["arn:aws:events:eu-central-1:123456789012:rule/test"],
        "detail": {},
    }


def _request_context(method: str, path: str, template: str) -> dict[str, Any]:
    return {
        "accountId": "123456789012",
        "apiId": "example",
        "domainName": "example.execute-api.eu-central-1.amazonaws.com",
        "domainPrefix": "example",
        "http": {
            "method": method,
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": "203.0.113.7",
            "userAgent": "test",
        },
        "requestId": str(uuid.uuid4()),
        "routeKey": template if template == "$default" else f"{method} {template}",
        "stage": "$default",
        "time": "01/Jan/2026:03:00:00 +0000",
        "timeEpoch": 1767236400000,
    }


def _pattern(template: str) -> re.Pattern[str]:
    if template == "$default":
        return re.compile(r".*")
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
