"""A return to an earlier version restores its parameters and settings in a new version."""

from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from lib.assessment.pools.item_pool import load_pool
from lib.deps import Deps
from tests.assessment.conftest import Rows, Student, make_questions, upload, versions
from tests.assessment.test_calibration import accept, calibrate, record_answers
from tests.assessment.test_pool_edits import questions, retire
from tests.contract.call import ABSENT
from tests.contract.call import OPERATOR as BY_OPERATOR


def go_back(client: TestClient, pool_id: str, version: Any) -> Any:
    body = {"question_pool_id": pool_id, "version": version}
    return client.post("/api/admin-pool-version", json=body, headers=BY_OPERATOR)


@pytest.fixture
def pool_id(client: TestClient, operator: dict[str, str], postgres_url: str) -> str:
    """A pool that was calibrated from answers that contradict the uploaded parameters."""
    questions_of_file = [
        {**question, "difficulty": 0.5, "discrimination": 1.0}
        for question in make_questions(30, concepts=2)
    ]
    pool_id = upload(client, operator, questions_of_file, trains=True)
    record_answers(postgres_url, pool_id)
    calibrate(client, operator, pool_id)
    return pool_id


def parameters(deps: Deps, pool_id: str, version: int) -> list[Any]:
    bank = load_pool(deps.postgres, UUID(pool_id), version).bank
    return [bank.slopes.tolist(), bank.intercepts.tolist(), bank.guessing.tolist()]


def test_parameters_of_the_earlier_version_are_restored_exactly(
    client: TestClient, pool_id: str, deps: Deps, rows: Rows
) -> None:
    first, second = versions(rows)
    assert parameters(deps, pool_id, first) != parameters(deps, pool_id, second)
    items = rows("SELECT count(*) FROM assessment.pool_items")
    response = go_back(client, pool_id, first)
    assert response.status_code == 200, response.text
    third = response.json()["version"]
    assert response.json()["restored_version"] == first
    assert versions(rows) == [first, second, third]
    assert parameters(deps, pool_id, third) == parameters(deps, pool_id, first)
    assert parameters(deps, pool_id, second) != parameters(deps, pool_id, first), "untouched"
    assert rows("SELECT count(*) FROM assessment.pool_items") == [(items[0][0] + 30,)]
    current_parameters = questions(client, pool_id)["q0"]["parameters"]
    assert (current_parameters["difficulty"], current_parameters["is_calibrated"]) == (0.5, False)
    # The calibrated version is restored in the same way.
    fourth = go_back(client, pool_id, second).json()["version"]
    assert parameters(deps, pool_id, fourth) == parameters(deps, pool_id, second)
    assert questions(client, pool_id)["q0"]["parameters"]["is_calibrated"] is True


def test_settings_and_correlations_are_restored(
    client: TestClient, operator: dict[str, str], pool_id: str, rows: Rows
) -> None:
    calibrated_version = versions(rows)[-1]
    selection = {"max_exposure": 0.2}
    (question, *_) = make_questions(1, concepts=2)
    body = {
        "questions": [{**question, "difficulty": 0.5, "discrimination": 1.0}],
        "question_pool_id": pool_id,
        "selection": selection,
    }
    client.post("/api/questions/upload", json=body, headers=operator)
    first = versions(rows)[0]
    restored_version = go_back(client, pool_id, first).json()["version"]
    query = "SELECT prior_covariance, selection FROM assessment.pool_versions WHERE version = %s"
    ((correlations, settings),) = rows(query, restored_version)
    assert (correlations, settings["max_exposure"]) == (None, 1.0)
    assert rows(query, restored_version) == rows(query, first)
    assert rows(query, calibrated_version)[0][0] is not None
    newest_version = go_back(client, pool_id, calibrated_version).json()["version"]
    assert rows(query, newest_version) == rows(query, calibrated_version)


def test_running_tests_keep_their_version(client: TestClient, pool_id: str, rows: Rows) -> None:
    names = ["one", "two"]
    ann = Student(client, pool_id)
    ann.start(concept_names=names)
    go_back(client, pool_id, versions(rows)[0])
    ann.answer()
    bob = Student(client, pool_id, "bob")
    bob.start()
    version_by_student = rows(
        "SELECT student_id, pool_version FROM assessment.test_sessions"
        " WHERE student_id IN ('ann', 'bob') ORDER BY 1"
    )
    assert version_by_student == [("ann", versions(rows)[1]), ("bob", versions(rows)[2])]


