"""The students of a course, step by step, for the dashboard."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.workshop.class_progress.class_progress import step_states
from lib.workshop.course import COURSE
from tests.conftest import INSTRUCTOR_PASSWORD
from tests.workshop.conftest import TOKEN

Rows = Callable[..., list[tuple[Any, ...]]]
Post = Callable[..., Any]
INSTRUCTOR = {"Authorization": f"Bearer {INSTRUCTOR_PASSWORD}"}
STEPS = [{"number": step.number, "completed_by": list(step.completed_by)} for step in COURSE.steps]


def read(client: TestClient, **query: Any) -> Any:
    response = client.get("/api/class-progress", params=query, headers=INSTRUCTOR)
    assert response.status_code == 200, response.text
    return response.json()


# Letters: not begun (.), begun (b), validated (v), committed (c), deployed (d), otherwise done (y).
@pytest.mark.parametrize(
    ("flags", "begun", "passed", "current", "letters"),
    [
        ("", "", "", 0, "........."),
        ("", "", "", 1, "b........"),
        ("twilio_connected", "", "", 0, "b........"),
        ("twilio_connected openai_connected", "", "", 1, "y........"),
        ("", "1 2", "1", 2, "yb......."),
        ("step4_code_validated", "", "", 3, "..bv....."),
        ("step4_code_validated step4_committed", "4", "", 4, "...c....."),
        ("step4_code_validated step4_committed step4_deployed", "4", "", 4, "...d....."),
        ("step7_committed", "", "7", 7, "......y.."),
        ("system_prompt_saved step7_deployed", "", "", 7, "......d.."),
        ("project_deployed", "", "", 9, "........y"),
    ],
)
def test_state_of_each_step_is_the_furthest_that_was_reached(
    flags: str, begun: str, passed: str, current: int, letters: str
) -> None:
    states = step_states(
        STEPS,
        flags=set(flags.split()),
        begun_steps={int(n) for n in begun.split()},
        passed_steps={int(n) for n in passed.split()},
        current_step=current,
    )
    assert states == letters


def test_student_is_listed_with_name_steps_and_times(client: TestClient, post: Post) -> None:
    post(studentEmail="ann@example.com", studentName="Ann", stepNumber=1, completed=True)
    client.post("/api/ask-for-help", json={"sessionToken": TOKEN})
    client.post("/api/report-bug", json={"sessionToken": TOKEN, "description": "x"})
    page = read(client)
    assert [step["stepNumber"] for step in page["steps"]] == list(range(1, 10))
    assert (page["totalStudents"], page["nextCursor"]) == (1, None)
    (ann,) = page["students"]
    assert (ann["studentEmail"], ann["studentName"]) == ("ann@example.com", "Ann")
    assert (ann["steps"], ann["completionRate"], ann["currentStep"]) == ("y........", 11, 1)
    assert (ann["sessions"], ann["bugReports"], ann["isActive"]) == (1, 1, True)
    assert ann["helpAskedAt"] is not None


def test_student_with_several_sessions_is_listed_by_the_furthest_open_one(
    client: TestClient, post: Post, rows: Rows
) -> None:
    for n, step in enumerate((2, 5, 3, 9)):
        post(sessionToken=f"{TOKEN}{n}", studentEmail="ann@example.com", stepNumber=step)
    rows("UPDATE sessions SET is_active = FALSE WHERE session_token = %s", f"{TOKEN}3")
    (ann,) = read(client)["students"]
    assert (ann["sessionToken"], ann["currentStep"], ann["sessions"]) == (f"{TOKEN}1", 5, 4)


def test_time_of_progress_changes_with_steps_and_flags_and_not_with_activity(
    client: TestClient, post: Post, rows: Rows
) -> None:
    def last_times() -> tuple[str, str]:
        (student,) = read(client)["students"]
        return student["lastProgressAt"], student["lastActivity"]

    def save(**fields: Any) -> None:
        body = {"sessionToken": TOKEN, **fields}
        assert client.post("/api/student-config-save", json=body).status_code == 200

    post(stepNumber=4)
    rows("UPDATE sessions SET progressed_at = '2026-01-01', last_activity = '2026-01-01'")
    post(stepNumber=4, attempts=3)
    progress, activity = last_times()
    assert progress == "2026-01-01T00:00:00Z"
    assert activity > progress
    save(systemPrompt="Hello")
    assert last_times()[0] == progress
    save(step4CodeValidated=True)
    assert last_times()[0] > progress
    rows("UPDATE sessions SET progressed_at = '2026-01-01', last_activity = '2026-01-01'")
    save(step4CodeValidated=True)
    assert last_times()[0] == progress
    post(stepNumber=4, completed=True)
    assert last_times()[0] > progress


def test_pages_are_complete_without_repetition(client: TestClient, post: Post) -> None:
    for n in range(5):
        post(sessionToken=f"{TOKEN}{n}", studentEmail=f"s{n}@example.com")
    emails, cursor = [], None
    for _ in range(3):
        page = read(client, limit=2, **({"cursor": cursor} if cursor else {}))
        assert page["totalStudents"] == 5
        emails += [student["studentEmail"] for student in page["students"]]
        cursor = page["nextCursor"]
    assert cursor is None
    assert sorted(emails) == [f"s{n}@example.com" for n in range(5)]


def test_only_changes_since_an_earlier_response_are_returned(
    client: TestClient, post: Post, rows: Rows
) -> None:
    post(sessionToken=f"{TOKEN}1", studentEmail="ann@example.com")
    post(sessionToken=f"{TOKEN}2", studentEmail="ben@example.com")
    for table in ("sessions", "students"):
        rows(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        rows(f"UPDATE {table} SET updated_at = now() - INTERVAL '1 hour'")
        rows(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    as_of = read(client)["asOf"]
    empty_page = read(client, since=as_of)
    assert (empty_page["students"], empty_page["totalStudents"]) == ([], 2)
    post(sessionToken=f"{TOKEN}2", stepNumber=2)
    changed_students = read(client, since=as_of)["students"]
    assert [student["studentEmail"] for student in changed_students] == ["ben@example.com"]


def test_students_of_another_course_are_not_listed(
    client: TestClient, post: Post, operator: dict[str, str]
) -> None:
    course = {
        "courseId": "knots",
        "name": "Knots",
        "steps": [{"name": "Bowline"}, {"name": "Hitch"}],
    }
    response = client.post("/api/admin-save-course", json=course, headers=operator)
    assert response.status_code == 200, response.text
    post(studentEmail="ann@example.com")
    post(sessionToken=f"{TOKEN}2", studentEmail="ben@example.com", courseId="knots", stepNumber=2)
    page = read(client, courseId="knots")
    assert (page["courseName"], [step["stepName"] for step in page["steps"]]) == (
        "Knots",
        ["Bowline", "Hitch"],
    )
    assert [(student["studentEmail"], student["steps"]) for student in page["students"]] == [
        ("ben@example.com", ".b")
    ]
    assert len(read(client)["students"]) == 1


def test_bad_requests_are_refused(client: TestClient) -> None:
    for query, status in (
        ({"courseId": "nothing"}, 404),
        ({"cursor": "x"}, 422),
        ({"limit": 0}, 422),
        ({"since": "yesterday"}, 422),
    ):
        response = client.get("/api/class-progress", params=query, headers=INSTRUCTOR)
        assert response.status_code == status, (query, response.text)
    assert client.get("/api/class-progress").status_code == 401


def test_anonymous_student_has_no_email(client: TestClient, post: Post) -> None:
    post()
    (student,) = read(client)["students"]
    assert student["studentEmail"] is None
