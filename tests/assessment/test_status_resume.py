"""A status contains everything that a page needs to continue a test after a reload."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.assessment.conftest import CONCEPTS, Rows, Student, make_questions, upload


def status(student: Student) -> dict[str, Any]:
    response = student.client.get(f"/api/test/status/{student.session_id}")
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body


def test_whole_test_can_be_taken_from_the_status_alone(ann: Student) -> None:
    ann.start(end_criteria={"max_questions": 4})
    for answer_count in range(4):
        body = status(ann)
        assert body["next_question"] == ann.question
        assert body["questions_answered"] == answer_count
        assert body["progress"] == answer_count / 4
        assert (body["min_questions"], body["max_questions"]) == (4, 4)
        assert body["is_active"] is True
        assert len(body["concept_names"]) == CONCEPTS
        ann.question = body["next_question"]  # as a page does after a reload
        last = ann.answer(right=answer_count % 2 == 0)
    assert last["status"] == "completed"
    body = status(ann)
    assert (body["next_question"], body["progress"], body["is_active"]) == (None, 1.0, False)
    assert body["questions_answered"] == 4


def test_question_of_a_status_has_only_fields_that_a_student_may_see(ann: Student) -> None:
    ann.start()
    assert set(status(ann)["next_question"]) == {"id", "content", "options", "concepts"}


def test_progress_does_not_promise_more_questions_than_the_pool_has(
    client: TestClient, operator: dict[str, str]
) -> None:
    ann = Student(client, upload(client, operator, make_questions(3)))
    ann.start()
    ann.answer()
    body = status(ann)
    assert (body["max_questions"], body["min_questions"]) == (3, 3)
    assert body["progress"] == pytest.approx(1 / 3, abs=1e-6)


def test_progress_of_a_test_that_may_end_sooner_is_a_lower_bound(ann: Student) -> None:
    ann.start(end_criteria={"type": "precision", "precision_threshold": 0.95, "max_questions": 20})
    shares = [status(ann)["progress"]]
    while ann.question is not None:
        ann.answer()
        shares.append(status(ann)["progress"])
    assert shares[:-1] == [answer_count / 20 for answer_count in range(len(shares) - 1)]
    assert shares[-1] == 1.0
    assert len(shares) - 1 < 20


def test_idle_test_offers_no_question(ann: Student, rows: Rows) -> None:
    ann.start()
    rows("UPDATE assessment.test_sessions SET last_activity = last_activity - interval '31 min'")
    body = status(ann)
    assert (body["status"], body["next_question"], body["is_active"]) == ("expired", None, False)


def test_status_keeps_the_question_text_of_the_version_with_which_the_test_began(
    client: TestClient, operator: dict[str, str]
) -> None:
    pool_id = upload(client, operator, make_questions(3))
    ann = Student(client, pool_id)
    ann.start()
    ann.answer()
    changed_questions = [{**question, "content": "Changed"} for question in make_questions(3)]
    upload(client, operator, changed_questions, pool_id)
    assert status(ann)["next_question"] == ann.question
    assert status(ann)["next_question"]["content"] != "Changed"
