"""One thing a client says, and what must come back.

`{name}` in a path, header or body stands for what an earlier answer gave.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.conftest import ADMIN_PASSWORD, CRON_SECRET
from tests.support.wire import Request

OPERATOR = {"Authorization": f"Bearer {ADMIN_PASSWORD}"}
CRON = {"Authorization": f"Bearer {CRON_SECRET}"}
ABSENT = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Turn:
    """One request, and the status that must come back."""

    method: str
    path: str
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    keep: dict[str, str] = field(default_factory=dict)
    """Name → place in the answer, such as `next_question.id`."""
    exact: bool = True
    """False where values are the machine's, such as memory in use: the shape is compared."""

    def __str__(self) -> str:
        """Shown as the name of a test."""
        return f"{self.method} {self.path.partition('?')[0]} {self.status}"

    def request(self, memory: dict[str, Any]) -> Request:
        """With what earlier answers gave."""
        path, body, headers = fill([self.path, self.body, self.headers], memory)
        return Request(self.method, path, body, headers)


def fill(value: Any, memory: dict[str, Any]) -> Any:
    """Put what is remembered in place of `{name}`."""
    if isinstance(value, str):
        for name, known in memory.items():
            value = value.replace(f"{{{name}}}", str(known))
        return value
    if isinstance(value, list):
        return [fill(part, memory) for part in value]
    if isinstance(value, dict):
        return {key: fill(part, memory) for key, part in value.items()}
    return value
