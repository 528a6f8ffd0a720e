"""Students' tests are kept for the retention time, and then removed with their answers."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.settings import Settings
from tests.assessment.conftest import Student, make_questions, upload
from tests.conftest import CRON_SECRET

Rows = Callable[..., list[tuple[Any, ...]]]
CRON = {"Authorization": f"Bearer {CRON_SECRET}"}


@pytest.fixture
def tests_taken(client: TestClient, operator: dict[str, str]) -> None:
    """Finished tests of ann and ben, and a running one of cy."""
    pool_id = upload(client, operator, make_questions(12))
    for name in ("ann", "ben", "cy"):
        student = Student(client, pool_id, name)
        student.start()
        student.answer()
        if name != "cy":
            student.end()


def age(rows: Rows, days: int, *students: str) -> None:
    """Move the last activity of students' tests and proficiencies into the past."""
    rows(
        "UPDATE assessment.test_sessions SET last_activity = last_activity"
        " - make_interval(days => %s) WHERE student_id = ANY (%s)",
        days,
        list(students),
    )
    rows(
        "UPDATE assessment.student_proficiencies SET updated_at = updated_at"
        " - make_interval(days => %s) WHERE student_id = ANY (%s)",
        days,
        list(students),
    )


def clean_up(client: TestClient) -> tuple[int, int]:
    body = client.get("/api/sessions/cleanup", headers=CRON).json()
    return body["tests_removed"], body["proficiencies_removed"]


def remaining_students(rows: Rows) -> dict[str, list[Any]]:
    tables = ("test_sessions", "test_responses", "student_proficiencies")
    students = {
        table: [
            name
            for (name,) in rows(f"SELECT DISTINCT student_id FROM assessment.{table} ORDER BY 1")
        ]
        for table in tables
    }
    return {
        **students,
        "examinees": [n for (n,) in rows("SELECT id FROM assessment.examinees ORDER BY 1")],
    }


@pytest.mark.usefixtures("tests_taken")
def test_tests_are_removed_after_two_years_and_not_before(client: TestClient, rows: Rows) -> None:
    age(rows, 729, "ann")
    assert clean_up(client) == (0, 0)
    age(rows, 2, "ann")
    assert clean_up(client) == (1, 5)
    assert remaining_students(rows) == {
        "test_sessions": ["ben", "cy"],
        "test_responses": ["ben", "cy"],
        "student_proficiencies": ["ben"],
        "examinees": ["ben", "cy"],
    }
    assert clean_up(client) == (0, 0)


@pytest.mark.usefixtures("tests_taken")
def test_old_running_test_is_closed_and_removed_in_one_run(client: TestClient, rows: Rows) -> None:
    age(rows, 731, "cy")
    # Closing the test stores its five proficiencies, which are as old as the test.
    assert clean_up(client) == (1, 5)
    assert "cy" not in remaining_students(rows)["test_sessions"]


@pytest.mark.usefixtures("tests_taken")
def test_newer_proficiencies_stay_with_their_student_when_the_old_test_is_removed(
    client: TestClient, rows: Rows
) -> None:
    rows(
        "UPDATE assessment.test_sessions SET last_activity = last_activity - interval '731 days'"
        " WHERE student_id = 'ann'"
    )
    assert clean_up(client) == (1, 0)
    assert "ann" in remaining_students(rows)["examinees"]
    assert "ann" in remaining_students(rows)["student_proficiencies"]


@pytest.mark.usefixtures("tests_taken")
def test_removal_is_audited_and_a_run_without_removals_is_not(
    client: TestClient, rows: Rows
) -> None:
    query = "SELECT facts FROM operator_audit WHERE action = 'retention of tests'"
    clean_up(client)
    assert rows(query) == []
    age(rows, 800, "ann")
    clean_up(client)
    assert rows(query) == [({"tests": 1, "answers": 1, "proficiencies": 5, "students": 1},)]


@pytest.mark.usefixtures("tests_taken")
def test_operators_clean_up_of_idle_tests_removes_none(
    client: TestClient, operator: dict[str, str], rows: Rows
) -> None:
    age(rows, 800, "ann")
    body = client.post("/api/sessions/cleanup", headers=operator).json()
    assert body["tests_removed"] == 0
    assert "ann" in remaining_students(rows)["test_sessions"]


def test_retention_time_is_a_setting() -> None:
    assert Settings.from_env({}).test_retention_days == 730
    assert Settings.from_env({"TEST_RETENTION_DAYS": "90"}).test_retention_days == 90
