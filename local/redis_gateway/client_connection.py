"""One HTTP connection to the gateway: serves its requests, or fails them on purpose."""

import json
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar, NoReturn, Protocol, cast
from urllib.parse import parse_qs, urlsplit

from local.redis_gateway.faults import ActiveFault, Fault, Faults
from local.redis_gateway.redis_protocol import (
    ConnectionPool,
    ErrorReply,
    RedisConnection,
    Reply,
)
from local.redis_gateway.upstash_protocol import (
    CommandRequest,
    Json,
    RequestError,
    RequestKind,
    batch_response,
    parse_request,
    single_response,
    unsupported_error,
)

MAX_REQUEST_BYTES = 10 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
FAULTS_PATH = "/_faults"
UNAUTHORIZED = (
    "WRONGPASS invalid or missing auth token. "
    "See https://docs.upstash.com/redis/troubleshooting/http_unauthorized for details."
)
TOO_LARGE = "ERR max request size exceeded. Limit: {} bytes, Actual: {} bytes."
TOO_MANY_REQUESTS = "ERR max requests limit exceeded."
ERROR_PAGE = b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds


class GatewayState(Protocol):
    """The parts of the gateway that its connections use."""

    faults: Faults
    redis: ConnectionPool
    requests: int
    commands: int

    def accepts_token(self, token: str) -> bool:
        """Return whether the token is the gateway's."""

    def count_request(self, commands: int) -> None:
        """Add a request with this number of commands to the counters."""


class ConnectionClosed(Exception):
    """The gateway closed the connection on purpose."""


