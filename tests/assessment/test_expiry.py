"""Idle sessions are closed with their answers, never deleted."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.assessment.conftest import Rows, Student
from tests.assessment.test_exactly_once import at_once

MOVE_BACK = "UPDATE assessment.test_sessions SET last_activity = last_activity - interval '{} min'"
NOTHING_OLD = {"tests_removed": 0, "proficiencies_removed": 0}


@pytest.fixture
def later(rows: Rows) -> Callable[[int], None]:
    """Let minutes pass: move recorded times back, since the database's clock decides."""

    def move(minutes: int) -> None:
        rows(MOVE_BACK.format(minutes))

    return move


def cleanup(client: TestClient, operator: dict[str, str], **body: Any) -> Any:
    return client.post("/api/sessions/cleanup", json=body, headers=operator)


def test_idle_session_refuses_answers_and_is_closed_with_its_answers(
    ann: Student, later: Callable[[int], None], rows: Rows
) -> None:
    ann.start()
    response = ann.answer()
    assert ann.question
    later(31)
    refusal = ann.post(ann.question["id"], 0)
    assert (refusal.status_code, refusal.json()["code"]) == (409, "session_expired")
    assert rows(
        "SELECT status, end_reason, total_questions, correct_responses, final_proficiency"
        " FROM assessment.test_sessions"
    ) == [("expired", "expired", 1, 1, response["current_proficiency"])]
    assert rows("SELECT count(*) FROM assessment.student_proficiencies") == [(5,)]


def test_session_idle_for_29_minutes_accepts_an_answer(
    ann: Student, later: Callable[[int], None]
) -> None:
    ann.start()
    later(29)
    assert ann.answer()["questions_answered"] == 1


def test_start_after_the_idle_time_closes_the_idle_session(
    ann: Student, later: Callable[[int], None], rows: Rows
) -> None:
    first = ann.start()
    ann.answer()
    later(31)
    assert ann.start()["session_id"] != first["session_id"]
    assert rows(
        "SELECT status, count(*) FROM assessment.test_sessions GROUP BY status ORDER BY status"
    ) == [("active", 1), ("expired", 1)]


def test_cleanup_closes_only_idle_sessions(
    client: TestClient,
    operator: dict[str, str],
    pool_id: str,
    later: Callable[[int], None],
    rows: Rows,
    redis_values: Callable[[], dict[str, str]],
) -> None:
    idle = [Student(client, pool_id, f"idle {i}") for i in range(3)]
    for student in idle:
        student.start()
        student.answer()
    later(31)
    busy = Student(client, pool_id, "busy")
    busy.start()
    bodies = at_once(4, lambda _: cleanup(client, operator).json())
    assert sum(body["sessions_removed"] for body in bodies) == 3
    assert bodies[0]["inactivity_threshold_minutes"] == 30
    assert rows("SELECT student_id FROM assessment.test_sessions WHERE status = 'active'") == [
        ("busy",)
    ]
    assert rows("SELECT count(*) FROM assessment.test_responses") == [(3,)]
    snapshots = [key for key in redis_values() if key.startswith("session:")]
    assert snapshots == [f"session:{busy.session_id}:state"]
    assert busy.answer()["questions_answered"] == 1


def test_cleanup_uses_the_requested_idle_time(
    ann: Student, operator: dict[str, str], later: Callable[[int], None]
) -> None:
    ann.start()
    later(20)
    assert cleanup(ann.client, operator).json()["sessions_removed"] == 0
    response = cleanup(ann.client, operator, inactivity_minutes=15)
    assert response.json() == {
        "sessions_removed": 1,
        "inactivity_threshold_minutes": 15,
        **NOTHING_OLD,
    }


def test_cleanup_needs_the_password_or_the_secret_of_its_schedule(client: TestClient) -> None:
    assert client.post("/api/sessions/cleanup", json={}).status_code == 401
    assert client.get("/api/sessions/cleanup").status_code == 401
    cron = {"Authorization": "Bearer a secret for the tests' cron"}
    assert client.get("/api/sessions/cleanup", headers=cron).status_code == 200


def test_cleanup_is_run_by_the_schedule_of_lambda(
    ann: Student, later: Callable[[int], None]
) -> None:
    from api.assessment.sessions_cleanup import lambda_handler

    ann.start()
    later(31)
    result = lambda_handler({"source": "aws.events"}, None)
    assert result == {"sessions_removed": 1, "inactivity_threshold_minutes": 30, **NOTHING_OLD}


def test_status_agrees_with_the_response_to_the_last_answer(
    ann: Student, later: Callable[[int], None]
) -> None:
    def status() -> Any:
        return ann.client.get(f"/api/test/status/{ann.session_id}").json()

    ann.start()
    first = status()
    assert first["next_question"]["id"] == (ann.question or {})["id"]
    assert {name: first[name] for name in ("status", "questions_answered", "is_active")} == {
        "status": "active",
        "questions_answered": 0,
        "is_active": True,
    }
    assert first["current_proficiency"] == [0.5] * 5
    response = ann.answer()
    assert status()["current_proficiency"] == response["current_proficiency"]
    later(31)
    assert (status()["status"], status()["is_active"]) == ("expired", False)
    ann.start()
    ann.end()
    assert (status()["status"], status()["is_active"]) == ("completed", False)


def test_ending_an_idle_session_records_that_it_expired(
    ann: Student, later: Callable[[int], None], rows: Rows
) -> None:
    ann.start()
    ann.answer()
    later(31)
    assert ann.end()["summary"]["total_questions"] == 1
    assert rows("SELECT status FROM assessment.test_sessions") == [("expired",)]


def test_session_of_an_older_deployment_is_closed_with_its_answers(
    ann: Student, operator: dict[str, str], rows: Rows
) -> None:
    """Such a row has neither a pool version nor totals."""
    ann.session_id = "00000000-0000-0000-0000-000000000001"
    rows("INSERT INTO assessment.examinees (id) VALUES ('ann')")
    rows(
        "INSERT INTO assessment.test_sessions (id, student_id, question_pool_id, last_activity)"
        " VALUES (%s, 'ann', %s, '2025-01-01')",
        ann.session_id,
        ann.pool_id,
    )
    for number, right in enumerate((True, False, True)):
        rows(
            "INSERT INTO assessment.test_responses (student_id, session_id, question_id, response,"
            " is_correct, proficiency_after, timestamp)"
            " VALUES ('ann', %s, %s, 0, %s, %s, make_timestamp(2025, 1, 1, 10, %s, 0))",
            ann.session_id,
            f"old{number}",
            right,
            f"[0.{5 + number}]",
            number,
        )
    assert ann.client.get(f"/api/test/status/{ann.session_id}").json()["status"] == "expired"
    assert cleanup(ann.client, operator).json()["sessions_removed"] == 1
    assert rows(
        "SELECT status, total_questions, correct_responses, final_proficiency"
        " FROM assessment.test_sessions"
    ) == [("expired", 3, 2, [0.7])]
    assert ann.post("q1", 0).json()["code"] == "session_expired"
    assert ann.end()["summary"]["accuracy"] == 0.666667
