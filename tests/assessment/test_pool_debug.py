"""Report on a pool: its calibrations and the questions flagged for drift."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from lib.web import cursor
from tests.assessment.conftest import Rows, make_questions, upload, versions
from tests.assessment.test_calibration import (
    CONCEPTS,
    CRON,
    QUESTIONS,
    STUDENTS,
    calibrate,
    record_answers,
    true_locations,
)

HARDEST = "q29"


def medium_questions(*numbers: int, **fields: Any) -> list[dict[str, Any]]:
    """Return the questions with these numbers, by default all, with medium parameters.

    `fields` replace fields of each question.
    """
    return [
        {**question, "difficulty": 0.5, "discrimination": 1.0, **fields}
        for i, question in enumerate(make_questions(QUESTIONS, concepts=CONCEPTS))
        if not numbers or i in numbers
    ]


@pytest.fixture
def pool_id(client: TestClient, operator: dict[str, str], postgres_url: str) -> str:
    """A pool whose answers contradict the uploaded parameters."""
    pool_id = upload(client, operator, medium_questions(), trains=True)
    record_answers(postgres_url, pool_id)
    return pool_id


def report(client: TestClient, operator: dict[str, str], pool_id: str, **page: int | str) -> Any:
    response = client.get(f"/api/debug/pool/{pool_id}", params=page, headers=operator)
    assert response.status_code == 200, response.text
    return response.json()


def flagged_ids(pool: Any) -> list[str]:
    return [question["question_id"] for question in pool["flagged"]]


def test_pool_that_was_never_calibrated_has_an_empty_report(
    client: TestClient, operator: dict[str, str], pool_id: str, rows: Rows
) -> None:
    assert report(client, operator, pool_id) == {
        "success": True,
        "question_pool_id": pool_id,
        "version": versions(rows)[0],
        "question_count": QUESTIONS,
        "last_attempt": None,
        "calibrations": [],
        "flagged": [],
        "next_cursor": None,
    }


def test_flagged_question_is_reported_with_its_parameters_and_their_change(
    client: TestClient, operator: dict[str, str], pool_id: str
) -> None:
    result = calibrate(client, operator, pool_id)
    pool = report(client, operator, pool_id)
    assert flagged_ids(pool) == result["drifted"]
    hardest = next(flag for flag in pool["flagged"] if flag["question_id"] == HARDEST)
    assert hardest["version"] == pool["version"] == result["version"]
    assert hardest["answers"] == STUDENTS
    assert hardest["p_value"] < 0.01
    assert hardest["curve_change"] > 0.1
    difficulty = hardest["parameters"]["difficulty"]
    assert difficulty["written"] == difficulty["before"] == 0.5
    assert true_locations()[-1] == 1.5, "percentile 0.93"
    assert abs(difficulty["found"] - 0.93) < 3 * difficulty["error"] < 0.3
    expected_move = (difficulty["found"] - difficulty["before"]) / difficulty["error"]
    assert difficulty["moved"] == pytest.approx(expected_move, abs=0.01)
    assert hardest["parameters"]["discrimination"]["written"] == 1.0
    assert hardest["parameters"]["guessing"]["error"] > 0


def test_calibrations_are_listed_newest_first_with_the_last_attempt(
    client: TestClient, operator: dict[str, str], pool_id: str
) -> None:
    first = calibrate(client, operator, pool_id)
    second = calibrate(client, operator, pool_id)
    pool = report(client, operator, pool_id)
    assert [(row["version"], row["drifted"]) for row in pool["calibrations"]] == [
        (second["version"], 0),
        (first["version"], len(first["drifted"])),
    ]
    assert pool["calibrations"][0]["people"] == STUDENTS
    assert pool["calibrations"][0]["settled"] is True
    attempt = pool["last_attempt"]
    assert (attempt["outcome"], attempt["reason"], attempt["failures"]) == ("calibrated", None, 0)
    assert attempt["started_at"] <= attempt["finished_at"]


def test_failed_attempt_is_reported_with_its_reason(
    client: TestClient, operator: dict[str, str], pool_id: str, rows: Rows
) -> None:
    rows("UPDATE assessment.pool_versions SET prior_covariance = '{1,0,0}'")
    assert client.get("/api/calibrate", headers=CRON).status_code == 200
    attempt = report(client, operator, pool_id)["last_attempt"]
    assert attempt["outcome"] == "failed"
    assert attempt["reason"] == "ValueError"
    assert attempt["failures"] == 1


def test_flag_remains_after_the_next_calibration(
    client: TestClient, operator: dict[str, str], pool_id: str
) -> None:
    calibrate(client, operator, pool_id)
    flags_before = report(client, operator, pool_id)["flagged"]
    assert calibrate(client, operator, pool_id)["drifted"] == []
    assert report(client, operator, pool_id)["flagged"] == flags_before


def test_new_parameters_remove_a_flag_and_a_new_text_does_not(
    client: TestClient, operator: dict[str, str], pool_id: str
) -> None:
    calibrate(client, operator, pool_id)
    upload(client, operator, medium_questions(0, content="Another one?"), pool_id)
    upload(client, operator, medium_questions(29, difficulty=0.9), pool_id)
    pool = report(client, operator, pool_id)
    assert HARDEST not in flagged_ids(pool)
    changed_ids = [flag["question_id"] for flag in pool["flagged"] if flag["text_changed"]]
    assert changed_ids == ["q0"]


def test_flags_come_in_pages(client: TestClient, operator: dict[str, str], pool_id: str) -> None:
    calibrate(client, operator, pool_id)
    all_flags = report(client, operator, pool_id)["flagged"]
    paged_flags: list[dict[str, Any]] = []
    page = report(client, operator, pool_id, limit=2)
    while True:
        paged_flags += page["flagged"]
        assert len(page["flagged"]) <= 2
        if page["next_cursor"] is None:
            break
        page = report(client, operator, pool_id, limit=2, cursor=page["next_cursor"])
    assert len(all_flags) > 2
    assert paged_flags == all_flags


@pytest.mark.parametrize(
    "forged_cursor",
    ["x", cursor.write(-1, 0.1, "q"), cursor.write(2**31, 0.1, "q"), cursor.write(1)],
)
def test_forged_cursor_is_refused(
    client: TestClient, operator: dict[str, str], pool_id: str, forged_cursor: str
) -> None:
    response = client.get(
        f"/api/debug/pool/{pool_id}", headers=operator, params={"cursor": forged_cursor}
    )
    assert (response.status_code, response.json()["code"]) == (422, "invalid_cursor")


def test_report_needs_a_credential_and_unknown_pools_are_not_found(
    client: TestClient, operator: dict[str, str], pool_id: str
) -> None:
    assert client.get(f"/api/debug/pool/{pool_id}").status_code == 401
    assert client.get(f"/api/debug/pool/{uuid4()}", headers=operator).status_code == 404
    assert client.get("/api/debug/pool/x", headers=operator).status_code == 404
