"""An upload stores all questions or none, names an invalid field, and adds a version if needed."""

import json
import math
import time
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from lib.engine import ItemBank
from tests.assessment.conftest import (
    Rows,
    Student,
    make_questions,
    upload,
    versions,
)

GUIDE = {  # as the migration guide prints it
    "questions": [
        {
            "id": "q1",
            "content": "What is 2+2?",
            "options": ["3", "4", "5", "6"],
            "correct_answer": "4",
            "concepts": [1, 0, 0, 0, 0],
            "difficulty": 0.3,
            "discrimination": 1.2,
        }
    ]
}


def post(client: TestClient, operator: dict[str, str], body: dict[str, Any]) -> Any:
    return client.post("/api/questions/upload", json=body, headers=operator)


def test_repeated_upload_of_the_guides_example_makes_one_pool(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    first = post(client, operator, GUIDE)
    assert first.status_code == 200
    assert first.json() == {
        "message": "1 question uploaded",
        "count": 1,
        "question_pool_id": first.json()["question_pool_id"],
    }
    assert post(client, operator, GUIDE).json() == first.json()
    assert rows("SELECT id, correct_answer, concepts, difficulty::float FROM questions") == [
        ("q1", "4", [1, 0, 0, 0, 0], 0.3)
    ]
    assert len(versions(rows)) == 1


def test_without_the_password_nothing_is_uploaded(client: TestClient, rows: Rows) -> None:
    assert client.post("/api/questions/upload", json=GUIDE).status_code == 401
    assert rows("SELECT count(*) FROM assessment.questions") == [(0,)]


def test_password_in_the_body_is_accepted(client: TestClient, operator: dict[str, str]) -> None:
    password = operator["Authorization"].removeprefix("Bearer ")
    response = client.post("/api/questions/upload", json={**GUIDE, "adminPassword": password})
    assert response.status_code == 200


def test_steep_questions_up_to_a_discrimination_of_five_are_accepted(
    client: TestClient, operator: dict[str, str]
) -> None:
    questions_with_slopes = zip(make_questions(4), (2.36, 2.5, 3.0, 5.0), strict=True)
    upload(
        client,
        operator,
        [{**question, "discrimination": a} for question, a in questions_with_slopes],
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"correct_answer": "7"}, "questions[2].correct_answer"),
        ({"options": ["only one"]}, "questions[2].options"),
        ({"options": ["4", "4"]}, "questions[2].options"),
        ({"options": [1, 2]}, "questions[2].options[0]"),
        ({"concepts": [0, 0, 0, 0, 0]}, "questions[2].concepts"),
        ({"concepts": [1, -1, 0, 0, 0]}, "questions[2].concepts[1]"),
        ({"concepts": [1, 1e-300, 0, 0, 0]}, "questions[2].concepts[1]"),
        ({"concepts": [1, 9e-7, 0, 0, 0]}, "questions[2].concepts[1]"),
        ({"concepts": [1, 0, 1_001, 0, 0]}, "questions[2].concepts[2]"),
        ({"concepts": []}, "questions[2].concepts"),
        ({"concepts": [1, 0]}, "questions[2].concepts"),
        ({"difficulty": 0}, "questions[2].difficulty"),
        ({"difficulty": 1}, "questions[2].difficulty"),
        ({"discrimination": 0}, "questions[2].discrimination"),
        ({"discrimination": 5.01}, "questions[2].discrimination"),
        ({"guessing": 1}, "questions[2].guessing"),
        ({"id": ""}, "questions[2].id"),
        ({"id": "q1"}, "questions[2].id"),
        ({"content": ""}, "questions[2].content"),
        ({"is_correct": True}, "questions[2].is_correct"),
    ],
)
def test_one_invalid_question_refuses_the_upload_and_is_named(
    change: dict[str, Any],
    field: str,
    client: TestClient,
    operator: dict[str, str],
    rows: Rows,
) -> None:
    questions = make_questions(4)
    questions[2] = {**questions[2], **change}
    response = post(client, operator, {"questions": questions})
    assert response.status_code == 422
    assert response.json()["error"].startswith(f"{field}: ")
    assert response.json()["details"][0]["field"] == field
    assert "Value error" not in response.text
    assert rows("SELECT count(*) FROM assessment.questions") == [(0,)]


def test_weights_of_every_accepted_size_make_a_usable_pool(
    client: TestClient, operator: dict[str, str]
) -> None:
    questions = make_questions(4)
    questions[0]["concepts"] = [1e-6, 0, 0, 0, 0]
    questions[1]["concepts"] = [1e-6, 1_000, 0, 0, 0]
    ann = Student(client, upload(client, operator, questions))
    ann.start(end_criteria={"max_questions": 4})
    while ann.question:
        response = ann.answer()
    assert all(0 < value < 1 for value in response["final_proficiency"])


