"""A reset test leaves the student's record unchanged, and the student may start again."""

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from tests.assessment.conftest import Rows, Student, make_questions, upload
from tests.contract.call import ABSENT, INSTRUCTOR
from tests.contract.call import OPERATOR as BY_OPERATOR


def reset(client: TestClient, session_id: str) -> Any:
    body = {"session_id": session_id}
    return client.post("/api/admin-reset-test", json=body, headers=BY_OPERATOR)


LONG_TERM = (
    "SELECT concept_name, proficiency_value FROM assessment.student_proficiencies ORDER BY 1"
)


def test_reset_test_changes_no_long_term_value(
    ann: Student, rows: Rows, redis_values: Callable[[], dict[str, str]]
) -> None:
    ann.start()
    for _ in range(3):
        ann.answer()
    ann.end()
    long_term = rows(LONG_TERM)
    assert len(long_term) == 5
    ann.start()
    for _ in range(3):
        ann.answer(right=False)
    response = reset(ann.client, ann.session_id)
    assert response.status_code == 200, response.text
    assert response.json() == {
        "success": True,
        "session_id": ann.session_id,
        "student_id": "ann",
        "status": "terminated",
        "questions_answered": 3,
    }
    assert rows(LONG_TERM) == long_term
    assert not [key for key in redis_values() if ann.session_id in key]
    assert rows("SELECT count(*) FROM assessment.test_responses") == [(6,)], "the answers stay"
    progress = ann.client.get("/api/student/ann/progress", headers=BY_OPERATOR).json()
    assert progress["progress_data"]["total_sessions"] == 1
    assert len(progress["progress_data"]["progress_timeline"]) == 1


def test_reset_test_accepts_no_answer_and_the_student_starts_again(ann: Student) -> None:
    ann.start()
    ann.answer()
    reset_id, question = ann.session_id, ann.question
    reset(ann.client, reset_id)
    assert question is not None
    response = ann.post(question["id"], 0)
    assert (response.status_code, response.json()["code"]) == (409, "session_closed")
    body = ann.start()
    assert body["session_id"] != reset_id
    assert body["initial_proficiency"] == [0.5] * 5
    ann.answer()


def test_repeated_reset_changes_nothing(ann: Student, rows: Rows) -> None:
    ann.start()
    ann.answer()
    first = reset(ann.client, ann.session_id).json()
    sessions = rows("SELECT * FROM assessment.test_sessions")
    assert reset(ann.client, ann.session_id).json() == first
    assert rows("SELECT * FROM assessment.test_sessions") == sessions


def test_test_with_a_result_is_not_reset(ann: Student, rows: Rows) -> None:
    ann.start()
    ann.answer()
    ann.end()
    long_term = rows(LONG_TERM)
    response = reset(ann.client, ann.session_id)
    assert (response.status_code, response.json()["code"]) == (409, "session_closed")
    assert rows("SELECT status, end_reason FROM assessment.test_sessions") == [
        ("completed", "ended")
    ]
    assert rows(LONG_TERM) == long_term


def test_only_operators_reset_and_each_reset_is_audited(ann: Student, rows: Rows) -> None:
    ann.start()
    body = {"session_id": ann.session_id}
    assert ann.client.post("/api/admin-reset-test", json=body).status_code == 401
    response = ann.client.post("/api/admin-reset-test", json=body, headers=INSTRUCTOR)
    assert response.status_code == 403
    assert reset(ann.client, ABSENT).status_code == 404
    assert rows("SELECT status FROM assessment.test_sessions") == [("active",)]
    assert reset(ann.client, ann.session_id).status_code == 200
    outcomes = rows(
        "SELECT outcome FROM operator_audit WHERE action = '/api/admin-reset-test'"
        " AND outcome = 'done' ORDER BY id"
    )
    assert outcomes == [("done",)]


def test_reset_frees_one_start_of_the_day(client: TestClient, operator: dict[str, str]) -> None:
    pool_id = upload(client, operator, make_questions(4), starts_per_day=1)
    ann = Student(client, pool_id)
    ann.start()
    start_body = {"student_id": "ann", "question_pool_id": pool_id}
    assert client.post("/api/test/start", json=start_body).status_code == 429
    reset(client, ann.session_id)
    assert client.post("/api/test/start", json=start_body).status_code == 200
    assert client.post("/api/test/start", json=start_body).status_code == 429
