"""Upstash's REST protocol: translates requests to Redis commands and Redis replies to responses.

The protocol is described at https://upstash.com/docs/redis/features/restapi; the error messages
are those of the service.
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from local.redis_gateway.redis_protocol import ErrorReply, Reply

# These commands need a connection of their own, or would change the state of a shared one.
NEEDS_CONNECTION = frozenset(
    (
        *("AUTH", "HELLO", "RESET", "QUIT", "SELECT", "CLIENT", "MONITOR", "SYNC", "PSYNC"),
        *("MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH"),
        *("SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE"),
    )
)
UNSUPPORTED = frozenset(
    (
        *("BLPOP", "BRPOP", "BRPOPLPUSH", "BLMOVE", "BZPOPMIN", "BZPOPMAX", "WAIT"),
        *("SHUTDOWN", "CONFIG", "DEBUG", "SAVE", "BGSAVE", "BGREWRITEAOF", "REPLICAOF", "SLAVEOF"),
        *("CLUSTER", "FAILOVER", "MODULE", "LATENCY", "SLOWLOG", "MIGRATE", "SWAPDB"),
    )
)
COMPATIBILITY = "See https://upstash.com/docs/redis/overall/rediscompatibility for details"
OK = b"OK"

Json = dict[str, Any] | list[Any]


class RequestError(Exception):
    """The gateway cannot serve a request; the message becomes `error` in the response."""

    def __init__(self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status


class RequestKind(Enum):
    """The relation of the commands in one request."""

    SINGLE = "single"
    PIPELINE = "pipeline"
    TRANSACTION = "transaction"


@dataclass(frozen=True)
class CommandRequest:
    """The Redis commands of one request."""

    kind: RequestKind
    commands: list[list[bytes]]


def parse_request(method: str, target: str, body: bytes) -> CommandRequest:
    """Return the Redis commands of a request.

    Args:
        method: GET, POST or PUT; the body of a GET is ignored.
        target: Path and query of the request line.
        body: Body as it was sent.

    Raises:
        RequestError: If the request does not follow the protocol.
    """
    url = urlsplit(target)
    text = body if method != "GET" else b""
    match url.path.strip("/"):
        case "":
            return CommandRequest(RequestKind.SINGLE, [_command(_json(text))])
        case "pipeline":
            return CommandRequest(RequestKind.PIPELINE, _commands(_json(text)))
        case "multi-exec":
            return CommandRequest(RequestKind.TRANSACTION, _commands(_json(text)))
    return CommandRequest(RequestKind.SINGLE, [_path_command(url.path, url.query, text)])


def unsupported_error(command: list[bytes]) -> str | None:
    """Return the error for a command that Upstash does not support over REST, else None."""
    name = command[0].decode(errors="replace").upper()
    if name in NEEDS_CONNECTION:
        return f'ERR Command "{name}" is not allowed in REST or it has a special context path'
    blocks = name in {"XREAD", "XREADGROUP"} and b"BLOCK" in map(bytes.upper, command)
    if name in UNSUPPORTED or blocks:
        return f"ERR Command is not available: '{name}'. {COMPATIBILITY}"
    return None


def single_response(reply: Reply, *, base64: bool) -> tuple[HTTPStatus, Json]:
    """Return status and body for one command."""
    if isinstance(reply, ErrorReply):
        return HTTPStatus.BAD_REQUEST, {"error": reply.message}
    return HTTPStatus.OK, {"result": _encoded(reply, base64=base64)}


def batch_response(replies: list[Reply] | ErrorReply, *, base64: bool) -> tuple[HTTPStatus, Json]:
    """Return status and body for a pipeline, or for a transaction, which may have been refused."""
    if isinstance(replies, ErrorReply):
        return HTTPStatus.BAD_REQUEST, {"error": replies.message}
    return HTTPStatus.OK, [single_response(reply, base64=base64)[1] for reply in replies]


def _json(text: bytes) -> Any:
    """Parse JSON but keep numbers as text: Redis must get `1e3` as it was sent, not `1000.0`."""
    if not text.strip():
        raise RequestError("EOF")
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=_reject_constant)
    except (ValueError, RecursionError):
        raise RequestError("ERR failed to parse the request: invalid JSON") from None


def _reject_constant(name: str) -> Any:
    raise ValueError(name)


def _commands(value: Any) -> list[list[bytes]]:
    if not isinstance(value, list):
        raise RequestError("expected JSON array")
    if not value:
        raise RequestError("ERR empty pipeline request")
    return [_command(item) for item in value]


def _command(value: Any) -> list[bytes]:
    if not isinstance(value, list):
        raise RequestError("expected JSON array")
    if not value:
        raise RequestError("ERR empty command")
    return [_argument(item) for item in value]


def _argument(value: Any) -> bytes:
    match value:
        case bool():
            return b"true" if value else b"false"
        case str():
            return value.encode(errors="replace")
        case None:
            raise RequestError("ERR null args are not supported")
    raise RequestError(f"ERR unsupported arg type: {type(value).__name__}")


def _path_command(path: str, query: str, body: bytes) -> list[bytes]:
    """Build a command from the path, then the body, then the query, as in `/set/key?EX=60`."""
    command = [unquote(part, "utf-8", "surrogateescape") for part in path[1:].split("/")]
    options = [
        word
        for name, value in parse_qsl(query, keep_blank_values=True)
        if name != "_token"
        for word in ((name, value) if value else (name,))
    ]
    return [
        *(part.encode(errors="surrogateescape") for part in command),
        *([body] if body else []),
        *(word.encode() for word in options),
    ]


def _encoded(reply: Reply, *, base64: bool) -> Any:
    match reply:
        case bytes():
            if base64 and reply != OK:
                return b64encode(reply).decode()
            return reply.decode(errors="replace")
        case list():
            return [_encoded(item, base64=base64) for item in reply]
        case ErrorReply():
            return reply.message
    return reply