def test_question_of_another_pool_refuses_the_upload_and_is_named(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    other_pool = upload(client, operator, make_questions(3))
    body = {
        "questions": [*make_questions(2, "new"), *make_questions(1)],
        "question_pool_id": str(uuid4()),
    }
    response = post(client, operator, body)
    assert (response.status_code, response.json()["code"]) == (409, "question_elsewhere")
    assert "questions[2].id: question q0" in response.json()["error"]
    assert other_pool in response.json()["error"]
    assert rows("SELECT count(*) FROM assessment.questions") == [(3,)]
    assert rows("SELECT count(*) FROM assessment.question_pools") == [(1,)]


def test_pool_keeps_its_number_of_concepts(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    pool_id = upload(client, operator, make_questions(3))
    body = {"questions": make_questions(3, "other", concepts=2), "question_pool_id": pool_id}
    response = post(client, operator, body)
    assert (response.status_code, response.json()["code"]) == (422, "pool_concept_mismatch")
    assert rows("SELECT count(*) FROM assessment.questions") == [(3,)]


def test_thousands_of_questions_in_several_uploads_make_one_pool(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    questions = make_questions(6000, concepts=3)
    assert len(json.dumps({"questions": questions[:5000]})) < 4 * 1024 * 1024
    pool_id = upload(client, operator, questions[:5000])
    assert upload(client, operator, questions[5000:], pool_id) == pool_id
    assert rows(
        "SELECT count(*), count(DISTINCT position), max(position) FROM assessment.questions"
    ) == [(6000, 6000, 5999)]
    assert rows("SELECT question_count FROM assessment.pool_versions ORDER BY version") == [
        (5000,),
        (6000,),
    ]
    assert rows("SELECT count(*) FROM assessment.pool_items") == [(6000,)], (
        "a version copies no items"
    )


def test_guessing_of_the_upload_is_the_default_of_its_questions(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    questions = make_questions(2)
    questions[1]["guessing"] = 0.1
    assert post(client, operator, {"questions": questions, "guessing": 0.25}).status_code == 200
    guessing = rows("SELECT question_id, guessing FROM assessment.pool_items ORDER BY position")
    assert guessing == [("q0", 0.25), ("q1", 0.1)]


def test_running_session_keeps_its_questions_and_answer_key(
    client: TestClient, operator: dict[str, str]
) -> None:
    """An upload reverses all options; a running test still asks and grades the old questions."""
    questions = make_questions(5)
    pool_id = upload(client, operator, questions)
    ann = Student(client, pool_id)
    ann.start(end_criteria={"max_questions": 5})
    ann.answer()
    reversed_questions = [
        {
            **question,
            "content": f"New: {question['content']}",
            "options": list(reversed(question["options"])),
            "difficulty": 0.9,
        }
        for question in questions
    ]
    upload(client, operator, [*reversed_questions, *make_questions(1, "more")], pool_id)
    responses = []
    while ann.question:
        assert not ann.question["content"].startswith("New")
        responses.append(ann.answer())
    assert responses[-1]["total_questions"] == 5
    assert responses[-1]["accuracy"] == 1.0

    bob = Student(client, pool_id, "bob")
    bob.start(end_criteria={"max_questions": 6})
    contents = []
    while bob.question:
        contents.append(bob.question["content"])
        response = bob.answer()
    assert sum(content.startswith("New") for content in contents) == 5
    assert response["accuracy"] == 1.0


def test_restored_backup_is_asked_and_graded_by_its_own_content(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    """An upload to emptied tables simulates the restore; caches still hold the old content."""
    questions = make_questions(5)
    pool_id = upload(client, operator, questions)
    ann = Student(client, pool_id)
    ann.start(end_criteria={"max_questions": 5})
    while ann.question:
        ann.answer()
    rows(
        "SET stepwise.removal = 'test';"
        " TRUNCATE assessment.question_pools, assessment.questions, assessment.examinees CASCADE"
    )
    time.sleep(1.01)  # version numbers count seconds, and a restore takes more than one
    right_options = {q["id"]: q["options"][::-1].index(q["correct_answer"]) for q in questions}
    new_questions = [{**q, "content": "New", "options": q["options"][::-1]} for q in questions]
    upload(client, operator, new_questions, pool_id)
    bob = Student(client, pool_id, "bob")
    bob.start(end_criteria={"max_questions": 5})
    while bob.question:
        assert bob.question["content"] == "New"
        response = bob.post(bob.question["id"], right_options[bob.question["id"]]).json()
        bob.question = response.get("next_question")
    assert response["accuracy"] == 1.0


def test_changed_text_keeps_estimated_parameters_and_changed_parameters_replace_them(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    questions = make_questions(3)
    pool_id = upload(client, operator, questions)
    rows(
        "WITH v AS (INSERT INTO assessment.pool_versions (pool_id, version, origin, question_count)"
        " SELECT id, current_version + 1, 'calibration', 3 FROM assessment.question_pools)"
        " UPDATE assessment.question_pools SET current_version = current_version + 1",
    )
    rows(
        "INSERT INTO assessment.pool_items (pool_id, position, version, question_id, revision,"
        " option_count, correct_option, concepts, difficulty, discrimination, guessing,"
        " calibration) SELECT pool_id, position, version + 1, question_id, revision, option_count,"
        " correct_option, concepts, 0.77, 1.7, 0.1, '{\"answers\": 900}' FROM assessment.pool_items"
    )
    questions[0]["content"] = "Better said?"
    questions[1]["difficulty"] = 0.66
    upload(client, operator, questions, pool_id)
    assert rows(
        "SELECT question_id, revision >"
        " (SELECT min(f.revision) FROM assessment.pool_items f WHERE f.position = i.position),"
        " difficulty, calibration IS NOT NULL"
        " FROM assessment.pool_items i WHERE version = %s ORDER BY position",
        versions(rows)[2],
    ) == [("q0", True, 0.77, True), ("q1", False, 0.66, False)]


def test_answer_key_is_never_returned(
    client: TestClient, operator: dict[str, str], ann: Student
) -> None:
    response = post(client, operator, {"questions": make_questions(3, "canary")})
    assert "correct" not in response.text
    session = ann.start()
    ann.answer()
    for text in (json.dumps(session), json.dumps(ann.question), json.dumps(ann.end())):
        assert "correct_answer" not in text
        assert "correct_option" not in text


def test_options_are_shown_in_the_authors_order(
    client: TestClient, operator: dict[str, str]
) -> None:
    pool_id = post(client, operator, GUIDE).json()["question_pool_id"]
    ann = Student(client, pool_id)
    question = ann.start()["next_question"]
    assert question == {
        "id": "q1",
        "content": "What is 2+2?",
        "options": ["3", "4", "5", "6"],
        "concepts": [1.0, 0.0, 0.0, 0.0, 0.0],
    }
    response = ann.post("q1", 1).json()
    assert (response["status"], response["accuracy"]) == ("completed", 1.0)


def test_dry_run_checks_everything_and_stores_nothing(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    pool_id = upload(client, operator, make_questions(3))
    before = rows("SELECT count(*) FROM pool_versions"), rows("SELECT count(*) FROM questions")
    response = post(client, operator, {"questions": make_questions(5, "new"), "dry_run": True})
    assert (response.status_code, response.json()["count"]) == (200, 5)
    assert response.json()["message"] == "5 questions can be uploaded; nothing was stored"
    body = {"questions": make_questions(3), "question_pool_id": str(uuid4()), "dry_run": True}
    response = post(client, operator, body)
    assert (response.status_code, response.json()["code"]) == (409, "question_elsewhere")
    more_concepts = make_questions(3, "c", concepts=6)
    body = {"questions": more_concepts, "question_pool_id": pool_id, "dry_run": True}
    assert post(client, operator, body).json()["code"] == "pool_concept_mismatch"
    after = rows("SELECT count(*) FROM pool_versions"), rows("SELECT count(*) FROM questions")
    assert before == after


def test_parameters_in_logits_keep_their_curve(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    questions = make_questions(3, concepts=2)
    curves = [(1.3, -1.5), (0.8, 0.0), (2.0, 2.2)]
    weights = [[1, 0], [1, 1], [0, 2]]
    for question, (a, b), concepts in zip(questions, curves, weights, strict=True):
        question |= {"discrimination": a, "difficulty": b, "concepts": concepts}
    response = post(client, operator, {"questions": questions})
    assert response.status_code == 422
    assert "Φ(b / (a‖concepts‖))" in response.json()["error"]
    assert post(client, operator, {"questions": questions, "scale": "logit"}).status_code == 200
    items = "SELECT concepts, difficulty, discrimination FROM pool_items ORDER BY position"
    for (q, difficulty, discrimination), (a, b) in zip(rows(items), curves, strict=True):
        bank = ItemBank.from_questions([q], difficulty, discrimination)
        for theta in ([-1.0, 0.5], [2.0, -0.4]):
            x = a * (q[0] * theta[0] + q[1] * theta[1]) - b
            assert bank.probability(theta)[0] == pytest.approx(1 / (1 + math.exp(-x)), abs=1e-9)


@pytest.mark.parametrize(
    "malformed", [{"concepts": []}, {"discrimination": 0}, {"difficulty": "x"}]
)
def test_parameters_in_logits_that_are_malformed_are_named(
    client: TestClient, operator: dict[str, str], malformed: dict[str, Any]
) -> None:
    question = {**make_questions(1)[0], "difficulty": -1.0, **malformed}
    response = post(client, operator, {"questions": [question], "scale": "logit"})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")
    (name,) = malformed
    fields = [detail["field"] for detail in response.json()["details"]]
    assert any(field.startswith(f"questions[0].{name}") for field in fields)
