"""A pool, and a student at a test page, so that tests read as a specification."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps
from lib.settings import Settings

CONCEPTS = 5
CANARY = "canary-correct"
"""Beginning of every correct answer of the test pools, by which a leak can be found."""

Rows = Callable[..., list[tuple[Any, ...]]]


def make_questions(count: int, prefix: str = "q", concepts: int = CONCEPTS) -> list[dict[str, Any]]:
    """Return questions over all concepts; the correct answer of number i is option i % 4."""
    return [
        {
            "id": f"{prefix}{i}",
            "content": f"Question {i} of {prefix}?",
            "options": [
                f"{CANARY} {prefix}{i}" if option == i % 4 else f"option {option}"
                for option in range(4)
            ],
            "correct_answer": f"{CANARY} {prefix}{i}",
            "concepts": [1 if c == i % concepts else 0 for c in range(concepts)],
            "difficulty": 0.15 + 0.7 * ((7 * i) % count) / count,
            "discrimination": 0.8 + 0.1 * (i % 8),
        }
        for i in range(count)
    ]


def correct_option(question: dict[str, Any]) -> int:
    """Return the index of a question's correct option."""
    return next(i for i, option in enumerate(question["options"]) if CANARY in option)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings with which tests without a ticket count, as on the local server."""
    return replace(settings, open_tests_count=True)


@pytest.fixture
def rows(postgres_url: str) -> Rows:
    """Run a query directly in the database; return its rows."""

    def fetch(query: str, *params: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            cursor = connection.execute(query.encode(), params)
            return cursor.fetchall() if cursor.description else []

    return fetch


def versions(rows: Rows) -> list[int]:
    """Return the version numbers of all pools, oldest first."""
    return [number for (number,) in rows("SELECT version FROM assessment.pool_versions ORDER BY 1")]


def wait_for_a_lock(rows: Rows) -> int:
    """Wait until a backend waits for a lock; return its process id."""
    for _ in range(500):
        waiting = rows(
            "SELECT pid FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        if waiting:
            return int(waiting[0][0])
        time.sleep(0.01)
    raise AssertionError("no backend waited for a lock")


@pytest.fixture
def pool_id(client: TestClient, operator: dict[str, str]) -> str:
    """A pool of 60 questions over five concepts."""
    return upload(client, operator, make_questions(60))


def upload(
    client: TestClient,
    operator: dict[str, str],
    questions: list[dict[str, Any]],
    pool_id: str | None = None,
    **rules: Any,
) -> str:
    """Upload questions with rules of their pool; return the id of the pool."""
    response = client.post(
        "/api/questions/upload",
        json={"questions": questions, "question_pool_id": pool_id or str(uuid4()), **rules},
        headers=operator,
    )
    assert response.status_code == 200, response.text
    return str(response.json()["question_pool_id"])


class Student:
    """A student at a test page."""

    def __init__(self, client: TestClient, pool_id: str, student_id: str = "ann") -> None:
        self.client = client
        self.pool_id = pool_id
        self.student_id = student_id
        self.session_id = ""
        self.question: dict[str, Any] | None = None

    def start(self, **fields: Any) -> dict[str, Any]:
        """Start a test; return the body of the response."""
        response = self.client.post(
            "/api/test/start",
            json={"student_id": self.student_id, "question_pool_id": self.pool_id, **fields},
        )
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        self.session_id, self.question = body["session_id"], body["next_question"]
        return body

    def resume(self) -> dict[str, Any]:
        """Start with the id of the running test; return the body of the response."""
        return self.start(session_id=self.session_id)

    def post(self, question_id: str, option: int, **fields: Any) -> Any:
        """Send an answer; return the response, whatever its status."""
        return self.client.post(
            "/api/test/submit",
            json={
                "session_id": self.session_id,
                "question_id": question_id,
                "response": option,
                **fields,
            },
        )

    def answer(self, *, right: bool = True) -> dict[str, Any]:
        """Answer the question on the page; return the body of the response."""
        assert self.question is not None
        option = correct_option(self.question)
        response = self.post(self.question["id"], option if right else (option + 1) % 4)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        self.question = body.get("next_question")
        return body

    def end(self) -> dict[str, Any]:
        """End the test; return the body of the response."""
        response = self.client.post("/api/test/end", json={"session_id": self.session_id})
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body


@pytest.fixture
def ann(client: TestClient, pool_id: str) -> Student:
    """A student who has not started a test."""
    return Student(client, pool_id)


@pytest.fixture
def redis_values(deps: Deps) -> Callable[[], dict[str, str]]:
    """Read every value in Redis by key, except the counters."""

    def read() -> dict[str, str]:
        assert deps.redis is not None
        replies = deps.redis.pipeline([["KEYS", "*"]])
        assert replies is not None
        keys = [key for key in replies[0] if not key.startswith("stats:")]
        values = deps.redis.pipeline([["GET", key] for key in keys]) if keys else []
        assert values is not None
        return dict(zip(keys, values, strict=True))

    return read
