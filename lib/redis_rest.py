"""Redis over REST, as a cache that may vanish, lie or lag at any moment.

No call here raises: None means "Redis did not answer", and the caller goes on with Postgres.
A write may have been executed although its answer was lost, so nothing is repeated here and
every write must be safe to repeat.
"""

import json
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import urllib3

from lib.logs import log

TIMEOUT_SECONDS = 1.0
REST_SECONDS = 5.0
"""After a failure Redis is left alone this long, so that a hanging one costs one time limit in
five seconds and not one a call."""
MAX_REPLY_BYTES = 4 * 1024 * 1024
READ_BYTES = 64 * 1024
CONNECTIONS = 10
_NO_ANSWER = (urllib3.exceptions.HTTPError, ValueError, TypeError, KeyError, RecursionError)
"""The last one comes of JSON that is nested without end."""

Command = Sequence[str | int | float]


class RedisRest:
    """One Redis database behind its REST address; safe for threads."""

    def __init__(self, url: str, token: str, *, rest_seconds: float = REST_SECONDS) -> None:
        self._url = url.rstrip("/")
        self._http = urllib3.PoolManager(
            maxsize=CONNECTIONS,
            retries=False,
            timeout=urllib3.Timeout(total=TIMEOUT_SECONDS),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        self._rest_seconds = rest_seconds
        self._asleep_until = 0.0

    def pipeline(self, commands: Sequence[Command]) -> list[Any] | None:
        """Run commands in order in one HTTP call, not atomically.

        Returns:
            A result per command, None for one that failed; None alone if Redis did not answer.
        """
        return self._send("pipeline", commands)

    def multi(self, commands: Sequence[Command]) -> list[Any] | None:
        """Run commands atomically in one HTTP call; results as `pipeline` gives them."""
        return self._send("multi-exec", commands)

    @property
    def resting(self) -> bool:
        """True while a recent failure keeps calls from being tried."""
        return time.monotonic() < self._asleep_until

    def wake(self) -> None:
        """Forget the last failure: the next call is tried."""
        self._asleep_until = 0.0

    def _send(self, path: str, commands: Sequence[Command]) -> list[Any] | None:
        if self.resting:
            return None
        try:
            return [_result(answer) for answer in self._post(path, commands)]
        except _NO_ANSWER as error:
            self._asleep_until = time.monotonic() + self._rest_seconds
            log("redis_unavailable", kind=type(error).__name__, reason=str(error)[:200])
            return None

    def _post(self, path: str, commands: Sequence[Command]) -> list[Any]:
        """Send and check; a reply that trickles in still ends by the time and size limits.

        Raises:
            ValueError: If the reply is no list with an answer for each command.
        """
        body = json.dumps([list(command) for command in commands]).encode()
        reply = self._http.request(
            "POST", f"{self._url}/{path}", body=body, redirect=False, preload_content=False
        )
        try:
            text = _read(reply)
        finally:
            reply.release_conn()
        if reply.status != HTTPStatus.OK:
            raise ValueError(f"HTTP {reply.status}")
        answers = json.loads(text)
        if not isinstance(answers, list) or len(answers) != len(commands):
            raise ValueError("not one answer for each command")
        return answers


def _read(reply: urllib3.BaseHTTPResponse) -> bytes:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    text = bytearray()
    while chunk := reply.read1(READ_BYTES):
        text += chunk
        if len(text) > MAX_REPLY_BYTES or time.monotonic() > deadline:
            reply.close()
            raise ValueError("the reply is too long, or too long in coming")
    return bytes(text)


def _result(answer: dict[str, Any]) -> Any:
    if "error" in answer:
        log("redis_command_failed", reason=str(answer["error"])[:200])
        return None
    return answer["result"]
