"""Requests and responses, independent of the platform."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """A request; `body` is a JSON value, or bytes that are sent unchanged."""

    method: str
    path: str
    """Path, with the query if there is one."""
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[bytes, dict[str, str]]:
        """Return the body as bytes, and the headers with lower-case names."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.body is None:
            return b"", headers
        raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return raw, {"content-type": "application/json", **headers}


@dataclass(frozen=True)
class Response:
    """A response; the names of headers are lower-case."""

    status: int
    headers: dict[str, str]
    body: Any
    """Parsed JSON, or text if the body is not JSON."""

    @classmethod
    def of(cls, status: int, headers: dict[str, str], raw: bytes) -> "Response":
        """Build a response from the bytes that a server sent."""
        lower_case = {name.lower(): value for name, value in headers.items()}
        is_json = lower_case.get("content-type", "").startswith("application/json")
        text = raw.decode()
        return cls(status, lower_case, json.loads(text) if is_json else text)
