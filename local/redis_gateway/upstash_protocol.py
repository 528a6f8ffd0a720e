"""The REST protocol of Upstash without the network: what a request asks, how an answer looks.

https://upstash.com/docs/redis/features/restapi; the error texts are those of the service.
"""

import json
from base64 import b64encode
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from local.redis_gateway.redis_protocol import ErrorReply, Reply

# What has no meaning without a connection of one's own, or would hold or change a shared one.
NEEDS_CONNECTION = frozenset(
    (
        *("AUTH", "HELLO", "RESET", "QUIT", "SELECT", "CLIENT", "MONITOR", "SYNC", "PSYNC"),
        *("MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH"),
        *("SUBSCRIBE", "UNSUBSCRIBE", "PSUBSCRIBE", "PUNSUBSCRIBE"),
    )
)
NOT_SERVED = frozenset(
    (
        *("BLPOP", "BRPOP", "BRPOPLPUSH", "BLMOVE", "BZPOPMIN", "BZPOPMAX", "WAIT"),
        *("SHUTDOWN", "CONFIG", "DEBUG", "SAVE", "BGSAVE", "BGREWRITEAOF", "REPLICAOF", "SLAVEOF"),
        *("CLUSTER", "FAILOVER", "MODULE", "LATENCY", "SLOWLOG", "MIGRATE", "SWAPDB"),
    )
)
COMPATIBILITY = "See https://upstash.com/docs/redis/overall/rediscompatibility for details"
OK = b"OK"

Json = dict[str, Any] | list[Any]


class Refusal(Exception):
    """The service does not take this request; the text is its `error`."""

    def __init__(self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status


class Kind(Enum):
    """How the commands of one request belong together."""

    SINGLE = "single"
    PIPELINE = "pipeline"
    TRANSACTION = "transaction"


@dataclass(frozen=True)
class Ask:
    """The commands of one request."""

    kind: Kind
    commands: list[list[bytes]]


def read_ask(method: str, target: str, body: bytes) -> Ask:
    """What a request asks for.

    Args:
        method: GET, POST or PUT; only the latter two have a body.
        target: Path and query as they stand in the request line.
        body: As sent.

    Raises:
        Refusal: If it is not a request of this protocol.
    """
    url = urlsplit(target)
    text = body if method != "GET" else b""
    match url.path.strip("/"):
        case "":
            return Ask(Kind.SINGLE, [_command(_json(text))])
        case "pipeline":
            return Ask(Kind.PIPELINE, _commands(_json(text)))
        case "multi-exec":
            return Ask(Kind.TRANSACTION, _commands(_json(text)))
    return Ask(Kind.SINGLE, [_path_command(url.path, url.query, text)])


def unserved(command: list[bytes]) -> str | None:
    """The error for a command that the service does not take over REST, None for others."""
    name = command[0].decode(errors="replace").upper()
    if name in NEEDS_CONNECTION:
        return f'ERR Command "{name}" is not allowed in REST or it has a special context path'
    blocks = name in {"XREAD", "XREADGROUP"} and b"BLOCK" in map(bytes.upper, command)
    if name in NOT_SERVED or blocks:
        return f"ERR Command is not available: '{name}'. {COMPATIBILITY}"
    return None


def single_answer(reply: Reply, *, base64: bool) -> tuple[HTTPStatus, Json]:
    """Status and body for one command."""
    if isinstance(reply, ErrorReply):
        return HTTPStatus.BAD_REQUEST, {"error": reply.message}
    return HTTPStatus.OK, {"result": _encoded(reply, base64=base64)}


def many_answer(replies: list[Reply] | ErrorReply, *, base64: bool) -> tuple[HTTPStatus, Json]:
    """Status and body for a pipeline or a transaction; one error if that was not executed."""
    if isinstance(replies, ErrorReply):
        return HTTPStatus.BAD_REQUEST, {"error": replies.message}
    return HTTPStatus.OK, [single_answer(reply, base64=base64)[1] for reply in replies]


def _json(text: bytes) -> Any:
    """Numbers stay the text they were sent as: 1e3 is no 1000.0 to Redis."""
    if not text.strip():
        raise Refusal("EOF")
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Refusal("ERR failed to parse the request: invalid JSON") from None


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _commands(value: Any) -> list[list[bytes]]:
    if not isinstance(value, list):
        raise Refusal("expected JSON array")
    if not value:
        raise Refusal("ERR empty pipeline request")
    return [_command(item) for item in value]


def _command(value: Any) -> list[bytes]:
    if not isinstance(value, list):
        raise Refusal("expected JSON array")
    if not value:
        raise Refusal("ERR empty command")
    return [_argument(item) for item in value]


def _argument(value: Any) -> bytes:
    match value:
        case bool():
            return b"true" if value else b"false"
        case str():
            return value.encode(errors="replace")
        case None:
            raise Refusal("ERR null args are not supported")
    raise Refusal(f"ERR unsupported arg type: {type(value).__name__}")


def _path_command(path: str, query: str, body: bytes) -> list[bytes]:
    """`/set/key?EX=60` with a body: the body comes after the path, the query after the body."""
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
