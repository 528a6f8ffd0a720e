"""Redis over REST, as a cache that may be lost, wrong or late at any moment.

No call here raises: None means that there is no reply, and the caller continues with Postgres.
A write may have been executed although its reply was lost, so nothing is retried here and every
write must be safe to repeat. The official client writes the commands and casts the results;
`_HttpClient` sends them, within limits that httpx lacks and in a third of its processor time.
"""

import http.client
import json
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from select import select
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

from upstash_redis import Redis
from upstash_redis.http import SyncHttpClient, make_headers

from lib.logs import log

TIMEOUT_SECONDS = 1.0
COOLDOWN_SECONDS = 5.0
"""Time for which the circuit breaker stays open after a failure, so that an unresponsive
Redis delays one call in five seconds and not every call."""
MAX_REPLY_BYTES = 4 * 1024 * 1024
CONNECTIONS = 10
"""Maximum number of idle connections that are kept open between calls."""
IDLE_SECONDS = 60.0
"""Time after which an idle connection is not used again, since its server may have closed it."""
Command = Sequence[str | int | float]


class RedisRest:
    """One Redis database behind its REST address; thread-safe."""

    def __init__(self, url: str, token: str, *, cooldown_seconds: float = COOLDOWN_SECONDS) -> None:
        self._client = _Client(url.rstrip("/"), token)
        self._cooldown_seconds = cooldown_seconds
        self._open_until = 0.0

    def pipeline(self, commands: Sequence[Command]) -> list[Any] | None:
        """Run commands in order in one HTTP call, not atomically.

        Returns:
            A result for each command, as the official client casts it (`SET` gives True or False).
            The result of a command that failed is None, or False for `SET`. None instead of a list
            if there is no reply, or if the commands were not sent.
        """
        if self.circuit_open:
            return None
        batch = self._client.pipeline()
        for command in commands:
            batch.execute(list(command))
        try:
            results = list(batch.exec())
        except UnicodeEncodeError:  # raised before anything is sent, so Redis is not at fault
            log("redis_command_not_encodable")
            return None
        except Exception as error:  # noqa: BLE001 a cache may fail in any way
            self._open_until = time.monotonic() + self._cooldown_seconds
            log("redis_unavailable", kind=type(error).__name__, reason=str(error)[:200])
            return None
        return results

    @property
    def circuit_open(self) -> bool:
        """Whether the circuit breaker is open: a call failed recently, so none is tried."""
        return time.monotonic() < self._open_until

    def close_circuit(self) -> None:
        """Close the circuit breaker, so that the next call is tried."""
        self._open_until = 0.0

    def close(self) -> None:
        """Close the connections."""
        self._client.close()  # type: ignore[no-untyped-call]


class _Client(Redis):
    """The official client, with our HTTP client in place of its own.

    Its constructor would make an HTTP client without limits, and offers no public way to give it
    another one. It would also read the certificates of all authorities again.
    """

    def __init__(self, address: str, token: str) -> None:
        self._url = address
        self._allow_telemetry = False
        self._headers = make_headers(token, None, self._allow_telemetry)
        self._read_your_writes = False  # needs a token that all threads would share
        self._sync_token = ""
        self._http = _Sender()


class _Sender(SyncHttpClient):
    """The official client's HTTP sender, with our limits and without retries."""

    def __init__(self) -> None:
        self._encoding = None
        self._retries = 0
        self._retry_interval = 0.0
        self._sync_token_cb = None
        self._client = cast("Any", _HttpClient())  # it has the methods that the base class calls


class _HttpClient:
    """The part of `httpx.Client` that the official client calls; it keeps connections open."""

    def __init__(self) -> None:
        self._idle: list[tuple[http.client.HTTPConnection, float]] = []
        self._lock = threading.Lock()

    def post(self, url: str, *, headers: Mapping[str, str], json: list[Any]) -> "_Reply":
        """Send commands and read the whole reply.

        Raises:
            UnicodeEncodeError: If a command cannot be sent.
            ValueError: If the address is invalid, the status is not 200, or the body is too long,
                too slow, or without exactly one result for each command.
            OSError, http.client.HTTPException: If the connection fails.
        """
        body = _compact_json(json)
        deadline = time.monotonic() + TIMEOUT_SECONDS
        address = urlsplit(url)
        connection = self._take() or _connection(address)
        try:
            connection.request(
                "POST", address.path, body, {**headers, "Content-Type": "application/json"}
            )
            with connection.getresponse() as reply:
                results = _results(_read(reply, deadline), len(json))
        except BaseException:
            connection.close()
            raise
        self._give_back(connection)
        return _Reply(results)

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    def _take(self) -> http.client.HTTPConnection | None:
        """Return the most recently used connection that is open; None if there is none."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection, since = self._idle.pop()
            if time.monotonic() - since < IDLE_SECONDS and _is_open(connection):
                return connection
            connection.close()

    def _give_back(self, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            if connection.sock is not None and len(self._idle) < CONNECTIONS:
                self._idle.append((connection, time.monotonic()))
                return
        connection.close()


class _Reply:
    """The part of `httpx.Response` that the official client reads."""

    def __init__(self, results: list[Any]) -> None:
        self.headers: dict[str, str] = {}
        self._results = results

    def json(self) -> list[Any]:
        """Return the result of each command, as Redis sent it."""
        return self._results


def _connection(address: SplitResult) -> http.client.HTTPConnection:
    """Return a connection that opens with the first request; no proxy is used.

    Raises:
        ValueError: If the address has no host, or its scheme is neither http nor https.
    """
    host, port = address.hostname, address.port
    if host and address.scheme == "https":
        return http.client.HTTPSConnection(
            host, port or 443, timeout=TIMEOUT_SECONDS, context=_certificates()
        )
    if host and address.scheme == "http":
        return http.client.HTTPConnection(host, port or 80, timeout=TIMEOUT_SECONDS)
    raise ValueError("the address does not begin with https:// and a host")


@cache
def _certificates() -> ssl.SSLContext:
    """Return a TLS context with the usual certificate authorities, read once in a process."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)


def _is_open(connection: http.client.HTTPConnection) -> bool:
    """Return whether an idle socket is open: data to read means that the server is closing it."""
    try:
        readable, _, _ = select([connection.sock], [], [], 0)
    except (OSError, ValueError):
        return False
    return not readable


def _read(reply: http.client.HTTPResponse, deadline: float) -> bytes:
    """Read the body of a reply.

    Raises:
        ValueError: If the status is not 200, or the body is longer than MAX_REPLY_BYTES, shorter
            than its headers say, or not complete before the deadline.
    """
    if reply.status != HTTPStatus.OK:
        raise ValueError(f"HTTP {reply.status}")
    text = bytearray()
    while chunk := reply.read1(MAX_REPLY_BYTES):
        text += chunk
        if len(text) > MAX_REPLY_BYTES or time.monotonic() > deadline:
            raise ValueError("the reply is too long or too slow")
    if reply.length:
        raise ValueError("the reply is incomplete")
    return bytes(text)


def _results(text: bytes, command_count: int) -> list[Any]:
    """Return the result of each command; null in place of an error, which is logged.

    The official client would raise for a whole pipeline if one of its commands failed, and ignore
    results beyond the number of commands.

    Raises:
        ValueError: If there is not exactly one result for each command.
    """
    results = json.loads(text)
    if not isinstance(results, list) or len(results) != command_count:
        raise ValueError("the reply does not hold one result for each command")
    for position, result in enumerate(results):
        if "error" in result:
            log("redis_command_failed", reason=str(result["error"])[:200])
            results[position] = {"result": None}
    return results


def _compact_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
