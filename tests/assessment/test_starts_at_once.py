"""Concurrent starts count each other, although none has written a row when the others begin."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
from fastapi.testclient import TestClient

from tests.assessment.conftest import Rows, make_questions, upload
from tests.assessment.tickets import issue

START_COUNT = 3
SESSIONS = "SELECT count(*)::int FROM assessment.test_sessions"
WAITING_COUNT = (
    "SELECT count(*)::int FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


def run_together(postgres_url: str, rows: Rows, call: Callable[[], Any]) -> list[Any]:
    """Make the calls while no student can be written, and let them go on once all of them wait."""
    with psycopg.connect(postgres_url) as holder, ThreadPoolExecutor(START_COUNT) as pool:
        holder.execute("LOCK TABLE assessment.examinees IN SHARE MODE")
        barrier = threading.Barrier(START_COUNT)
        calls = [pool.submit(lambda: (barrier.wait(), call())[1]) for _ in range(START_COUNT)]
        for _ in range(200):
            if rows(WAITING_COUNT) == [(START_COUNT,)]:
                break
            time.sleep(0.01)
        else:
            raise AssertionError(f"fewer than {START_COUNT} starts waited for the lock within 2 s")
        holder.rollback()
        return [future.result() for future in calls]


def test_starts_with_one_key_begin_one_test(
    client: TestClient, pool_id: str, postgres_url: str, rows: Rows
) -> None:
    client.post("/api/test/start", json={})  # so that the function is loaded
    responses = run_together(
        postgres_url,
        rows,
        lambda: client.post(
            "/api/test/start",
            json={"student_id": "ann", "question_pool_id": pool_id},
            headers={"Idempotency-Key": "a-long-random-key"},
        ),
    )
    assert [response.status_code for response in responses] == [200] * START_COUNT
    assert all(response.json() == responses[0].json() for response in responses)
    assert rows(SESSIONS) == [(1,)]


def test_starts_with_one_ticket_begin_one_test(
    client: TestClient, operator: dict[str, str], pool_id: str, postgres_url: str, rows: Rows
) -> None:
    client.post("/api/test/start", json={})
    (ticket,) = issue(client, operator, pool_id, "ann", uses=5)
    body = {"ticket": ticket["ticket"]}
    responses = run_together(postgres_url, rows, lambda: client.post("/api/test/start", json=body))
    assert [response.status_code for response in responses] == [200] * START_COUNT
    assert len({response.json()["session_id"] for response in responses}) == 1
    assert rows(SESSIONS) == [(1,)]


def test_starts_do_not_exceed_the_number_that_the_pool_allows_in_a_day(
    client: TestClient, operator: dict[str, str], postgres_url: str, rows: Rows
) -> None:
    client.post("/api/test/start", json={})
    pool_id = upload(client, operator, make_questions(10), starts_per_day=1)
    body = {"student_id": "ann", "question_pool_id": pool_id}
    responses = run_together(postgres_url, rows, lambda: client.post("/api/test/start", json=body))
    assert sorted(response.status_code for response in responses) == [200, 429, 429]
    assert rows(SESSIONS) == [(1,)]
