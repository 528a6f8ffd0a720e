"""The requests of one connection to the gateway, answered or deliberately answered wrong."""

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

from local.redis_gateway.faults import Fault, Faults, Switch
from local.redis_gateway.redis_protocol import ErrorReply, Link, Links, Reply
from local.redis_gateway.upstash_protocol import (
    Ask,
    Json,
    Kind,
    Refusal,
    many_answer,
    read_ask,
    single_answer,
    unserved,
)

MAX_REQUEST_BYTES = 10 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
SWITCHES = "/_faults"
UNAUTHORIZED = (
    "WRONGPASS invalid or missing auth token. "
    "See https://docs.upstash.com/redis/troubleshooting/http_unauthorized for details."
)
TOO_LARGE = "ERR max request size exceeded. Limit: {} bytes, Actual: {} bytes."
TOO_MANY = "ERR max requests limit exceeded."
PAGE = b"<!doctype html><title>502 Bad Gateway</title><h1>502 Bad Gateway</h1>"
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds


class Desk(Protocol):
    """What a conversation needs of its gateway."""

    faults: Faults
    links: Links
    requests: int
    commands: int

    def admits(self, given: str) -> bool:
        """True for the right token."""

    def count(self, commands: int) -> None:
        """Note a request."""


class HungUp(Exception):
    """We cut the connection on purpose."""


