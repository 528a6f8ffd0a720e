"""An unproven test reveals nothing about the student whom it names and changes no proven result."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.settings import Settings
from tests.assessment.conftest import Rows, Student, make_questions, upload
from tests.assessment.tickets import TicketHolder, issue

LONG_TERM = (
    "SELECT concept_name, proficiency_value::float, proven"
    " FROM assessment.student_proficiencies ORDER BY 1"
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of a deployment, where a test without proof does not count."""
    return replace(settings, open_tests_count=False)


def take_test(student: Student, answers: int = 6, *, right: bool = True) -> list[float]:
    """Take a test and end it; return the final proficiency."""
    student.start()
    for _ in range(answers):
        student.answer(right=right)
    final_proficiency: list[float] = student.end()["final_proficiency"]
    return final_proficiency


def ann_with_ticket(client: TestClient, operator: dict[str, str], pool_id: str) -> TicketHolder:
    """Return ann with a new ticket."""
    return TicketHolder(client, issue(client, operator, pool_id, "ann")[0])


def test_an_open_test_is_recorded_as_unproven(
    ann: Student, client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    final_proficiency = take_test(ann)
    assert [row[1:] for row in rows(LONG_TERM)] == [
        (value, False) for value in sorted_by_name(final_proficiency)
    ]
    url = "/api/student/ann"
    for headers in (operator, {"X-Session-Id": ann.session_id}):
        assert client.get(f"{url}/proficiency", headers=headers).json()["proven"] == [False] * 5
        history = client.get(f"{url}/history", headers=headers).json()["test_sessions"]
        assert [test["proven"] for test in history] == [False]
        progress = client.get(f"{url}/progress", headers=headers).json()["progress_data"]
        assert [point["proven"] for point in progress["progress_timeline"]] == [False]


def sorted_by_name(values: list[float]) -> list[float]:
    """Return proficiencies in the alphabetical order of the default names."""
    names = ["Math", "Algebra", "Geometry", "Statistics", "Calculus"]
    return [value for _, value in sorted(zip(names, values, strict=True))]


def test_an_unproven_result_is_not_a_prior(
    ann: Student, client: TestClient, operator: dict[str, str]
) -> None:
    take_test(ann)
    assert ann.start()["initial_proficiency"] == [0.5] * 5
    assert (
        ann_with_ticket(client, operator, ann.pool_id).start()["initial_proficiency"] == [0.5] * 5
    )


def test_a_proven_result_is_a_prior_for_proven_tests_only(
    ann: Student, client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    final_proficiency = take_test(ann_with_ticket(client, operator, ann.pool_id))
    assert [row[1:] for row in rows(LONG_TERM)] == [
        (value, True) for value in sorted_by_name(final_proficiency)
    ]
    assert ann.start()["initial_proficiency"] == [0.5] * 5
    initial_proficiency = ann_with_ticket(client, operator, ann.pool_id).start()[
        "initial_proficiency"
    ]
    assert initial_proficiency == pytest.approx(final_proficiency, abs=1e-3)
    assert initial_proficiency != [0.5] * 5


def test_an_unproven_result_never_replaces_a_proven_one(
    ann: Student, client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    take_test(ann_with_ticket(client, operator, ann.pool_id))
    proven_values = rows(LONG_TERM)
    take_test(ann, right=False)
    assert rows(LONG_TERM) == proven_values
    ann.start()
    ann.answer(right=False)
    rows("UPDATE assessment.test_sessions SET last_activity = last_activity - interval '31 min'")
    client.post("/api/sessions/cleanup", json={}, headers=operator)
    assert rows("SELECT count(*) FROM assessment.test_sessions WHERE status = 'expired'") == [(1,)]
    assert rows(LONG_TERM) == proven_values


def test_a_proven_result_replaces_an_unproven_one(
    ann: Student, client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    take_test(ann, right=False)
    unproven_values = rows(LONG_TERM)
    take_test(ann_with_ticket(client, operator, ann.pool_id))
    assert [row[2] for row in rows(LONG_TERM)] == [True] * 5
    assert rows(LONG_TERM) != unproven_values
    assert len(rows(LONG_TERM)) == 5
    second_proficiency = take_test(ann_with_ticket(client, operator, ann.pool_id))
    assert [row[1] for row in rows(LONG_TERM)] == sorted_by_name(second_proficiency)


def test_an_unproven_result_replaces_an_unproven_one(ann: Student, rows: Rows) -> None:
    take_test(ann, right=False)
    second_proficiency = take_test(ann)
    assert [row[1:] for row in rows(LONG_TERM)] == [
        (value, False) for value in sorted_by_name(second_proficiency)
    ]


def test_an_operators_start_counts(
    ann: Student, client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    body = {"student_id": "ann", "question_pool_id": ann.pool_id}
    session: dict[str, Any] = client.post("/api/test/start", json=body, headers=operator).json()
    ann.session_id, ann.question = session["session_id"], session["next_question"]
    ann.answer()
    ann.end()
    assert [row[2] for row in rows(LONG_TERM)] == [True] * 5


@pytest.mark.parametrize(
    ("rules", "with_ticket", "admitted"),
    [
        ({}, False, False),
        ({"trains": False}, False, False),
        ({"trains": True}, False, True),
        ({}, True, True),
        ({"trains": None}, False, False),
    ],
)
def test_tests_with_a_ticket_or_on_a_pool_that_trains_are_admitted(
    client: TestClient,
    operator: dict[str, str],
    rows: Rows,
    rules: dict[str, Any],
    with_ticket: bool,
    admitted: bool,
) -> None:
    pool_id = upload(client, operator, make_questions(10), **rules)
    student = (
        ann_with_ticket(client, operator, pool_id) if with_ticket else Student(client, pool_id)
    )
    student.start()
    assert rows("SELECT admitted, proven FROM assessment.test_sessions") == [
        (admitted, with_ticket)
    ]


def test_results_from_before_the_upgrade_are_proven(
    client: TestClient, operator: dict[str, str], pool_id: str, rows: Rows
) -> None:
    """The column's default for old rows is true, for new ones false."""
    assert rows(
        "SELECT table_name::text, column_default FROM information_schema.columns"
        " WHERE table_schema = 'assessment' AND column_name = 'proven' ORDER BY 1"
    ) == [("student_proficiencies", "false"), ("test_sessions", "false")]
    rows(
        "ALTER TABLE assessment.student_proficiencies DROP COLUMN proven;"
        "ALTER TABLE assessment.test_sessions DROP COLUMN proven;"
        "INSERT INTO assessment.examinees (id) VALUES ('ann');"
        "INSERT INTO assessment.student_proficiencies"
        " (student_id, concept_name, proficiency_value, confidence)"
        " VALUES ('ann', 'Math', 0.8, 0.6)"
    )
    response = client.post("/api/admin-create-unified-schema", json={}, headers=operator)
    assert response.status_code == 200, response.text
    session = ann_with_ticket(client, operator, pool_id).start()
    assert session["initial_proficiency"] == [pytest.approx(0.8, abs=1e-3), 0.5, 0.5, 0.5, 0.5]
