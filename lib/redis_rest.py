"""Redis over REST, as a cache that may be lost, wrong or late at any moment.

No call here raises: None means "Redis did not answer", and the caller continues with Postgres.
A write may have been executed although its reply was lost, so nothing is retried here and every
write must be safe to repeat. The official client sends the commands; `_BoundedTransport` adds the
limits that it lacks.
"""

import json
import ssl
import time
from collections.abc import Sequence
from functools import cache
from http import HTTPStatus
from typing import Any

import httpx
from upstash_redis import Redis
from upstash_redis.http import SyncHttpClient, make_headers

from lib.logs import log

TIMEOUT_SECONDS = 1.0
COOLDOWN_SECONDS = 5.0
"""Time for which the circuit breaker stays open after a failure, so that an unresponsive
Redis delays one call in five seconds and not every call."""
MAX_REPLY_BYTES = 4 * 1024 * 1024
CONNECTIONS = 10
"""Connections that are kept open between calls."""
Command = Sequence[str | int | float]


class RedisRest:
    """One Redis database behind its REST address; safe for threads."""

    def __init__(self, url: str, token: str, *, cooldown_seconds: float = COOLDOWN_SECONDS) -> None:
        self._client = _Client(url.rstrip("/"), token)
        self._cooldown_seconds = cooldown_seconds
        self._open_until = 0.0

    def pipeline(self, commands: Sequence[Command]) -> list[Any] | None:
        """Run commands in order in one HTTP call, not atomically.

        Returns:
            A result for each command, as the official client casts it (`SET` gives True or False);
            for a command that failed, the cast of null: None, or False for `SET`. None instead
            of a list if Redis did not answer.
        """
        return self._run(commands, atomic=False)

    def multi(self, commands: Sequence[Command]) -> list[Any] | None:
        """Run commands atomically in one HTTP call; results as `pipeline` gives them."""
        return self._run(commands, atomic=True)

    @property
    def circuit_open(self) -> bool:
        """Whether a recent failure keeps calls from being tried."""
        return time.monotonic() < self._open_until

    def close_circuit(self) -> None:
        """Forget the last failure, so that the next call is tried."""
        self._open_until = 0.0

    def close(self) -> None:
        """Close the connections."""
        self._client.close()  # type: ignore[no-untyped-call]

    def _run(self, commands: Sequence[Command], *, atomic: bool) -> list[Any] | None:
        if self.circuit_open:
            return None
        batch = self._client.multi() if atomic else self._client.pipeline()
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


class _Client(Redis):
    """The official client, which sends requests with ours.

    Its constructor would make an HTTP client without limits, and offers no public way to give it
    another one. It would also read the certificates of all authorities once more.
    """

    def __init__(self, address: str, token: str) -> None:
        self._url = address
        self._allow_telemetry = False
        self._headers = make_headers(token, None, self._allow_telemetry)
        self._read_your_writes = False  # needs a token that all threads would share
        self._sync_token = ""
        self._http = _Sender(address)


class _Sender(SyncHttpClient):
    """The official client's sender of requests, which repeats none, within our limits."""

    def __init__(self, address: str) -> None:
        self._encoding = None
        self._retries = 0
        self._retry_interval = 0.0
        self._sync_token_cb = None
        # Without TLS, a context that trusts nobody; the default one reads the certificates first.
        is_encrypted = address.startswith("https:")
        verify = _certificates() if is_encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # The pool is unlimited, since waiting for a connection would count as a failure of Redis.
        limits = httpx.Limits(
            max_connections=None, max_keepalive_connections=CONNECTIONS, keepalive_expiry=60
        )
        self._client = httpx.Client(
            transport=_BoundedTransport(
                httpx.HTTPTransport(verify=verify, limits=limits, trust_env=False)
            ),
            # Uncompressed, so that MAX_REPLY_BYTES limits the memory of a reply.
            headers={"Accept-Encoding": "identity"},
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )


@cache
def _certificates() -> ssl.SSLContext:
    """Return the authorities that sign servers' certificates, read once in a process."""
    return httpx.create_ssl_context(trust_env=False)


class _BoundedTransport(httpx.BaseTransport):
    """Limits the size and the duration of a reply's body, and checks its shape.

    The official client raises for a whole pipeline if one of its commands failed, and ignores
    results beyond the number of commands. Here a failed command becomes a null result.
    """

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request and read the whole reply.

        Raises:
            ValueError: If the status is not 200, or the body is too long, too slow, or without
                exactly one result for each command.
        """
        deadline = time.monotonic() + TIMEOUT_SECONDS
        reply = self._inner.handle_request(request)
        try:
            if reply.status_code != HTTPStatus.OK:
                raise ValueError(f"HTTP {reply.status_code}")
            text = bytearray()
            for chunk in reply.iter_raw():
                text += chunk
                if len(text) > MAX_REPLY_BYTES or time.monotonic() > deadline:
                    raise ValueError("the reply is too long or too slow")
        finally:
            reply.close()
        content = _without_errors(bytes(text), len(json.loads(request.content)))
        return httpx.Response(HTTPStatus.OK, content=content)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def _without_errors(text: bytes, command_count: int) -> bytes:
    """Return the reply with a null result in place of each command's error, which is logged."""
    results = json.loads(text)
    if not isinstance(results, list) or len(results) != command_count:
        raise ValueError("the reply does not hold one result for each command")
    if all("error" not in result for result in results):
        return text
    for position, result in enumerate(results):
        if "error" in result:
            log("redis_command_failed", reason=str(result["error"])[:200])
            results[position] = {"result": None}
    return json.dumps(results).encode()
