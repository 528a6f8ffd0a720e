"""Fixtures that send a student's requests and read the database directly."""

import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

TOKEN = "ws_1732147200000_" + "5f" * 32
BLOCKED_CALLS = (
    "SELECT count(*)::int FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.fixture
def post(client: TestClient) -> Callable[..., Any]:
    """Send a report about a step: `post(stepNumber=3, completed=True)`."""

    def report(key: str | None = None, **fields: Any) -> Any:
        body = {"sessionToken": TOKEN, "stepNumber": 1, **fields}
        headers = {} if key is None else {"Idempotency-Key": key}
        return client.post("/api/student-progress", json=body, headers=headers)

    return report


@pytest.fixture
def rows(postgres_url: str) -> Callable[..., list[tuple[Any, ...]]]:
    """Run a query directly in the database; return its rows."""

    def fetch(query: str, *params: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            cursor = connection.execute(query.encode(), params or None)
            return cursor.fetchall() if cursor.description else []

    return fetch


def wait_for_blocked_calls(rows: Callable[..., list[tuple[Any, ...]]], calls: int = 1) -> None:
    """Wait until this many calls wait for a lock; each of them gives up after 3 s."""
    deadline = time.monotonic() + 60
    while rows(BLOCKED_CALLS)[0][0] < calls:
        assert time.monotonic() < deadline, "the calls never waited for a lock"
        time.sleep(0.01)
