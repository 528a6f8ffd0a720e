"""Fields that a client may not set and malformed values are refused."""

from typing import Any

import pytest

from tests.assessment.conftest import Rows, Student


@pytest.mark.parametrize(
    "field", ["is_correct", "score", "status", "proficiency", "seconds", "is_admin", "id"]
)
def test_fields_that_only_the_server_sets_are_refused(field: str, ann: Student, rows: Rows) -> None:
    ann.start()
    assert ann.question
    for path, body in (
        ("start", {"student_id": "bob", "question_pool_id": ann.pool_id}),
        (
            "submit",
            {"session_id": ann.session_id, "question_id": ann.question["id"], "response": 0},
        ),
        ("end", {"session_id": ann.session_id}),
    ):
        response = ann.client.post(f"/api/test/{path}", json={**body, field: True})
        assert response.status_code == 422, path
        assert field in response.json()["error"]
    assert rows("SELECT status, total_questions FROM assessment.test_sessions") == [("active", 0)]


@pytest.mark.parametrize("option", [-1, 50, 1.0, 1.5, "1", True, None, [1], {}])
def test_response_that_is_not_an_option_index_is_refused(
    option: Any, ann: Student, rows: Rows
) -> None:
    ann.start()
    assert ann.question
    response = ann.post(ann.question["id"], option)
    assert response.status_code == 422
    assert response.json()["details"][0]["field"] == "response"
    assert rows("SELECT count(*) FROM assessment.test_responses") == [(0,)]


@pytest.mark.parametrize(
    "change",
    [
        {"student_id": ""},
        {"student_id": "   "},
        {"student_id": "x" * 201},
        {"student_id": 7},
        {"student_id": "a\0b"},
        {"question_pool_id": "a\0b"},
        {"concept_names": []},
        {"concept_names": ["Math"] * 5},
        {"concept_names": [f"Concept {i}" for i in range(33)]},
    ],
)
def test_invalid_start_writes_nothing(change: dict[str, Any], ann: Student, rows: Rows) -> None:
    body = {"student_id": "ann", "question_pool_id": ann.pool_id, **change}
    assert ann.client.post("/api/test/start", json=body).status_code == 422
    assert rows("SELECT count(*) FROM assessment.examinees") == [(0,)]


@pytest.mark.parametrize("pool_id", ["", "x" * 201, "x"])
def test_unknown_pool_id_that_is_not_a_uuid_is_not_found(
    pool_id: str, ann: Student, rows: Rows
) -> None:
    body = {"student_id": "ann", "question_pool_id": pool_id}
    response = ann.client.post("/api/test/start", json=body)
    assert (response.status_code, response.json()["code"]) == (404, "pool_not_found")
    assert rows("SELECT count(*) FROM assessment.examinees") == [(0,)]


def test_unknown_session_id_that_is_not_a_uuid_is_not_found(ann: Student) -> None:
    for response in (
        ann.client.get("/api/test/status/x"),
        ann.client.post("/api/test/end/x"),
        ann.client.post("/api/test/end", json={"session_id": "x"}),
    ):
        assert (response.status_code, response.json()["code"]) == (404, "session_not_found")


def test_student_ids_are_opaque(ann: Student, operator: dict[str, str]) -> None:
    for student_id in ("5f0c6b8e-3f0d-4b0e-9a52-0d8f6f2f7b11", "ann@example.com", "Ünï 'x'; --"):
        student = Student(ann.client, ann.pool_id, student_id)
        student.start()
        student.answer()
        history = ann.client.get(f"/api/student/{student_id}/history", headers=operator)
        assert len(history.json()["test_sessions"]) == 1
