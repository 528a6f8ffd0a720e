"""The reason why a question was chosen, as instructors see it."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.assessment.conftest import Student, make_questions, upload
from tests.contract.call import INSTRUCTOR


def explanation_of(student: Student, **query: Any) -> Any:
    response = student.client.get(
        f"/api/debug/session/{student.session_id}",
        params={"explain": "true", **query},
        headers=INSTRUCTOR,
    )
    assert response.status_code == 200, response.text
    return response.json()["choice"]


def test_explanation_of_a_step_does_not_change_later(ann: Student) -> None:
    question_ids, first_explanations = [], []
    ann.start()
    for _ in range(5):
        assert ann.question is not None
        question_ids.append(ann.question["id"])
        first_explanations.append(explanation_of(ann))
        ann.answer(right=len(question_ids) != 2)
    for step, choice in enumerate(first_explanations):
        assert choice == explanation_of(ann, step=step), "the explanation does not change later"
        assert (choice["step"], choice["question_id"]) == (step, question_ids[step])
        assert choice["unasked_count"] == 60 - step
        chosen = [row for row in choice["candidates"] if row["chosen"]]
        assert [row["question_id"] for row in chosen] == [question_ids[step]]
        values = [row["expected_information"] for row in choice["candidates"]]
        assert values == sorted(values, reverse=True)
        assert 0.95 <= chosen[0]["share_of_best"] <= 1
        assert not {row["question_id"] for row in choice["candidates"]} & set(question_ids[:step])
    assert first_explanations[0]["proficiency"] == [0.5] * 5
    assert first_explanations[0]["level"] == 1, "the middle one of three"
    assert first_explanations[1]["proficiency"] != [0.5] * 5
    assert len(first_explanations[0]["candidates"]) == 20


def test_exposure_control_is_shown(client: TestClient, operator: dict[str, str]) -> None:
    selection = {"max_exposure": 0.3, "best_items": 1}
    pool_id = upload(client, operator, make_questions(40), selection=selection)
    ann = Student(client, pool_id)
    ann.start()
    choice = explanation_of(ann)
    assert (choice["max_exposure"], choice["best_items"]) == (0.3, 1)
    assert 0 < choice["eligible_count"] < choice["unasked_count"] == 40
    eligible_values = {row["eligible"] for row in choice["candidates"]}
    assert eligible_values == {True, False}
    assert {row["eligibility"] for row in choice["candidates"]} == {0.3}
    eligible = [row for row in choice["candidates"] if row["eligible"]]
    assert eligible[0]["chosen"], "the best eligible question is chosen"


def test_chosen_question_is_listed_however_many_better_ones_were_not_eligible(
    client: TestClient, operator: dict[str, str]
) -> None:
    selection = {"max_exposure": 0.05, "best_items": 1}
    pool_id = upload(client, operator, make_questions(80), selection=selection)
    lengths = set()
    for number in range(200):
        student = Student(client, pool_id, f"s{number}")
        student.start()
        choice = explanation_of(student)
        chosen = [row for row in choice["candidates"] if row["chosen"]]
        assert [row["question_id"] for row in chosen] == [choice["question_id"]]
        if choice["eligible_count"]:
            assert chosen[0]["share_of_best"] == 1, "relative to the best eligible question"
        lengths.add(len(choice["candidates"]))
        if lengths == {20, 21}:
            break
    assert lengths == {20, 21}


def test_closed_test_explains_its_last_question(ann: Student) -> None:
    ann.start(end_criteria={"max_questions": 2})
    ann.answer()
    assert ann.question is not None
    last = ann.question["id"]
    ann.answer()
    choice = explanation_of(ann)
    assert (choice["step"], choice["question_id"]) == (1, last)


@pytest.mark.parametrize(("step", "status"), [(-1, 422), (0, 200), (2, 200), (3, 422)])
def test_step_must_have_been_reached(ann: Student, step: int, status: int) -> None:
    ann.start()
    ann.answer()
    ann.answer()
    response = ann.client.get(
        f"/api/debug/session/{ann.session_id}",
        params={"explain": "true", "step": step},
        headers=INSTRUCTOR,
    )
    assert response.status_code == status
    if status == 422:
        assert response.json()["details"][0]["field"] == "step"


def test_choice_is_explained_only_on_request(ann: Student) -> None:
    ann.start()
    response = ann.client.get(f"/api/debug/session/{ann.session_id}", headers=INSTRUCTOR)
    assert response.json()["choice"] is None
