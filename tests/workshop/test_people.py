"""admin-rename-student, admin-merge-students and admin-detach-session."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient

from tests.conftest import ADMIN_PASSWORD
from tests.workshop.conftest import TOKEN, wait_for_blocked_calls

Post = Callable[..., Any]
Rows = Callable[..., list[tuple[Any, ...]]]
ANN, BEN = "ann@example.com", "ben@example.com"
OTHER = "ws_2_long_enough"
COUNTS = (
    "SELECT (SELECT count(*) FROM students), (SELECT count(*) FROM sessions),"
    " (SELECT count(*) FROM step_progress), (SELECT count(*) FROM events)"
)
OWNERS = (
    "SELECT student_email, (SELECT count(*) FROM sessions s WHERE s.student_id = st.student_id),"
    " (SELECT count(*) FROM step_progress p WHERE p.student_id = st.student_id)"
    " FROM students st ORDER BY 1"
)


def call(client: TestClient, action: str, **body: Any) -> Any:
    return client.post(f"/api/admin-{action}", json={"adminPassword": ADMIN_PASSWORD, **body})


@pytest.fixture
def student_ids(post: Post, rows: Rows) -> dict[str, str]:
    """Create Ann with one step and Ben with two; return the id of each by e-mail."""
    post(studentEmail=ANN, studentName="Ann")
    post(studentEmail=BEN, sessionToken=OTHER, githubUsername="ben-b", completed=True)
    post(sessionToken=OTHER, stepNumber=2, completed=True)
    return {
        mail: str(student_id)
        for mail, student_id in rows("SELECT student_email, student_id FROM students")
    }


def test_rename_changes_the_students_name_and_no_sessions(
    client: TestClient, student_ids: dict[str, str], rows: Rows
) -> None:
    for person in ({"studentEmail": " Ann@example.com"}, {"studentId": student_ids[ANN]}):
        response = call(client, "rename-student", newName=" A 1 ", **person)
        assert response.json() == {
            "success": True, "message": "Student renamed", "studentId": student_ids[ANN],
            "studentName": "A 1",
        }  # fmt: skip
    names = rows("SELECT student_email, student_name FROM students ORDER BY 1")
    assert names == [(ANN, "A 1"), (BEN, None)]
    assert rows("SELECT student_name_given FROM sessions WHERE session_token = %s", TOKEN) == [
        ("Ann",)
    ]


def test_rename_refuses_empty_names_and_unknown_students(
    client: TestClient, student_ids: dict[str, str], rows: Rows
) -> None:
    before = rows("SELECT student_email, student_name FROM students ORDER BY 1")
    for name in ("", "  ", "\x00", "x" * 201):
        refused = call(client, "rename-student", studentEmail=ANN, newName=name)
        assert (refused.status_code, refused.json()["details"][0]["field"]) == (422, "newName")
    assert call(client, "rename-student", newName="A").status_code == 400
    mixed = call(
        client, "rename-student", studentId=student_ids[BEN], studentEmail=ANN, newName="A"
    )
    assert mixed.json()["code"] == "student_not_found"
    assert rows("SELECT student_email, student_name FROM students ORDER BY 1") == before


def test_merge_moves_everything_to_the_student_who_stays(
    client: TestClient,
    student_ids: dict[str, str],
    post: Post,
    rows: Rows,
    operator: dict[str, str],
) -> None:
    rows("INSERT INTO enrollments (student_id, course_id) SELECT student_id, 'voice-assistant'"
         " FROM students")  # fmt: skip
    students, sessions, steps, events = rows(COUNTS)[0]
    response = call(client, "merge-students", keepStudentEmail=ANN, mergeStudentId=student_ids[BEN])
    assert response.json() == {
        "success": True, "message": "Students merged", "studentId": student_ids[ANN],
        "studentEmail": ANN, "sessions": 1, "enrollments": 0, "olderRowsChanged": 0,
    }  # fmt: skip
    assert rows(COUNTS) == [(students - 1, sessions, steps, events + 1)]
    assert rows(OWNERS) == [(ANN, 2, 3)]
    assert rows("SELECT count(*) FROM events WHERE student_id = %s", student_ids[ANN]) == [
        (events + 1,)
    ]
    assert rows("SELECT student_name, github_username, former_emails FROM students") == [
        ("Ann", "ben-b", [BEN])
    ]
    assert rows("SELECT count(*) FROM enrollments") == [(1,)]
    assert post(sessionToken=OTHER, studentEmail=BEN).json()["progress"]["student_email"] == ANN
    again = call(client, "merge-students", keepStudentEmail=ANN, mergeStudentId=student_ids[BEN])
    assert (again.status_code, again.json()["code"]) == (404, "student_not_found")
    merged_student = client.get(
        "/api/student-progress", params={"studentId": student_ids[BEN]}, headers=operator
    )
    assert merged_student.json()["sessions"] == []
    assert post(sessionToken="ws_3_long_enough", studentEmail=BEN).status_code == 200
    assert rows(OWNERS) == [(ANN, 2, 3), (BEN, 1, 1)]


def test_merge_gives_legacy_rows_the_email_that_stays(
    client: TestClient, student_ids: dict[str, str], rows: Rows
) -> None:
    assert student_ids
    rows("CREATE TABLE workshop_students (session_token TEXT, student_email TEXT)")
    rows("INSERT INTO workshop_students VALUES ('a', 'Ben@Example.com'), ('b', 'c@example.com')")
    merged = call(client, "merge-students", keepStudentEmail=ANN, mergeStudentEmail=BEN).json()
    assert merged["olderRowsChanged"] == 1
    assert rows("SELECT student_email FROM workshop_students ORDER BY session_token") == [
        (ANN,), ("c@example.com",),
    ]  # fmt: skip


def test_merge_that_makes_no_sense_changes_nothing(
    client: TestClient, student_ids: dict[str, str], post: Post, rows: Rows
) -> None:
    post(sessionToken="ws_4_long_enough")
    (anonymous,) = rows("SELECT student_id::text FROM students WHERE student_email LIKE 'anon%'")[0]
    before = rows(COUNTS)
    for keep in (student_ids[ANN], anonymous):
        refused = call(client, "merge-students", keepStudentId=keep, mergeStudentEmail=ANN)
        assert (refused.status_code, refused.json()["code"]) == (409, "merge_refused")
    for side in ("keep", "merge"):
        missing = call(client, "merge-students", **{f"{side}StudentEmail": ANN})
        assert (missing.status_code, missing.json()["code"]) == (400, "field_missing")
        unknown = {"keepStudentId": student_ids[ANN], "mergeStudentId": student_ids[BEN]}
        unknown[f"{side}StudentId"] = str(uuid4())
        assert call(client, "merge-students", **unknown).status_code == 404
    assert rows(COUNTS) == before


def test_merges_in_opposite_directions_that_meet_leave_one_student(
    client: TestClient, student_ids: dict[str, str], rows: Rows, postgres_url: str
) -> None:
    def merge(keep: str, other: str) -> int:
        body = {"keepStudentId": keep, "mergeStudentId": other}
        return int(call(client, "merge-students", **body).status_code)

    with ThreadPoolExecutor(2) as pool:
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT FROM sessions FOR UPDATE")
            pairs = [(student_ids[ANN], student_ids[BEN]), (student_ids[BEN], student_ids[ANN])]
            merges = [pool.submit(merge, *pair) for pair in pairs]
            wait_for_blocked_calls(rows, 2)
        assert sorted(merge_call.result() for merge_call in merges) == [200, 404]
    ((_, sessions, steps),) = rows(OWNERS)
    assert (sessions, steps) == (2, 3)


def test_a_merge_and_a_removal_that_meet_do_not_deadlock(
    client: TestClient, student_ids: dict[str, str], rows: Rows, postgres_url: str
) -> None:
    merge = {"keepStudentId": student_ids[ANN], "mergeStudentId": student_ids[BEN]}
    with ThreadPoolExecutor(2) as pool:
        with psycopg.connect(postgres_url) as other:
            other.execute("SELECT FROM sessions WHERE session_token = %s FOR UPDATE", [OTHER])
            merge_call = pool.submit(call, client, "merge-students", **merge)
            wait_for_blocked_calls(rows)
            removal_call = pool.submit(call, client, "delete-student", studentEmail=BEN)
            wait_for_blocked_calls(rows, 2)
        statuses = [each.result().status_code for each in (merge_call, removal_call)]
        assert statuses == [200, 404]
    assert rows(OWNERS) == [(ANN, 2, 3)]


def test_merge_deletes_the_removal_record_of_the_merged_email(
    client: TestClient, student_ids: dict[str, str], post: Post, rows: Rows
) -> None:
    call(client, "delete-student", studentEmail=BEN).raise_for_status()
    post(studentEmail=BEN, sessionToken="ws_3_long_enough")
    assert rows("SELECT count(*) FROM removals WHERE kind = 'student'") == [(1,)]
    call(
        client, "merge-students", keepStudentId=student_ids[ANN], mergeStudentEmail=BEN
    ).raise_for_status()
    assert rows("SELECT count(*) FROM removals WHERE kind = 'student'") == [(0,)]


def test_detached_session_is_anonymous_and_its_former_student_cannot_claim_it(
    client: TestClient, student_ids: dict[str, str], post: Post, rows: Rows
) -> None:
    post(sessionToken="ws_5_long_enough", studentEmail=BEN)
    before = rows(COUNTS)[0]
    response = call(client, "detach-session", sessionToken=OTHER)
    assert response.status_code == 200
    assert response.json()["studentId"] not in student_ids.values()
    assert rows(COUNTS) == [(before[0] + 1, before[1], before[2], before[3] + 1)]
    assert [row[1:] for row in rows(OWNERS)] == [(1, 1), (1, 2), (1, 1)]
    events = "SELECT count(*) FROM events e JOIN sessions s USING (session_token)"
    assert rows(f"{events} WHERE e.student_id <> s.student_id") == [(0,)]
    again = call(client, "detach-session", sessionToken=OTHER)
    assert again.json() == response.json()
    assert post(sessionToken=OTHER).json()["progress"]["student_email"] is None
    refused = post(sessionToken=OTHER, studentEmail=BEN)
    assert (refused.status_code, refused.json()["code"]) == (409, "session_of_another_student")
    assert post(sessionToken=OTHER, studentEmail="cleo@example.com").status_code == 200
    assert call(client, "detach-session", sessionToken="ws_none").status_code == 404


def test_calls_are_audited_without_the_person(
    client: TestClient, student_ids: dict[str, str], rows: Rows
) -> None:
    call(client, "rename-student", studentEmail=ANN, newName="Cleo")
    call(client, "detach-session", sessionToken=TOKEN)
    call(client, "merge-students", keepStudentEmail=BEN, mergeStudentEmail=ANN)
    call(client, "merge-students", keepStudentEmail=BEN, mergeStudentId=student_ids[ANN])
    assert rows(
        "SELECT action, outcome, facts::text FROM operator_audit"
        " WHERE outcome <> 'allowed' ORDER BY id"
    ) == [
        ("/api/admin-rename-student", "done", "{}"),
        ("/api/admin-detach-session", "done", "{}"),
        ("/api/admin-merge-students", "done", '{"sessions": 0, "older_rows": 0}'),
        ("/api/admin-merge-students", "rejected", '{"error": "student_not_found"}'),
    ]
