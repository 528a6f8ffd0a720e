"""Completion of tests: end criteria, summary, and the start of the next test."""

import math
from typing import Any, get_args, get_type_hints

import pytest
from fastapi.testclient import TestClient

from lib.assessment.pools.rules import STOP_RULES
from lib.assessment.sessions import snapshot
from lib.deps import Deps
from lib.engine import StopRules
from tests.assessment.conftest import Rows, Student, make_questions, upload
from tests.assessment.traces import actual_trace, expected_trace


def finish(student: Student, **criteria: Any) -> list[dict[str, Any]]:
    student.start(end_criteria=criteria)
    responses: list[dict[str, Any]] = []
    while student.question:
        responses.append(student.answer(right=len(responses) % 3 != 2))
    return responses


def test_stop_rules_of_the_service_are_those_of_the_engine() -> None:
    assert get_args(get_type_hints(StopRules)["type"]) == STOP_RULES, (
        "give Type in lib/engine/stopping.py and StopRule in lib/assessment/pools/rules.py the"
        " same kinds in the same order"
    )


def test_numbers_of_stop_rules_in_snapshots_do_not_change() -> None:
    """Running sessions are restored by these numbers; a new rule is appended."""
    assert STOP_RULES[:3] == ("fixed_length", "precision", "classification")


@pytest.mark.parametrize("stop_rule", STOP_RULES)
def test_each_stop_rule_works_to_the_end_of_a_test(
    stop_rule: str, ann: Student, deps: Deps, rows: Rows
) -> None:
    criteria = {"type": stop_rule, "max_questions": 6, "classification_threshold": 0.99}
    ann.start(end_criteria=criteria)
    responses: list[dict[str, Any]] = []
    while ann.question:
        snapshot._cached_sessions.clear()  # another process restores the session from Redis
        responses.append(ann.answer(right=len(responses) % 2 == 0))
    assert [response["status"] for response in responses] == ["continue"] * 5 + ["completed"]
    assert actual_trace(responses) == expected_trace(ann.session_id, deps)
    assert rows(
        "SELECT status, end_reason, end_criteria ->> 'type' FROM assessment.test_sessions"
    ) == [("completed", "max_questions", stop_rule)]


def test_precision_ends_a_test_before_its_maximum_length(ann: Student, rows: Rows) -> None:
    responses = finish(ann, type="precision", precision_threshold=0.7, max_questions=60)
    assert 5 <= responses[-1]["total_questions"] < 60
    assert rows("SELECT end_reason FROM assessment.test_sessions") == [("precision",)]
    [(lowest,)] = rows("SELECT min(confidence)::float FROM assessment.student_proficiencies")
    assert math.sqrt(1 - lowest) <= 0.7 + 1e-6


def test_classification_ends_a_test(ann: Student, rows: Rows) -> None:
    finish(ann, type="classification", classification_threshold=0.7, max_questions=60)
    assert rows("SELECT end_reason FROM assessment.test_sessions") == [("classification",)]


