"""Invented tests change no live parameter; estimates with much drift wait for an operator."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.assessment.calibration.run import DRIFT_SHARE
from tests.assessment.conftest import (
    Rows,
    make_questions,
    upload,
    versions,
)
from tests.assessment.test_calibration import CRON, accept, calibrate, record_answers
from tests.assessment.test_pool_edits import questions, retire
from tests.assessment.test_pool_versions import go_back


def medium_questions() -> list[dict[str, Any]]:
    return [
        {**question, "difficulty": 0.5, "discrimination": 1.0}
        for question in make_questions(30, concepts=2)
    ]


def difficulty(client: TestClient, pool_id: str, question_id: str = "q0") -> float:
    value: float = questions(client, pool_id)[question_id]["parameters"]["difficulty"]
    return value


def all_items(rows: Rows) -> list[Any]:
    return rows("SELECT * FROM assessment.pool_items ORDER BY 1, 2, 3")


def test_pool_that_trains_uses_its_earlier_tests(
    client: TestClient, operator: dict[str, str], postgres_url: str, rows: Rows
) -> None:
    pool_id = upload(client, operator, medium_questions())
    record_answers(postgres_url, pool_id)
    assert rows("SELECT DISTINCT admitted FROM assessment.test_sessions") == [(False,)]
    assert calibrate(client, operator, pool_id, accepts=False)["answers"] == 0
    upload(client, operator, medium_questions(), pool_id, trains=True)
    assert calibrate(client, operator, pool_id, accepts=False)["answers"] == 150 * 30


def test_reset_tests_train_nothing(
    client: TestClient, operator: dict[str, str], postgres_url: str, rows: Rows
) -> None:
    pool_id = upload(client, operator, medium_questions(), trains=True)
    record_answers(postgres_url, pool_id)
    rows("UPDATE assessment.test_sessions SET end_reason = 'reset' WHERE student_id <> 's0'")
    assert calibrate(client, operator, pool_id, accepts=False)["answers"] == 30


def test_drifting_estimates_wait_and_the_live_version_stays(
    client: TestClient, operator: dict[str, str], postgres_url: str, rows: Rows
) -> None:
    pool_id = upload(client, operator, medium_questions(), trains=True)
    record_answers(postgres_url, pool_id)
    items, versions_before = all_items(rows), versions(rows)
    (result,) = client.get("/api/calibrate", headers=CRON).json()["pools"]
    assert (result["outcome"], result["version"]) == ("needs_acceptance", versions_before[0])
    assert len(result["drifted"]) > DRIFT_SHARE * 30
    assert all_items(rows) == items
    assert versions(rows) == versions_before
    details = client.get(f"/api/pools/{pool_id}", headers=operator).json()
    assert details["proposal"]["number"] == result["proposal"]
    assert details["proposal"]["drifted"] == len(result["drifted"])
    assert details["pool"]["version"] == versions_before[0]
    report = client.get(f"/api/debug/pool/{pool_id}", headers=operator).json()
    assert report["last_attempt"]["outcome"] == "needs_acceptance"
    assert report["last_attempt"]["failures"] == 0
    created_at = details["proposal"]["created_at"]
    assert created_at is not None
    rows("UPDATE assessment.calibration_attempts SET finished_at = NULL")  # a later attempt began
    details = client.get(f"/api/pools/{pool_id}", headers=operator).json()
    assert details["proposal"]["created_at"] == created_at
    # Without new answers, the next night does nothing.
    assert client.get("/api/calibrate", headers=CRON).json()["pools"] == []
    # Once accepted, exactly these estimates are live, and no proposal waits.
    response = accept(client, pool_id, result["proposal"] + 1)
    assert (response.status_code, response.json()["code"]) == (409, "nothing_to_accept")
    assert versions(rows) == versions_before
    (calibration,) = accept(client, pool_id, result["proposal"]).json()["pools"]
    assert calibration["outcome"] == "calibrated"
    assert calibration["drifted"] == result["drifted"]
    assert versions(rows) == [*versions_before, calibration["version"]]
    assert len(all_items(rows)) == len(items) + 30
    assert accept(client, pool_id, True).status_code == 409
    assert client.get(f"/api/pools/{pool_id}", headers=operator).json()["proposal"] is None
    assert client.get("/api/calibrate", headers=CRON).json()["pools"] == []


def test_one_drifting_question_does_not_hold_up_the_others(
    client: TestClient, operator: dict[str, str], postgres_url: str, rows: Rows
) -> None:
    pool_id = upload(client, operator, medium_questions(), trains=True)
    record_answers(postgres_url, pool_id)
    calibrate(client, operator, pool_id)
    rows("ALTER TABLE assessment.test_responses DISABLE TRIGGER USER")
    rows("UPDATE assessment.test_responses SET is_correct = TRUE WHERE question_id = 'q29'")
    versions_before = versions(rows)
    result = calibrate(client, operator, pool_id, accepts=False)
    assert (result["outcome"], result["proposal"]) == ("calibrated", None)
    assert result["drifted"] == ["q29"]
    assert len(versions(rows)) == len(versions_before) + 1


def test_estimates_of_a_pool_that_changed_are_not_accepted(
    client: TestClient, operator: dict[str, str], postgres_url: str, rows: Rows
) -> None:
    pool_id = upload(client, operator, medium_questions(), trains=True)
    record_answers(postgres_url, pool_id)
    assert calibrate(client, operator, pool_id, accepts=False)["outcome"] == "needs_acceptance"
    retire(client, pool_id, "q3")
    versions_before = versions(rows)
    response = accept(client, pool_id, True)
    assert (response.status_code, response.json()["code"]) == (409, "proposal_outdated")
    assert versions(rows) == versions_before
    assert client.get(f"/api/pools/{pool_id}", headers=operator).json()["proposal"] is None
    calibrate(client, operator, pool_id)
    assert questions(client, pool_id)["q3"]["retired"] is True, "calibration does not restore it"


def test_count_of_exposure_does_not_outdate_estimates(
    client: TestClient, operator: dict[str, str], postgres_url: str, rows: Rows
) -> None:
    pool_id = upload(
        client, operator, medium_questions(), trains=True, selection={"max_exposure": 0.5}
    )
    record_answers(postgres_url, pool_id)
    rows("ALTER TABLE assessment.test_responses DISABLE TRIGGER USER")
    rows("UPDATE assessment.test_responses SET proficiency_before = '[0.5, 0.5]'")
    (result,) = client.get("/api/calibrate", headers=CRON).json()["pools"]
    assert result["outcome"] == "needs_acceptance"
    rows(
        "UPDATE assessment.test_sessions SET pool_version ="
        " (SELECT max(version) FROM assessment.pool_versions)"
    )
    assert client.get("/api/calibrate", headers=CRON).json()["pools"] == []
    origins = "SELECT origin FROM assessment.pool_versions ORDER BY version"
    assert rows(origins) == [("upload",), ("exposure",), ("exposure",)]
    (calibration,) = accept(client, pool_id, True).json()["pools"]
    assert calibration["outcome"] == "calibrated"
    exposure = rows("SELECT exposure FROM assessment.pool_versions ORDER BY version DESC LIMIT 2")
    assert exposure[0] == exposure[1] != (None,)


def test_accepted_estimates_can_be_withdrawn(
    client: TestClient, operator: dict[str, str], postgres_url: str, rows: Rows
) -> None:
    pool_id = upload(client, operator, medium_questions(), trains=True)
    record_answers(postgres_url, pool_id)
    calibrate(client, operator, pool_id)
    assert difficulty(client, pool_id) != 0.5
    assert go_back(client, pool_id, versions(rows)[0]).status_code == 200
    assert difficulty(client, pool_id) == 0.5
    # The same answers contradict the restored parameters, so the estimates wait again.
    assert calibrate(client, operator, pool_id, accepts=False)["outcome"] == "needs_acceptance"
    assert difficulty(client, pool_id) == 0.5


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"accept": True}, "question_pool_id"),
        ({"accept": 0}, "accept"),
        ({"accept": "yes please"}, "accept"),
    ],
)
def test_invalid_acceptance_is_refused_and_its_field_named(
    client: TestClient, operator: dict[str, str], body: dict[str, Any], field: str
) -> None:
    response = client.post("/api/admin-calibrate", json=body, headers=operator)
    assert response.status_code == 422
    assert response.json()["details"][0]["field"].startswith(field)
