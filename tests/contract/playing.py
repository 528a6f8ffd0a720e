"""Play the conversations on a platform and keep what must be the same everywhere."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from lib.web.headers import API_HEADERS
from tests.contract.turn import Turn
from tests.support.wire import Answer, Request

# What differs from run to run, each written as its kind.
VOLATILE = (
    (re.compile(r"ws_\d+_[0-9a-f]{64}"), "<token>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(Z|[+-]\d\d:\d\d)?"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "<day>"),
    (re.compile(r"anonymous_[0-9a-f]{16}"), "<anonymous>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<id>"),
    (re.compile(r"\bq\d\b"), "<question>"),
)
UNAUTHENTICATED = 401
COMPARED_HEADERS = {
    *(name.lower() for name in API_HEADERS),
    "content-type",
    "allow",
    "www-authenticate",
    "retry-after",
}


class Deployment(Protocol):
    """Any of the platforms."""

    def send(self, request: Request) -> Answer:
        """Carry a request to the function it is for."""


@dataclass(frozen=True)
class Said:
    """An answer, without what differs from run to run."""

    status: int
    headers: dict[str, str]
    body: Any


def play(deployment: Deployment, turns: Iterable[Turn], forgive: Callable[[], None]) -> list[Said]:
    """Send every turn in order; what answers give is filled into later turns.

    Args:
        deployment: Whom to ask.
        turns: What to say.
        forgive: Called before each turn that shows no or a wrong password; five would lock us out.
    """
    memory: dict[str, Any] = {}
    said = []
    for turn in turns:
        if turn.status == UNAUTHENTICATED:
            forgive()
        said.append(_say(deployment, turn, memory))
    return said


def _say(deployment: Deployment, turn: Turn, memory: dict[str, Any]) -> Said:
    try:
        answer = deployment.send(turn.request(memory))
    except Exception as error:  # noqa: BLE001 one turn's failure, shown by that turn's test
        return Said(0, {}, f"{type(error).__name__}: {error}")
    if answer.status == turn.status:
        memory |= {name: _at(answer.body, place) for name, place in turn.keep.items()}
    headers = {name: text for name, text in answer.headers.items() if name in COMPARED_HEADERS}
    return Said(answer.status, headers, _steady(answer.body) if turn.exact else _shape(answer.body))


def _at(body: Any, place: str) -> Any:
    for key in place.split("."):
        body = body[key]
    return body


def _steady(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, kind in VOLATILE:
            value = pattern.sub(kind, value)
        return value
    if isinstance(value, list):
        return [_steady(part) for part in value]
    if isinstance(value, dict):
        return {key: _pool_version(key, part) or _steady(part) for key, part in value.items()}
    return value


def _pool_version(key: str, value: Any) -> str | None:
    """A pool's version counts seconds, so that a restored database uses none of them again."""
    return "<version>" if key == "version" and isinstance(value, int) and value > 10**6 else None


def _shape(value: Any) -> Any:
    if isinstance(value, list):
        return [_shape(part) for part in value]
    if isinstance(value, dict):
        return {key: _shape(part) for key, part in value.items()}
    return type(value).__name__