def test_test_that_runs_out_of_questions_completes_itself(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    ann = Student(client, upload(client, operator, make_questions(4)))
    responses = finish(ann, max_questions=20)
    assert [response["status"] for response in responses] == ["continue"] * 3 + ["completed"]
    assert rows("SELECT end_reason FROM assessment.test_sessions") == [("exhausted",)]


def test_small_gain_ends_a_test(ann: Student, rows: Rows) -> None:
    responses = finish(
        ann, type="precision", precision_threshold=0.01, max_questions=60, minimum_gain=0.03
    )
    assert responses[-1]["total_questions"] < 60
    assert rows("SELECT end_reason FROM assessment.test_sessions") == [("small_gain",)]


def test_minimum_number_of_questions_is_asked(ann: Student) -> None:
    responses = finish(
        ann, type="precision", precision_threshold=1.0, min_questions=8, max_questions=20
    )
    assert responses[-1]["total_questions"] == 8


@pytest.mark.parametrize(
    "criteria",
    [
        {"type": "forever"},
        {"min_questions": 6, "max_questions": 5},
        {"max_questions": 0},
        {"max_questions": 201},
        {"precision_threshold": 0},
        {"classification_threshold": 1.0},
        {"score": 1},
    ],
)
def test_invalid_criteria_are_refused(ann: Student, criteria: Any) -> None:
    response = ann.client.post(
        "/api/test/start",
        json={"student_id": "ann", "question_pool_id": ann.pool_id, "end_criteria": criteria},
    )
    assert response.status_code == 422
    assert "end_criteria" in response.json()["error"]


def test_summary_adds_up(ann: Student) -> None:
    start = ann.start()
    for right in (True, True, False, True):
        ann.answer(right=right)
    end = ann.end()
    summary = end["summary"]
    before, after = start["initial_proficiency"], end["final_proficiency"]
    changes = [round(a - b, 6) for a, b in zip(after, before, strict=True)]
    assert summary == {
        "total_questions": 4,
        "correct_responses": 3,
        "accuracy": 0.75,
        "initial_proficiency": before,
        "final_proficiency": after,
        "proficiency_change": changes,
        "learning_gain": pytest.approx(sum(changes) / 5, abs=1e-6),
        "test_efficiency": summary["test_efficiency"],
    }


def test_efficiency_is_the_share_of_variance_removed_per_question(ann: Student, rows: Rows) -> None:
    ann.start()
    for _ in range(4):
        ann.answer()
    summary = ann.end()["summary"]
    confidence = rows("SELECT confidence::float FROM assessment.student_proficiencies")
    removed_variance = sum(value for (value,) in confidence) / 5  # of prior variances of 1
    assert summary["test_efficiency"] == pytest.approx(removed_variance / 4, abs=2e-6)


def test_end_before_the_first_answer_changes_no_proficiency(ann: Student, rows: Rows) -> None:
    ann.start()
    summary = ann.end()["summary"]
    assert summary["final_proficiency"] == summary["initial_proficiency"] == [0.5] * 5
    assert (summary["accuracy"], summary["learning_gain"], summary["test_efficiency"]) == (0, 0, 0)
    assert rows("SELECT count(*) FROM assessment.student_proficiencies") == [(0,)]


def test_returning_student_starts_where_the_last_test_ended(ann: Student, rows: Rows) -> None:
    final = finish(ann, max_questions=15)[-1]["final_proficiency"]
    initial = ann.start()["initial_proficiency"]
    assert initial == pytest.approx(final, abs=1e-3), "no time has passed"
    assert initial != [0.5] * 5
    ann.answer()
    assert rows(
        "SELECT initial_proficiency FROM assessment.test_sessions WHERE status = 'active'"
    ) == [(initial,)]
    assert ann.end()["summary"]["initial_proficiency"] == initial


def test_long_term_proficiency_fades_with_time(ann: Student, rows: Rows) -> None:
    final = finish(ann, max_questions=15)[-1]["final_proficiency"]
    rows("UPDATE assessment.student_proficiencies SET updated_at = updated_at - interval '1 year'")
    initial = ann.start()["initial_proficiency"]
    for then, now in zip(final, initial, strict=True):
        assert abs(now - 0.5) < abs(then - 0.5)


@pytest.mark.parametrize("redis_is_flushed", [False, True])
def test_unanswered_test_of_a_returning_student_ends_where_it_started(
    ann: Student, rows: Rows, deps: Any, redis_is_flushed: bool
) -> None:
    finish(ann, max_questions=5)
    initial = ann.start()["initial_proficiency"]
    if redis_is_flushed:
        deps.redis.pipeline([["FLUSHALL"]])
    summary = ann.end()["summary"]
    assert summary["initial_proficiency"] == summary["final_proficiency"] == initial
    assert ann.end()["summary"] == summary
    assert rows(
        "SELECT initial_proficiency, final_proficiency FROM assessment.test_sessions"
        " WHERE total_questions = 0"
    ) == [(initial, initial)]


def test_pool_without_exactly_five_concepts_needs_their_names(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    pool_id = upload(client, operator, make_questions(6, concepts=2))
    body = {"student_id": "ann", "question_pool_id": pool_id}
    refusal = client.post("/api/test/start", json=body)
    assert (refusal.status_code, refusal.json()["code"]) == (422, "wrong_concept_count")
    assert "number of concepts is 2, not 5" in refusal.json()["error"]
    assert rows("SELECT count(*) FROM assessment.examinees") == [(0,)]
    response = client.post(
        "/api/test/start", json={**body, "concept_names": ["Reading", "Writing"]}
    )
    assert response.json()["initial_proficiency"] == [0.5, 0.5]


def test_pool_that_does_not_exist_is_not_found(client: TestClient) -> None:
    body = {"student_id": "ann", "question_pool_id": "5f0c6b8e-3f0d-4b0e-9a52-0d8f6f2f7b11"}
    assert client.post("/api/test/start", json=body).status_code == 404
