"""Reports repeated with an Idempotency-Key, which change nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.workshop.conftest import TOKEN

Post = Callable[..., Any]
Rows = Callable[..., list[tuple[Any, ...]]]


def all_rows(rows: Rows) -> list[tuple[Any, ...]]:
    return rows(
        "SELECT (SELECT jsonb_agg(s) FROM sessions s), (SELECT jsonb_agg(p) FROM step_progress p),"
        " (SELECT jsonb_agg(e) FROM events e), (SELECT jsonb_agg(st) FROM students st)"
    )


def test_same_key_and_body_is_recorded_once(post: Post, rows: Rows) -> None:
    first = post(key="k1", timeSpent=60)
    before = all_rows(rows)
    again = post(key="k1", timeSpent=60)
    assert (again.status_code, again.json()) == (200, first.json())
    assert all_rows(rows) == before


def test_same_key_with_another_body_is_refused_and_writes_nothing(post: Post, rows: Rows) -> None:
    post(key="k1", timeSpent=60)
    before = all_rows(rows)
    other = post(key="k1", timeSpent=61)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert all_rows(rows) == before


def test_key_of_a_refused_report_can_be_used_again(post: Post) -> None:
    post(studentEmail="ann@example.com")
    assert post(key="k1", studentEmail="eve@example.com").status_code == 409
    assert post(key="k1", studentEmail="ann@example.com").status_code == 200


def test_keys_of_different_sessions_are_independent(post: Post) -> None:
    post(key="k1", timeSpent=60)
    other = post(key="k1", timeSpent=5, sessionToken="ws_2_other_token")
    assert other.json()["progress"]["total_time_spent"] == 5


def test_thirty_identical_reports_at_once_count_once(post: Post, rows: Rows) -> None:
    def send(_: int) -> Any:
        return post(key="k1", timeSpent=60, completed=True, studentEmail="ann@example.com")

    with ThreadPoolExecutor(10) as pool:
        responses = list(pool.map(send, range(30)))
    assert {response.status_code for response in responses} == {200}
    assert len({response.text for response in responses}) == 1
    assert rows("SELECT time_spent, attempts FROM step_progress") == [(60, 1)]
    assert rows("SELECT count(*) FROM events") == [(3,)]  # created, started, completed


def test_key_and_body_are_stored_as_hashes_only(post: Post, rows: Rows) -> None:
    post(key="a-key-to-find")
    ((key_hash, body_hash, _),) = rows("SELECT * FROM idempotency_keys")
    assert (len(key_hash), len(body_hash)) == (32, 32)
    assert TOKEN.encode() not in key_hash + body_hash


def test_hash_of_a_body_is_the_same_after_a_deployment(client: TestClient, rows: Rows) -> None:
    body = {"sessionToken": "ws_1234567890", "ivrGreeting": "Hello", "step4Deployed": True}
    client.post("/api/student-config-save", json=body, headers={"Idempotency-Key": "k"})
    ((body_hash,),) = rows("SELECT encode(body_hash, 'hex') FROM idempotency_keys")
    assert body_hash == "89169edf2024c3286163c97b2ca3bc0a044d52ce4ce84c8e35b31bae58706c1c"


@pytest.mark.parametrize("key", ["", "x" * 256, "two words"])
def test_malformed_key_is_refused(post: Post, rows: Rows, key: str) -> None:
    response = post(key=key)
    assert response.status_code == 422
    assert response.json()["details"][0]["field"] == "Idempotency-Key"
    assert rows("SELECT 1 FROM sessions") == []
