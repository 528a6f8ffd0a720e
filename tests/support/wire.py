"""A request and its answer, free of who carries them."""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Request:
    """What a page or a person sends; `body` is JSON, or bytes to be sent as they are."""

    method: str
    path: str
    """With the query, if there is one."""
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[bytes, dict[str, str]]:
        """The bytes, and the headers in small letters that go with them."""
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.body is None:
            return b"", headers
        raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return raw, {"content-type": "application/json", **headers}


@dataclass(frozen=True)
class Answer:
    """What came back; header names in small letters."""

    status: int
    headers: dict[str, str]
    body: Any
    """Parsed JSON, or text where it is none."""

    @classmethod
    def of(cls, status: int, headers: dict[str, str], raw: bytes) -> "Answer":
        """Parse what a server sent."""
        small = {name.lower(): value for name, value in headers.items()}
        is_json = small.get("content-type", "").startswith("application/json")
        text = raw.decode()
        return cls(status, small, json.loads(text) if is_json else text)