class Conversation(BaseHTTPRequestHandler):
    """Answers until the caller hangs up, or we do."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, connection: socket.socket, address: Any, desk: Desk) -> None:
        """Serve the whole connection; returns when it is over."""
        self._desk = desk
        super().__init__(connection, address, cast("Any", None))  # no server of that module

    def serve(self) -> None:
        """Answer one request."""
        try:
            body = self._read_body()
            self._require_token()
            if urlsplit(self.path).path == SWITCHES:
                self.close_connection = True  # behind a closed door no connection stays
                self._answer(HTTPStatus.OK, _turn(self._desk, self.command, body))
            elif self.command == "HEAD":
                self._send(HTTPStatus.OK, b"")
            else:
                self._run(read_ask(self.command, self.path, body))
        except Refusal as refusal:
            self._answer(refusal.status, {"error": str(refusal)})

    do_HEAD = do_GET = do_POST = do_PUT = serve  # noqa: N815 names that http.server calls

    def _read_body(self) -> bytes:
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise Refusal("ERR a length is required", HTTPStatus.LENGTH_REQUIRED)
        given = self.headers.get("Content-Length", "0")
        length = int(given) if given.isdecimal() else 0
        if length > MAX_REQUEST_BYTES:
            self._discard(length)
            raise Refusal(TOO_LARGE.format(MAX_REQUEST_BYTES, length))
        body = self.rfile.read(length)
        if len(body) != length:
            self._hang_up()
        return body

    def _discard(self, length: int) -> None:
        """Read what comes: who is cut off while sending never sees the answer."""
        self.close_connection = True
        left = length
        while left > 0 and (chunk := self.rfile.read(min(left, CHUNK_BYTES))):
            left -= len(chunk)

    def _require_token(self) -> None:
        """`?_token=` comes before the header, which may say Bearer or not."""
        header = self.headers.get("Authorization", "").strip()
        scheme, _, rest = header.partition(" ")
        bearer = rest.strip() if scheme.lower() == "bearer" else header
        given = parse_qs(urlsplit(self.path).query).get("_token", [bearer])[0]
        if not self._desk.admits(given):
            raise Refusal(UNAUTHORIZED, HTTPStatus.UNAUTHORIZED)

    def _run(self, ask: Ask) -> None:
        self._desk.count(len(ask.commands))
        switch = self._desk.faults.meet()
        if switch is None:
            self._answer(*self._execute(ask))
        else:
            self._MISBEHAVE[switch.fault](self, ask, switch)

    def _execute(self, ask: Ask, lie: Switch | None = None) -> tuple[HTTPStatus, Json]:
        base64 = self.headers.get("Upstash-Encoding") == "base64"
        try:
            with self._desk.links.borrow() as link:
                replies = _replies(link, ask)
        except OSError as error:
            raise Refusal(f"ERR Redis is away: {error}", HTTPStatus.SERVICE_UNAVAILABLE) from None
        if isinstance(replies, list):
            if lie is not None:
                replies = [_false(reply, lie.value) for reply in replies]
            if ask.kind is Kind.SINGLE:
                return single_answer(replies[0], base64=base64)
        return many_answer(replies, base64=base64)

    def _close(self, _ask: Ask, _switch: Switch) -> None:
        self._hang_up()

    def _hang(self, _ask: Ask, _switch: Switch) -> None:
        self._desk.faults.wait_until_over()
        self._hang_up()

    def _slow(self, ask: Ask, switch: Switch) -> None:
        time.sleep(switch.delay)
        self._answer(*self._execute(ask))

    def _server_error(self, _ask: Ask, _switch: Switch) -> None:
        self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "ERR internal error"})

    def _html(self, _ask: Ask, _switch: Switch) -> None:
        self._send(HTTPStatus.OK, PAGE, "text/html")

    def _truncate(self, ask: Ask, _switch: Switch) -> None:
        status, answer = self._execute(ask)
        text = _packed(answer)
        self._send(status, text[: len(text) // 2])

    def _too_many(self, _ask: Ask, _switch: Switch) -> None:
        self._answer(HTTPStatus.TOO_MANY_REQUESTS, {"error": TOO_MANY})

    def _unauthorized(self, _ask: Ask, _switch: Switch) -> None:
        self._answer(HTTPStatus.UNAUTHORIZED, {"error": UNAUTHORIZED})

    def _lose_reply(self, ask: Ask, _switch: Switch) -> None:
        self._execute(ask)
        self._hang_up()

    def _flush(self, ask: Ask, _switch: Switch) -> None:
        self._execute(Ask(Kind.SINGLE, [[b"FLUSHALL"]]))
        self._answer(*self._execute(ask))

    def _wrong_value(self, ask: Ask, switch: Switch) -> None:
        self._answer(*self._execute(ask, switch))

    _MISBEHAVE: ClassVar[dict[Fault, Callable[["Conversation", Ask, Switch], None]]] = {
        Fault.REFUSE: _close,  # a request that was on its way when the door closed
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

    def _hang_up(self) -> NoReturn:
        """Close with a reset, as a machine that is gone does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        raise HungUp

    def _answer(self, status: HTTPStatus, answer: Json) -> None:
        self._send(status, _packed(answer))

    def _send(self, status: HTTPStatus, text: bytes, kind: str = "application/json") -> None:
        """Write head and body at once: two small writes would wait for each other."""
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(text)}\r\n"
        )
        end = "Connection: close\r\n\r\n" if self.close_connection else "\r\n"
        self.wfile.write((head + end).encode() + text)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Say in our form what http.server found wrong before it called us."""
        del message, explain
        self.close_connection = True
        unknown_method = code == HTTPStatus.NOT_IMPLEMENTED
        self._send(HTTPStatus.METHOD_NOT_ALLOWED if unknown_method else HTTPStatus(code), b"")

    def log_message(self, *_: object) -> None:
        """Say nothing: whoever asks has the answer."""


def _replies(link: Link, ask: Ask) -> list[Reply] | ErrorReply:
    """Run what may run; a transaction with a command that may not is not begun."""
    errors = [unserved(command) for command in ask.commands]
    if ask.kind is Kind.TRANSACTION:
        refused = next(filter(None, errors), None)
        return ErrorReply(refused) if refused else link.run_atomically(ask.commands)
    allowed = [c for c, error in zip(ask.commands, errors, strict=True) if error is None]
    replies = iter(link.run(allowed))
    return [ErrorReply(error) if error else next(replies) for error in errors]


def _false(reply: Reply, value: str | None) -> Reply:
    """A reply of the same form; what only says that a command was accepted stays."""
    match reply:
        case b"OK" | ErrorReply():
            return reply
        case int():
            return reply + 1
        case list():
            return [_false(item, value) for item in reply]
    return b"wrong" if value is None else value.encode()


def _turn(desk: Desk, method: str, body: bytes) -> Json:
    """POST {"fault": "hang", "times": 2} turns on, {"fault": null} off; always tell what is."""
    if method in {"POST", "PUT"}:
        try:
            asked = json.loads(body)
            fault = asked.pop("fault")
            desk.faults.clear()
            if fault is not None:
                desk.faults.switch_on(Fault(fault), **asked)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Refusal(f"ERR not a switch: {error}") from None
    active = desk.faults.active
    return {
        "active": asdict(active) if active else None,
        "met": desk.faults.met,
        "requests": desk.requests,
        "commands": desk.commands,
    }


def _packed(answer: Json) -> bytes:
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()