class ClientConnection(BaseHTTPRequestHandler):
    """Serves requests until either side closes the connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, connection: socket.socket, address: Any, gateway: GatewayState) -> None:
        """Serve the whole connection; return when it is closed."""
        self._gateway = gateway
        super().__init__(connection, address, cast("Any", None))  # not run by http.server's server

    def serve(self) -> None:
        """Serve one request."""
        try:
            body = self._read_body()
            self._require_token()
            if urlsplit(self.path).path == FAULTS_PATH:
                self.close_connection = True  # REFUSE would close every connection but this one
                self._respond(HTTPStatus.OK, _switch_faults(self._gateway, self.command, body))
            elif self.command == "HEAD":
                self._send(HTTPStatus.OK, b"")
            else:
                self._run(parse_request(self.command, self.path, body))
        except RequestError as error:
            self._respond(error.status, {"error": str(error)})

    do_HEAD = do_GET = do_POST = do_PUT = serve  # noqa: N815 http.server calls these names

    def _read_body(self) -> bytes:
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise RequestError("ERR a length is required", HTTPStatus.LENGTH_REQUIRED)
        header = self.headers.get("Content-Length", "0")
        length = int(header) if header.isdecimal() else 0
        if length > MAX_REQUEST_BYTES:
            self._discard(length)
            raise RequestError(TOO_LARGE.format(MAX_REQUEST_BYTES, length))
        body = self.rfile.read(length)
        if len(body) != length:
            self._close_connection()
        return body

    def _discard(self, length: int) -> None:
        """Read and drop the body: a client that is cut off while sending reads no response."""
        self.close_connection = True
        remaining = length
        while remaining > 0 and (chunk := self.rfile.read(min(remaining, CHUNK_BYTES))):
            remaining -= len(chunk)

    def _require_token(self) -> None:
        """Check the token in `?_token=` or, without one, in the header, even without `Bearer`."""
        header = self.headers.get("Authorization", "").strip()
        scheme, _, credentials = header.partition(" ")
        bearer = credentials.strip() if scheme.lower() == "bearer" else header
        token = parse_qs(urlsplit(self.path).query).get("_token", [bearer])[0]
        if not self._gateway.accepts_token(token):
            raise RequestError(UNAUTHORIZED, HTTPStatus.UNAUTHORIZED)

    def _run(self, request: CommandRequest) -> None:
        self._gateway.count_request(len(request.commands))
        fault = self._gateway.faults.for_request()
        if fault is None:
            self._respond(*self._execute(request))
        else:
            self._FAULT_HANDLERS[fault.kind](self, request, fault)

    def _execute(
        self, request: CommandRequest, wrong_value: ActiveFault | None = None
    ) -> tuple[HTTPStatus, Json]:
        base64 = self.headers.get("Upstash-Encoding") == "base64"
        try:
            with self._gateway.redis.borrow() as connection:
                replies = _replies(connection, request)
        except OSError as error:
            raise RequestError(
                f"ERR Redis does not answer: {error}", HTTPStatus.SERVICE_UNAVAILABLE
            ) from None
        if isinstance(replies, list):
            if wrong_value is not None:
                replies = [_falsified(reply, wrong_value.value) for reply in replies]
            if request.kind is RequestKind.SINGLE:
                return single_response(replies[0], base64=base64)
        return batch_response(replies, base64=base64)

    def _close(self, _request: CommandRequest, _fault: ActiveFault) -> None:
        self._close_connection()

    def _hang(self, _request: CommandRequest, _fault: ActiveFault) -> None:
        self._gateway.faults.wait_until_cleared()
        self._close_connection()

    def _slow(self, request: CommandRequest, fault: ActiveFault) -> None:
        time.sleep(fault.delay)
        self._respond(*self._execute(request))

    def _server_error(self, _request: CommandRequest, _fault: ActiveFault) -> None:
        self._respond(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "ERR internal error"})

    def _html(self, _request: CommandRequest, _fault: ActiveFault) -> None:
        self._send(HTTPStatus.OK, ERROR_PAGE, "text/html")

    def _truncate(self, request: CommandRequest, _fault: ActiveFault) -> None:
        status, body = self._execute(request)
        text = _encoded(body)
        self._send(status, text[: len(text) // 2])

    def _too_many(self, _request: CommandRequest, _fault: ActiveFault) -> None:
        self._respond(HTTPStatus.TOO_MANY_REQUESTS, {"error": TOO_MANY_REQUESTS})

    def _unauthorized(self, _request: CommandRequest, _fault: ActiveFault) -> None:
        self._respond(HTTPStatus.UNAUTHORIZED, {"error": UNAUTHORIZED})

    def _lose_reply(self, request: CommandRequest, _fault: ActiveFault) -> None:
        self._execute(request)
        self._close_connection()

    def _flush(self, request: CommandRequest, _fault: ActiveFault) -> None:
        self._execute(CommandRequest(RequestKind.SINGLE, [[b"FLUSHALL"]]))
        self._respond(*self._execute(request))

    def _wrong_value(self, request: CommandRequest, fault: ActiveFault) -> None:
        self._respond(*self._execute(request, fault))

    _FAULT_HANDLERS: ClassVar[
        dict[Fault, Callable[["ClientConnection", CommandRequest, ActiveFault], None]]
    ] = {
        Fault.REFUSE: _close,  # for a request that was under way when the port closed
        Fault.CLOSE: _close,
        Fault.HANG: _hang,
        Fault.SLOW: _slow,
        Fault.SERVER_ERROR: _server_error,
        Fault.HTML: _html,
        Fault.TRUNCATE: _truncate,
        Fault.TOO_MANY: _too_many,
        Fault.UNAUTHORIZED: _unauthorized,
        Fault.LOSE_REPLY: _lose_reply,
        Fault.FLUSH: _flush,
        Fault.WRONG_VALUE: _wrong_value,
    }

    def _close_connection(self) -> NoReturn:
        """Reset the connection, like a machine that has crashed and restarted."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        raise ConnectionClosed

    def _respond(self, status: HTTPStatus, body: Json) -> None:
        self._send(status, _encoded(body))

    def _send(self, status: HTTPStatus, body: bytes, kind: str = "application/json") -> None:
        """Write head and body at once: the second of two small writes may be delayed."""
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        )
        end = "Connection: close\r\n\r\n" if self.close_connection else "\r\n"
        self.wfile.write((head + end).encode() + body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Respond to a request that http.server rejected, with a status and no body."""
        del message, explain
        self.close_connection = True
        unknown_method = code == HTTPStatus.NOT_IMPLEMENTED
        self._send(HTTPStatus.METHOD_NOT_ALLOWED if unknown_method else HTTPStatus(code), b"")

    def log_message(self, *_: object) -> None:
        """Log nothing: the caller has the response."""


def _replies(connection: RedisConnection, request: CommandRequest) -> list[Reply] | ErrorReply:
    """Run the supported commands; run no transaction that contains an unsupported one."""
    errors = [unsupported_error(command) for command in request.commands]
    if request.kind is RequestKind.TRANSACTION:
        first_error = next(filter(None, errors), None)
        if first_error:
            return ErrorReply(first_error)
        return connection.run_atomically(request.commands)
    supported = [c for c, error in zip(request.commands, errors, strict=True) if error is None]
    replies = iter(connection.run(supported))
    return [ErrorReply(error) if error else next(replies) for error in errors]


def _falsified(reply: Reply, value: str | None) -> Reply:
    """Falsify a reply but keep its type; null becomes a text, and `OK` and errors stay."""
    match reply:
        case b"OK" | ErrorReply():
            return reply
        case int():
            return reply + 1
        case list():
            return [_falsified(item, value) for item in reply]
    return b"wrong" if value is None else value.encode()


def _switch_faults(gateway: GatewayState, method: str, body: bytes) -> Json:
    """Switch a fault on or off and return the state of the gateway.

    POST {"fault": "hang", "times": 2} switches a fault on, {"fault": null} switches it off, and
    GET only reads.
    """
    faults = gateway.faults
    if method in {"POST", "PUT"}:
        try:
            options = json.loads(body)
            fault = options.pop("fault")
            faults.clear()
            if fault is not None:
                faults.switch_on(Fault(fault), **options)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise RequestError(f"ERR not a valid fault: {error}") from None
    return {
        "active": _described(faults.active) if faults.active else None,
        "affected_requests": faults.affected_requests,
        "requests": gateway.requests,
        "commands": gateway.commands,
    }


def _described(fault: ActiveFault) -> Json:
    values = asdict(fault)
    return {"fault": values.pop("kind"), **values}


def _encoded(body: Json) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
