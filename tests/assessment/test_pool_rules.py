"""The rules of a pool are stored with it, and a start that contradicts them is refused."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.assessment.conftest import Rows, Student, make_questions, upload
from tests.assessment.tickets import TicketHolder, issue

NAMES = ["Reading", "Writing"]
DEFAULT_NAMES = ["Math", "Algebra", "Geometry", "Statistics", "Calculus"]
COUNT_SESSIONS = "SELECT count(*)::int FROM assessment.test_sessions"
CRITERIA = (
    "SELECT end_criteria ->> 'type', (end_criteria ->> 'min_questions')::int,"
    " (end_criteria ->> 'max_questions')::int FROM assessment.test_sessions"
)


def post_start(client: TestClient, pool_id: str, **fields: Any) -> Any:
    """Start as ann; return the response."""
    body = {"student_id": "ann", "question_pool_id": pool_id, **fields}
    return client.post("/api/test/start", json=body)


def post_upload(client: TestClient, operator: dict[str, str], pool_id: str, **fields: Any) -> Any:
    """Upload a question again, with rules; return the response."""
    body = {"questions": make_questions(60)[:1], "question_pool_id": pool_id, **fields}
    return client.post("/api/questions/upload", json=body, headers=operator)


@pytest.mark.parametrize(
    "names",
    [NAMES[::-1], ["Reading", "reading"], ["A", "B"]],
)
def test_names_that_differ_from_the_pools_are_refused(
    client: TestClient, operator: dict[str, str], rows: Rows, names: list[str]
) -> None:
    pool_id = upload(client, operator, make_questions(10, concepts=2), concept_names=NAMES)
    response = post_start(client, pool_id, concept_names=names)
    assert (response.status_code, response.json()["code"]) == (422, "other_concept_names")
    assert response.json()["details"][0]["field"] == "concept_names"
    assert "Reading, Writing" in response.json()["error"]
    assert rows(COUNT_SESSIONS) == [(0,)]
    assert rows("SELECT count(*) FROM assessment.examinees") == [(0,)]
    for fields in ({}, {"concept_names": NAMES}):
        assert post_start(client, pool_id, **fields).json()["concept_names"] == NAMES


def test_swapped_default_names_are_refused(client: TestClient, pool_id: str, rows: Rows) -> None:
    swapped_names = ["Algebra", "Math", "Geometry", "Statistics", "Calculus"]
    assert post_start(client, pool_id, concept_names=swapped_names).status_code == 422
    assert rows(COUNT_SESSIONS) == [(0,)]
    for fields in ({}, {"concept_names": DEFAULT_NAMES}):
        assert post_start(client, pool_id, **fields).json()["concept_names"] == DEFAULT_NAMES


def test_a_pool_without_names_keeps_those_of_its_first_start(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    pool_id = upload(client, operator, make_questions(10, concepts=2))
    assert post_start(client, pool_id).json()["code"] == "wrong_concept_count"
    assert post_start(client, pool_id, concept_names=NAMES).status_code == 200
    assert post_start(client, pool_id, concept_names=NAMES[::-1]).status_code == 422
    assert post_start(client, pool_id).json()["concept_names"] == NAMES
    assert rows(COUNT_SESSIONS) == [(2,)]


def test_a_pool_from_before_the_upgrade_keeps_the_names_of_its_tests(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    pool_id = upload(client, operator, make_questions(10, concepts=2))
    post_start(client, pool_id, concept_names=NAMES)
    rows("ALTER TABLE assessment.question_pools DROP COLUMN rules")
    response = client.post("/api/admin-create-unified-schema", json={}, headers=operator)
    assert response.status_code == 200, response.text
    assert rows("SELECT rules FROM assessment.question_pools") == [({"concept_names": NAMES},)]
    assert post_start(client, pool_id, concept_names=NAMES[::-1]).status_code == 422
    assert post_start(client, pool_id).json()["concept_names"] == NAMES


@pytest.mark.parametrize(
    ("criteria", "field"),
    [
        ({"max_questions": 3}, "max_questions"),
        ({"max_questions": 1}, "max_questions"),
        ({"max_questions": 13}, "max_questions"),
        ({"min_questions": 3}, "min_questions"),
        ({"min_questions": 13, "max_questions": 13}, "max_questions"),
        ({"type": "fixed_length"}, "type"),
        ({"type": "precision", "min_questions": 1, "precision_threshold": 1}, "min_questions"),
    ],
)
def test_criteria_outside_the_rules_of_the_pool_are_refused(
    client: TestClient,
    operator: dict[str, str],
    rows: Rows,
    criteria: dict[str, Any],
    field: str,
) -> None:
    pool_id = upload(
        client,
        operator,
        make_questions(60),
        min_questions=4,
        max_questions=12,
        stop_rules=["precision", "classification"],
    )
    response = post_start(client, pool_id, end_criteria=criteria)
    assert (response.status_code, response.json()["code"]) == (422, "criterion_refused")
    assert response.json()["details"][0]["field"] == f"end_criteria.{field}"
    assert rows(COUNT_SESSIONS) == [(0,)]
    body = {
        "question_pool_id": pool_id,
        "student_ids": ["ann"],
        "end_criteria": criteria,
    }
    response = client.post("/api/test/tickets", json=body, headers=operator)
    assert (response.status_code, response.json()["code"]) == (422, "criterion_refused")


@pytest.mark.parametrize(
    ("rules", "criteria", "expected"),
    [
        ({}, {}, ("fixed_length", 5, 20)),
        ({}, {"max_questions": 3}, ("fixed_length", 3, 3)),
        ({"max_questions": 12}, {}, ("fixed_length", 5, 12)),
        ({"max_questions": 4}, {}, ("fixed_length", 4, 4)),
        ({"min_questions": 30}, {}, ("fixed_length", 30, 30)),
        ({"min_questions": 8}, {}, ("fixed_length", 8, 20)),
        ({"min_questions": 4, "max_questions": 12}, {"max_questions": 4}, ("fixed_length", 4, 4)),
        ({"max_questions": 12}, {"max_questions": 12}, ("fixed_length", 5, 12)),
        ({"stop_rules": ["precision", "fixed_length"]}, {}, ("precision", 5, 20)),
        (
            {"stop_rules": ["precision", "fixed_length"]},
            {"type": "fixed_length"},
            ("fixed_length", 5, 20),
        ),
        ({"tells": "end"}, {}, ("fixed_length", 5, 20)),
        ({"tells": "end", "min_questions": 7}, {"max_questions": 7}, ("fixed_length", 7, 7)),
    ],
)
def test_the_rules_complete_the_criteria_of_a_start(
    client: TestClient,
    operator: dict[str, str],
    rows: Rows,
    rules: dict[str, Any],
    criteria: dict[str, Any],
    expected: tuple[str, int, int],
) -> None:
    pool_id = upload(client, operator, make_questions(60), **rules)
    fields = {"end_criteria": criteria} if criteria else {}
    response = post_start(client, pool_id, **fields)
    assert response.status_code == 200, response.text
    assert rows(CRITERIA) == [expected]


def test_a_test_has_at_least_five_questions_if_its_pool_tells_results_at_the_end(
    client: TestClient, operator: dict[str, str]
) -> None:
    pool_id = upload(client, operator, make_questions(60), tells="end")
    for criteria in ({"max_questions": 4}, {"min_questions": 4}):
        assert post_start(client, pool_id, end_criteria=criteria).status_code == 422
    assert post_start(client, pool_id, end_criteria={"max_questions": 5}).status_code == 200


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"concept_names": NAMES}, "concept_names"),
        ({"concept_names": ["A"] * 5}, "concept_names"),
        ({"min_questions": 9, "max_questions": 8}, "min_questions"),
        ({"min_questions": 13}, "min_questions"),
        ({"max_questions": 0}, "max_questions"),
        ({"max_questions": 201}, "max_questions"),
        ({"max_questions": 4, "tells": "end"}, "max_questions"),
        ({"admission": "closed"}, "admission"),
        ({"tells": "never"}, "tells"),
        ({"starts_per_day": 0}, "starts_per_day"),
        ({"stop_rules": []}, "stop_rules"),
        ({"stop_rules": ["patience"]}, "stop_rules"),
        ({"trains": 1}, "trains"),
    ],
)
def test_rules_that_do_not_fit_are_refused_and_nothing_is_written(
    client: TestClient,
    operator: dict[str, str],
    rows: Rows,
    rules: dict[str, Any],
    field: str,
) -> None:
    pool_id = upload(client, operator, make_questions(60), max_questions=12)
    response = post_upload(client, operator, pool_id, **rules)
    assert response.status_code == 422, response.text
    assert response.json()["details"][0]["field"].split("[")[0] == field
    assert rows("SELECT rules FROM assessment.question_pools") == [({"max_questions": 12},)]


def test_a_pool_that_admits_by_ticket_must_name_its_concepts(
    client: TestClient, operator: dict[str, str]
) -> None:
    body = {"questions": make_questions(10, concepts=2), "admission": "ticket"}
    response = client.post("/api/questions/upload", json=body, headers=operator)
    assert (response.status_code, response.json()["code"]) == (422, "rule_conflict")
    body["concept_names"] = NAMES
    pool = client.post("/api/questions/upload", json=body, headers=operator).json()
    (ticket,) = issue(client, operator, pool["question_pool_id"], "ann")
    holder = TicketHolder(client, ticket)
    assert holder.post_start(concept_names=NAMES[::-1]).status_code == 422
    assert holder.start()["concept_names"] == NAMES


def test_rules_stay_until_they_are_changed(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    pool_id = upload(client, operator, make_questions(60), max_questions=12, tells="end")
    assert post_upload(client, operator, pool_id).status_code == 200
    assert post_upload(client, operator, pool_id, starts_per_day=2).status_code == 200
    rules_query = "SELECT rules FROM assessment.question_pools"
    assert rows(rules_query) == [({"max_questions": 12, "tells": "end", "starts_per_day": 2},)]
    assert post_upload(client, operator, pool_id, tells=None).status_code == 200
    assert rows(rules_query) == [({"max_questions": 12, "starts_per_day": 2},)]


def test_a_running_test_keeps_the_rules_with_which_it_began(
    client: TestClient, operator: dict[str, str]
) -> None:
    pool_id = upload(client, operator, make_questions(60))
    ann = Student(client, pool_id)
    ann.start()
    response = post_upload(client, operator, pool_id, tells="end", admission="ticket")
    assert response.status_code == 200
    assert len(ann.answer()["current_proficiency"]) == 5
    assert ann.resume()["session_id"] == ann.session_id
    assert post_start(client, pool_id).json()["code"] == "ticket_required"