def test_texts_correct_answers_and_retirements_stay(
    client: TestClient, operator: dict[str, str], pool_id: str, rows: Rows
) -> None:
    (question, other_question) = make_questions(2, concepts=2)
    corrected_question = {
        **question,
        "difficulty": 0.5,
        "discrimination": 1.0,
        "content": "Corrected",
        "correct_answer": question["options"][1],
    }
    upload(client, operator, [corrected_question], pool_id)
    retire(client, pool_id, other_question["id"])
    go_back(client, pool_id, versions(rows)[0])
    after = questions(client, pool_id)
    assert after["q0"]["content"] == "Corrected"
    assert after["q0"]["correct_answer"] == question["options"][1]
    assert after["q1"]["retired"] is True
    assert after["q0"]["parameters"]["is_calibrated"] is False
    assert newest_state(rows, "q0") == (1, True)


def newest_state(rows: Rows, question_id: str) -> tuple[int, bool]:
    """Return a question's newest correct option, and whether it belongs to the current text."""
    ((option, is_of_current_text),) = rows(
        "SELECT i.correct_option, i.revision = q.revision FROM assessment.pool_items i"
        " JOIN assessment.questions q ON (q.pool_id, q.id) = (i.pool_id, i.question_id)"
        " WHERE q.id = %s ORDER BY i.version DESC LIMIT 1",
        question_id,
    )
    return option, is_of_current_text


def test_exposure_counts_stay(client: TestClient, pool_id: str, rows: Rows) -> None:
    first, second = versions(rows)
    rows(
        "UPDATE assessment.pool_versions SET exposure = '{\"counted\": 1}' WHERE version = %s",
        second,
    )
    third = go_back(client, pool_id, first).json()["version"]
    query = "SELECT exposure FROM assessment.pool_versions WHERE version = %s"
    assert rows(query, third) == [({"counted": 1},)]


def test_retirement_keeps_what_an_edit_changed(
    client: TestClient, operator: dict[str, str], pool_id: str, rows: Rows
) -> None:
    (question,) = make_questions(1, concepts=2)
    edited_question = {**question, "content": "New", "correct_answer": question["options"][1]}
    upload(client, operator, [edited_question], pool_id)
    retire(client, pool_id, "q0").raise_for_status()
    assert newest_state(rows, "q0") == (1, True)


def test_going_back_twice_changes_nothing_more(
    client: TestClient, pool_id: str, rows: Rows
) -> None:
    first, second = versions(rows)
    assert go_back(client, pool_id, second).json()["version"] == second, "it is in use"
    assert versions(rows) == [first, second]
    response = go_back(client, pool_id, first)
    assert go_back(client, pool_id, first).json() == response.json()
    assert len(versions(rows)) == 3


def test_pool_and_version_must_exist(client: TestClient, pool_id: str, rows: Rows) -> None:
    versions_before = versions(rows)
    response = go_back(client, pool_id, versions_before[0] - 1)
    assert (response.status_code, response.json()["code"]) == (404, "pool_version_not_found")
    assert response.json()["details"][0]["field"] == "version"
    assert go_back(client, ABSENT, versions_before[0]).json()["code"] == "pool_not_found"
    for invalid in (0, -1, "1", 2**31):
        assert go_back(client, pool_id, invalid).status_code == 422


def test_return_is_audited_and_listed(
    client: TestClient, operator: dict[str, str], pool_id: str, rows: Rows
) -> None:
    first = versions(rows)[0]
    restored_version = go_back(client, pool_id, first).json()["version"]
    (newest_version, *_) = client.get(f"/api/pools/{pool_id}", headers=operator).json()["versions"]
    assert (newest_version["version"], newest_version["origin"]) == (restored_version, "restored")
    assert newest_version["restored_version"] == first
    assert rows(
        "SELECT count(*) FROM operator_audit WHERE action = '/api/admin-pool-version'"
        " AND outcome = 'done'"
    ) == [(1,)]


def test_upload_after_a_return_keeps_the_restored_parameters(
    client: TestClient, operator: dict[str, str], pool_id: str, rows: Rows
) -> None:
    first = versions(rows)[0]
    go_back(client, pool_id, first)
    versions_before = versions(rows)
    questions_of_file = [
        {**question, "difficulty": 0.5, "discrimination": 1.0}
        for question in make_questions(30, concepts=2)
    ]
    upload(client, operator, questions_of_file, pool_id)
    assert versions(rows) == versions_before, "the same file again"
    result = calibrate(client, operator, pool_id, accepts=False)
    assert result["outcome"] == "needs_acceptance", "the same answers contradict them again"
    assert accept(client, pool_id, True).status_code == 200
