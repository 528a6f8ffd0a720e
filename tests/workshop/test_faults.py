"""Failures of the database during a request."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.web.functions import function_app
from tests.support.postgres_proxy import PostgresProxy
from tests.workshop.conftest import TOKEN, wait_for_blocked_calls

PATH = "/api/student-progress"
Rows = Callable[..., list[tuple[Any, ...]]]
REPORT = {"sessionToken": TOKEN, "stepNumber": 1, "timeSpent": 60, "completed": True}
ONCE = {"Idempotency-Key": "once"}


@pytest.fixture
def client_behind_proxy(deps_behind_proxy: Deps) -> TestClient:  # noqa: ARG001 the fixture installs them
    return TestClient(function_app("workshop.student_progress"), raise_server_exceptions=False)


def test_unavailable_database_is_reported_with_a_time_to_retry(settings: Settings) -> None:
    unreachable = "postgresql://nobody@/nothing?host=/nonexistent"
    deps = Deps(replace(settings, postgres_url=unreachable))
    install_deps(deps)
    client = TestClient(function_app("index"), raise_server_exceptions=False)
    responses = [
        client.post(PATH, json=REPORT),
        client.get(PATH, params={"sessionToken": TOKEN}),
        client.post("/api/generate-session"),
        client.post("/api/student-config-save", json={"sessionToken": TOKEN}),
        client.post("/api/report-bug", json={"description": "x"}),
        client.post("/api/admin-list-configs", json={"adminPassword": settings.admin_password}),
    ]
    install_deps(None)
    for response in responses:
        assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
        assert int(response.headers["retry-after"]) > 0
        assert response.json()["requestId"]
        assert "nonexistent" not in response.text


def test_report_whose_reply_was_lost_counts_once_when_repeated(
    postgres_proxy: PostgresProxy, client_behind_proxy: TestClient, rows: Rows
) -> None:
    client_behind_proxy.post(PATH, json={**REPORT, "stepNumber": 9})  # opens the connection
    postgres_proxy.lose_next_reply()
    first_response = client_behind_proxy.post(PATH, json=REPORT, headers=ONCE)
    assert first_response.status_code == 503
    assert first_response.json()["code"] == "database_unavailable"
    second_response = client_behind_proxy.post(PATH, json=REPORT, headers=ONCE)
    assert second_response.status_code == 200
    assert rows("SELECT time_spent, attempts FROM step_progress WHERE step_number = 1") == [(60, 1)]


def test_look_up_whose_reply_was_lost_is_repeated_at_once(
    postgres_proxy: PostgresProxy, client_behind_proxy: TestClient
) -> None:
    client_behind_proxy.post(PATH, json=REPORT)
    postgres_proxy.lose_next_reply()
    assert client_behind_proxy.get(PATH, params={"sessionToken": TOKEN}).status_code == 200


def test_backend_killed_during_a_report_writes_nothing(
    post: Callable[..., Any], rows: Rows, postgres_url: str
) -> None:
    post(stepNumber=9)
    before = rows("SELECT * FROM sessions, step_progress, events")
    responses: list[Any] = []
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT * FROM sessions FOR UPDATE")
        thread = threading.Thread(
            target=lambda: responses.append(post(key="once", **{**REPORT, "stepNumber": 9}))
        )
        thread.start()
        wait_for_blocked_calls(rows)
        rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
             " WHERE wait_event_type = 'Lock' AND datname = current_database()")  # fmt: skip
        thread.join(timeout=10)
    assert [response.status_code for response in responses] == [503]
    assert rows("SELECT * FROM sessions, step_progress, events") == before
    assert rows("SELECT 1 FROM idempotency_keys") == []
    assert post(key="once", **{**REPORT, "stepNumber": 9}).status_code == 200


def test_second_request_with_a_key_waits_for_the_first(
    post: Callable[..., Any], rows: Rows, postgres_url: str
) -> None:
    post(stepNumber=1)
    responses: list[Any] = []
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT * FROM sessions FOR UPDATE")
        threads = [
            threading.Thread(target=lambda: responses.append(post(key="once", timeSpent=7)))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        wait_for_blocked_calls(rows, 2)
    for thread in threads:
        thread.join(timeout=10)
    assert [response.status_code for response in responses] == [200, 200]
    assert responses[0].json() == responses[1].json()
    assert rows("SELECT time_spent, attempts FROM step_progress") == [(7, 2)]


@pytest.mark.parametrize("email", [None, "ann@example.com"])
def test_two_first_reports_at_the_same_moment_are_one_session(
    post: Callable[..., Any], rows: Rows, postgres_url: str, email: str | None
) -> None:
    responses: list[Any] = []
    with psycopg.connect(postgres_url) as first:
        first.execute(
            "SELECT record_step_progress(%s, %s, NULL, NULL, NULL, 1, NULL, TRUE, NULL, 5, 1,"
            " NULL, NULL, NULL, NULL, NULL, NULL)",
            (TOKEN, email),
        )
        thread = threading.Thread(
            target=lambda: responses.append(post(timeSpent=7, studentEmail=email))
        )
        thread.start()
        wait_for_blocked_calls(rows)
    thread.join(timeout=10)
    assert [response.status_code for response in responses] == [200]
    assert rows("SELECT time_spent, attempts, validation_passed FROM step_progress") == [
        (12, 2, True)
    ]
    assert rows("SELECT count(*) FROM events WHERE event_type = 'session_created'") == [(1,)]
    assert rows("SELECT count(*) FROM students") == [(1,)]


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (PATH, {"stepNumber": 1}),
        ("/api/student-config-save", {}),
        ("/api/track-student-progress", {"exerciseId": "step-1"}),
        ("/api/track-student-progress", {"exerciseId": "quiz"}),
        ("/api/report-bug", {"description": "x"}),
        ("/api/generate-session", {}),
    ],
)
def test_write_to_rows_that_stay_locked_is_refused(
    client: TestClient, rows: Rows, postgres_url: str, path: str, fields: dict[str, Any]
) -> None:
    student = {"sessionToken": TOKEN, "studentEmail": "ann@example.com"}
    client.post(PATH, json={**student, "stepNumber": 1}).raise_for_status()
    before = rows("SELECT * FROM sessions, step_progress, students, events")
    with psycopg.connect(postgres_url) as other:
        # A request that waits longer than this gets the rows, and gets 200.
        other.execute("SET LOCAL idle_in_transaction_session_timeout = '6s'")
        other.execute("SELECT FROM sessions, students FOR UPDATE")
        response = client.post(path, json={**student, **fields})
        other.rollback()
    assert (response.status_code, response.json()["code"]) == (503, "busy")
    assert int(response.headers["retry-after"]) > 0
    assert rows("SELECT * FROM sessions, step_progress, students, events") == before
