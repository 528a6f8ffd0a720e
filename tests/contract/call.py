"""A call of an endpoint, with the expected status.

`{name}` in a path, header or body stands for a value of an earlier response.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.conftest import ADMIN_PASSWORD, CRON_SECRET, INSTRUCTOR_PASSWORD
from tests.support.wire import Request

OPERATOR = {"Authorization": f"Bearer {ADMIN_PASSWORD}"}
INSTRUCTOR = {"Authorization": f"Bearer {INSTRUCTOR_PASSWORD}"}
CRON = {"Authorization": f"Bearer {CRON_SECRET}"}
ABSENT = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Call:
    """A request and the expected status."""

    method: str
    path: str
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    keep: dict[str, str] = field(default_factory=dict)
    """Names for values of the response, with their paths, such as `next_question.id`."""
    exact: bool = True
    """False if values depend on the machine, such as memory in use: only types are compared."""

    def __str__(self) -> str:
        """Return the text that names the call in the ids of tests."""
        return f"{self.method} {self.path.partition('?')[0]} {self.status}"

    def request(self, values: dict[str, Any]) -> Request:
        """Return the request with values of earlier responses filled in."""
        path, body, headers = fill([self.path, self.body, self.headers], values)
        return Request(self.method, path, body, headers)


def fill(template: Any, values: dict[str, Any]) -> Any:
    """Replace each `{name}` in a JSON value with the value of that name.

    The value keeps its type if a string consists of `{name}` alone.
    """
    if isinstance(template, str):
        if template[1:-1] in values and template == f"{{{template[1:-1]}}}":
            return values[template[1:-1]]
        for name, value in values.items():
            template = template.replace(f"{{{name}}}", str(value))
        return template
    if isinstance(template, list):
        return [fill(part, values) for part in template]
    if isinstance(template, dict):
        return {key: fill(part, values) for key, part in template.items()}
    return template
