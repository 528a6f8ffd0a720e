"""Send calls to a platform and keep the parts of responses that all platforms must share."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from lib.web.headers import API_HEADERS
from tests.contract.call import Call
from tests.support.wire import Request, Response

LOCAL_TIME = "<time without Z>"
# Values that differ from run to run are replaced by their kind.
VOLATILE = (
    (re.compile(r"ws_\d+_[0-9a-f]{64}"), "<token>"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z"), "<time>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*([+-]\d\d:\d\d)?"), LOCAL_TIME),
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
    """A deployment on any platform."""

    def send(self, request: Request) -> Response:
        """Send a request to the function that serves its path."""


@dataclass(frozen=True)
class ComparableResponse:
    """A response without values that differ from run to run."""

    status: int
    headers: dict[str, str]
    body: Any


def send_all(
    deployment: Deployment, calls: Iterable[Call], clear_failures: Callable[[], None]
) -> list[ComparableResponse]:
    """Send the calls in order, with values of earlier responses filled into later calls.

    Args:
        deployment: Deployment to call.
        calls: Calls to send.
        clear_failures: Forgets failed passwords, five of which would lock the operator out;
            called before each call that expects a 401.
    """
    values: dict[str, Any] = {}
    responses = []
    for call in calls:
        if call.status == UNAUTHENTICATED:
            clear_failures()
        responses.append(_send(deployment, call, values))
    return responses


def _send(deployment: Deployment, call: Call, values: dict[str, Any]) -> ComparableResponse:
    try:
        response = deployment.send(call.request(values))
    except Exception as error:  # noqa: BLE001 the test of this call reports it
        return ComparableResponse(0, {}, f"{type(error).__name__}: {error}")
    if response.status == call.status:
        values |= {name: value_at(response.body, path) for name, path in call.keep.items()}
    headers = {name: text for name, text in response.headers.items() if name in COMPARED_HEADERS}
    return ComparableResponse(
        response.status,
        headers,
        _without_volatile(response.body) if call.exact else _types(response.body),
    )


def value_at(body: Any, path: str) -> Any:
    """Return the value at a path of keys and indexes, such as `topics.0.id`."""
    for key in path.split("."):
        body = body[int(key) if isinstance(body, list) else key]
    return body


def _without_volatile(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, kind in VOLATILE:
            value = pattern.sub(kind, value)
        return value
    if isinstance(value, list):
        return [_without_volatile(part) for part in value]
    if isinstance(value, dict):
        return {
            key: _placeholder(key, part) or _without_volatile(part) for key, part in value.items()
        }
    return value


def _placeholder(key: str, value: Any) -> str | None:
    """Return the placeholder of a waiting time, a cursor, or a version that counts seconds.

    Return None for other values.
    """
    if key == "version" and isinstance(value, int) and value > 10**6:
        return "<version>"
    if key == "waitingSeconds":
        return "<seconds>"
    return "<cursor>" if key in {"next_cursor", "nextCursor"} and value else None


def _types(value: Any) -> Any:
    if isinstance(value, list):
        return [_types(part) for part in value]
    if isinstance(value, dict):
        return {key: _types(part) for key, part in value.items()}
    if isinstance(value, str) and LOCAL_TIME in _without_volatile(value):
        return LOCAL_TIME
    return type(value).__name__
