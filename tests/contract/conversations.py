"""What a client says and expects, the same on every platform.

`{name}` in a path, header or body stands for what an earlier answer gave.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from lib.routes import ENDPOINTS, Access
from tests.conftest import ADMIN_PASSWORD, CRON_SECRET
from tests.support.wire import Request

OPERATOR = {"Authorization": f"Bearer {ADMIN_PASSWORD}"}
CRON = {"Authorization": f"Bearer {CRON_SECRET}"}
POOL = "7c0f6f4e-5b1c-4a56-9d3f-0d4b5a2f9e11"
ABSENT = "00000000-0000-4000-8000-000000000000"
ALL_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH")


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


# Alike but for their ids: which one a session asks depends on the session's own random id.
QUESTIONS = [
    {
        "id": f"q{number}",
        "content": "What is 2 + 2?",
        "options": ["3", "4", "5"],
        "correct_answer": "4",
        "concepts": [1, 1],
        "difficulty": 0.4,
        "discrimination": 1.2,
    }
    for number in range(1, 7)
]
START = {"student_id": "ann", "question_pool_id": POOL, "concept_names": ["Sums", "Products"]}

HOUSE = (
    Turn("GET", "/health", 200),
    Turn("GET", "/api/health", 200),
    Turn("GET", "/api/no-such-thing", 404),
    Turn("POST", "/api/no/such/thing", 404, {}),
)

PROGRESS = {"sessionToken": "{token}", "stepNumber": 3, "completed": True, "timeSpent": 450}
WORKSHOP = (
    Turn("POST", "/api/generate-session", 200, {}, keep={"other": "sessionToken"}),
    Turn(
        "POST",
        "/api/generate-session",
        200,
        {"studentEmail": "Ann@Example.com", "studentName": "Änn 🙂"},
        keep={"token": "sessionToken"},
    ),
    Turn("POST", "/api/generate-session", 422, {"studentEmail": "no address"}),
    Turn("POST", "/api/student-progress", 200, PROGRESS),
    Turn("POST", "/api/student-progress", 200, PROGRESS, {"Idempotency-Key": "again"}),
    Turn("POST", "/api/student-progress", 200, PROGRESS, {"Idempotency-Key": "again"}),
    Turn("POST", "/api/student-progress", 422, {**PROGRESS, "stepNumber": 10}),
    Turn("POST", "/api/student-progress", 415, b"a=b", {"Content-Type": "text/plain"}),
    Turn("POST", "/api/student-progress", 400, b"{"),
    Turn("POST", "/api/student-progress", 413, b'"' + b"x" * 70_000 + b'"'),
    Turn("GET", "/api/student-progress?sessionToken={token}", 200),
    Turn("GET", "/api/student-progress?studentEmail=ann%40example.com", 200),
    Turn("GET", "/api/student-progress", 400),
    Turn(
        "POST",
        "/api/student-config-save",
        200,
        {"sessionToken": "{token}", "systemPrompt": "Be kind. ✓", "openaiApiKey": "sk-test-1234"},
    ),
    Turn("POST", "/api/student-config-save", 422, {"sessionToken": "short"}),
    Turn(
        "PUT",
        "/api/student-config-update",
        200,
        {"sessionToken": "{token}", "twilioConnected": True},
    ),
    Turn(
        "PUT",
        "/api/student-config-update",
        404,
        {"sessionToken": "ws_1_" + "0" * 64, "twilioConnected": True},
    ),
    Turn("GET", "/api/student-config-get?sessionToken={token}", 200),
    Turn("GET", "/api/student-config-get?sessionToken=ws_1_" + "0" * 64, 404),
    Turn("GET", "/api/cleanup-sessions", 200, headers=CRON),
    Turn("POST", "/api/admin-create-unified-schema", 200, {"adminPassword": ADMIN_PASSWORD}),
    Turn(
        "POST",
        "/api/admin-create-unified-schema",
        400,
        {"adminPassword": ADMIN_PASSWORD, "dropExisting": True},
    ),
)

ASSESSMENT = (
    Turn("POST", "/api/questions/upload", 401, {"questions": QUESTIONS}),
    Turn(
        "POST",
        "/api/questions/upload",
        200,
        {"questions": QUESTIONS, "question_pool_id": POOL},
        OPERATOR,
    ),
    Turn("POST", "/api/questions/upload", 422, {"questions": [{"id": "q9"}]}, OPERATOR),
    Turn(
        "POST",
        "/api/test/start",
        200,
        START,
        keep={"session": "session_id", "question": "next_question.id"},
    ),
    Turn("POST", "/api/test/start", 404, {**START, "question_pool_id": ABSENT}),
    Turn(
        "POST",
        "/api/test/submit",
        200,
        {"session_id": "{session}", "question_id": "{question}", "response": 1},
        keep={"next": "next_question.id"},
    ),
    Turn(
        "POST",
        "/api/test/submit",
        200,
        {"session_id": "{session}", "question_id": "{question}", "response": 1},
    ),
    Turn(
        "POST",
        "/api/test/submit",
        409,
        {"session_id": "{session}", "question_id": "{question}", "response": 0},
    ),
    Turn(
        "POST",
        "/api/test/submit",
        200,
        {"session_id": "{session}", "question_id": "{next}", "response": 0},
    ),
    Turn("POST", "/api/test/submit", 422, {"session_id": "no uuid"}),
    Turn("GET", "/api/test/status/{session}", 200),
    Turn("GET", f"/api/test/status/{ABSENT}", 404),
    Turn("GET", "/api/debug/session/{session}", 200, headers=OPERATOR, exact=False),
    Turn("GET", "/api/debug/redis/stats", 200, headers=OPERATOR, exact=False),
    Turn("POST", "/api/debug/sync/{session}", 200, headers=OPERATOR),
    Turn("POST", "/api/test/end", 200, {"session_id": "{session}"}),
    Turn("POST", "/api/test/end/{session}", 200),
    Turn("POST", "/api/test/end/no-uuid", 422),
    Turn(
        "POST",
        "/api/test/submit",
        409,
        {"session_id": "{session}", "question_id": "{next}", "response": 1},
    ),
    Turn("POST", "/api/test/end", 404, {"session_id": ABSENT}),
    Turn("GET", "/api/student/ann/proficiency", 200, headers=OPERATOR),
    Turn("GET", "/api/student/ann/history", 200, headers=OPERATOR),
    Turn("GET", "/api/student/ann/progress", 200, headers=OPERATOR),
    Turn("GET", "/api/student/ann/proficiency", 401),
    Turn("GET", "/api/student/ann/history", 401),
    Turn("GET", "/api/student/ann/progress", 401),
    Turn("POST", "/api/sessions/cleanup", 200, {"inactivity_minutes": 30}, OPERATOR),
    Turn("POST", "/api/sessions/cleanup", 422, {"inactivity_minutes": 0}, OPERATOR),
    Turn("GET", "/api/sessions/cleanup", 200, headers=CRON),
    Turn("GET", "/api/sessions/cleanup", 401, headers={"Authorization": "Bearer wrong"}),
)


def _refused_methods() -> tuple[Turn, ...]:
    """For every path one method it does not take."""
    taken: dict[str, set[str]] = {}
    for row in ENDPOINTS:
        taken.setdefault(_concrete(row.path), set()).update(row.methods)
    return tuple(
        Turn(next(method for method in ALL_METHODS if method not in methods), path, 405)
        for path, methods in taken.items()
    )


def _concrete(template: str) -> str:
    return re.sub(r"\{\w+\}", ABSENT, template)


def _strangers() -> tuple[Turn, ...]:
    """Every closed endpoint, without a credential."""
    closed = {Access.OPERATOR, Access.CRON}
    return tuple(
        Turn(method, _concrete(row.path), 401)
        for row in ENDPOINTS
        if row.access in closed
        for method in row.methods
    )


TURNS = (*HOUSE, *WORKSHOP, *ASSESSMENT, *_refused_methods(), *_strangers())
