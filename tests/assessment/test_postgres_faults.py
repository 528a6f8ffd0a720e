"""Postgres refuses connections, dies or is locked: no answer is recorded in part."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps
from tests.assessment.conftest import (
    Rows,
    Student,
    correct_option,
    make_questions,
    upload,
    wait_for_a_lock,
)
from tests.support.postgres_proxy import PostgresProxy


@pytest.fixture
def deps(deps_behind_proxy: Deps) -> Deps:
    return deps_behind_proxy


@contextmanager
def holding_locks(postgres_url: str, statement: str) -> Iterator[psycopg.Connection[Any]]:
    """Hold a statement's locks in a transaction of another client."""
    with psycopg.connect(postgres_url) as connection:
        connection.execute(statement.encode())
        yield connection
        connection.rollback()


def correct_answer(student: Student) -> tuple[str, int]:
    assert student.question
    return student.question["id"], correct_option(student.question)


def test_without_postgres_nothing_is_acknowledged_and_redis_stays_unchanged(
    ann: Student,
    postgres_proxy: PostgresProxy,
    redis_values: Callable[[], dict[str, str]],
    rows: Rows,
) -> None:
    ann.start()
    ann.answer()
    key = f"session:{ann.session_id}:state"
    snapshot_before = redis_values()[key]
    postgres_proxy.cut()
    response = ann.post(*correct_answer(ann))
    assert (response.status_code, response.json()["code"]) == (503, "database_unavailable")
    assert int(response.headers["Retry-After"]) > 0
    assert response.json()["requestId"]
    assert redis_values()[key] == snapshot_before
    postgres_proxy.refuses = False
    assert ann.answer()["questions_answered"] == 2
    assert rows("SELECT count(*) FROM assessment.test_responses") == [(2,)]


def test_without_postgres_start_and_end_return_503(
    ann: Student, postgres_proxy: PostgresProxy
) -> None:
    ann.start()
    postgres_proxy.cut()
    for path, body in (
        ("/api/test/start", {"student_id": "bob", "question_pool_id": ann.pool_id}),
        ("/api/test/end", {"session_id": ann.session_id}),
    ):
        response = ann.client.post(path, json=body)
        assert (response.status_code, "Retry-After" in response.headers) == (503, True)


def test_answer_whose_acknowledgement_was_lost_is_recorded_and_acknowledged_on_retry(
    ann: Student, postgres_proxy: PostgresProxy, rows: Rows
) -> None:
    ann.start()
    postgres_proxy.lose_next_reply(b"FROM assessment.record_answer(")
    answer = correct_answer(ann)
    assert ann.post(*answer).status_code == 503
    for _ in range(100):
        if rows("SELECT count(*) FROM assessment.test_responses") == [(1,)]:
            break
        time.sleep(0.02)
    retry = ann.post(*answer)
    assert retry.status_code == 200
    assert retry.json()["questions_answered"] == 1
    assert rows("SELECT total_questions, count(*) OVER () FROM assessment.test_sessions") == [
        (1, 1)
    ]


def test_backend_killed_during_an_answer_leaves_nothing_and_a_retry_succeeds(
    ann: Student, rows: Rows, postgres_url: str
) -> None:
    ann.start()
    answer = correct_answer(ann)
    responses: list[Any] = []
    with holding_locks(
        postgres_url, "LOCK TABLE assessment.test_responses IN ACCESS EXCLUSIVE MODE"
    ):
        submit = threading.Thread(target=lambda: responses.append(ann.post(*answer)))
        submit.start()
        rows("SELECT pg_terminate_backend(%s)", wait_for_a_lock(rows))
        submit.join(10)
    assert responses[0].status_code == 503
    assert rows(
        "SELECT total_questions, (SELECT count(*) FROM assessment.test_responses)"
        " FROM assessment.test_sessions"
    ) == [(0, 0)]
    assert ann.post(*answer).json()["questions_answered"] == 1


def test_wait_for_a_lock_is_limited(ann: Student, postgres_url: str) -> None:
    ann.start()
    answer = correct_answer(ann)
    with holding_locks(postgres_url, "LOCK TABLE assessment.test_sessions IN EXCLUSIVE MODE"):
        responses = [
            ann.post(*answer),
            ann.client.post("/api/test/end", json={"session_id": ann.session_id}),
        ]
        assert ann.client.get(f"/api/test/status/{ann.session_id}").status_code == 200
    for response in responses:
        assert (response.status_code, response.json()["code"]) == (503, "busy")
        assert "Retry-After" in response.headers
    assert ann.post(*answer).status_code == 200


def test_backend_killed_between_requests_is_not_noticed(ann: Student, rows: Rows) -> None:
    ann.start()
    rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    time.sleep(0.05)
    assert ann.answer()["questions_answered"] == 1


def test_more_callers_than_connections_are_all_served(
    client: TestClient, operator: dict[str, str]
) -> None:
    pool_id = upload(client, operator, make_questions(20))
    students = [Student(client, pool_id, f"student {i}") for i in range(40)]
    threads = [threading.Thread(target=student.start) for student in students]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(student.session_id for student in students)


def test_deadlock_is_retried_until_it_is_resolved(
    ann: Student, rows: Rows, postgres_url: str
) -> None:
    """A last answer locks the session, then the proficiencies; another client does the reverse."""
    ann.start(end_criteria={"max_questions": 1})
    ann.answer()
    ann.start(end_criteria={"max_questions": 1})
    answer = correct_answer(ann)
    responses: list[Any] = []
    with holding_locks(postgres_url, "SET LOCAL deadlock_timeout = '10s'") as connection:
        connection.execute("SELECT FROM assessment.student_proficiencies FOR UPDATE")
        submit = threading.Thread(target=lambda: responses.append(ann.post(*answer)))
        submit.start()
        wait_for_a_lock(rows)
        connection.execute(
            "SELECT FROM assessment.test_sessions WHERE status = 'active' FOR UPDATE"
        )
        connection.rollback()  # reached only if the submit was the victim
        submit.join(20)
    assert responses[0].status_code == 200
    assert responses[0].json()["status"] == "completed"
    assert rows("SELECT count(*) FROM assessment.test_responses") == [(2,)]
