"""admin-change-email: a student gets a new e-mail and keeps everything else."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.conftest import ADMIN_PASSWORD
from tests.workshop.conftest import TOKEN

Post = Callable[..., Any]
Rows = Callable[..., list[tuple[Any, ...]]]
PATH = "/api/admin-change-email"
EMAILS = "SELECT student_email FROM students ORDER BY 1"


def change(client: TestClient, **body: Any) -> Any:
    return client.post(PATH, json={"adminPassword": ADMIN_PASSWORD, **body})


def test_student_keeps_id_sessions_tokens_and_progress(
    client: TestClient, post: Post, rows: Rows
) -> None:
    before = post(studentEmail="ann@example.com", completed=True, timeSpent=5).json()["progress"]
    post(studentEmail="ann@example.com", sessionToken="ws_2_long_enough")
    response = change(client, studentEmail="ANN@example.com ", newEmail=" Ann.B@Example.ORG")
    assert response.status_code == 200
    assert response.json() == {
        "success": True, "message": "E-mail changed", "studentId": before["student_id"],
        "studentEmail": "ann.b@example.org", "sessions": 2, "olderRowsChanged": 0,
    }  # fmt: skip
    after = post(timeSpent=5).json()["progress"]
    assert (after["student_id"], after["student_email"]) == (
        before["student_id"],
        "ann.b@example.org",
    )
    assert (after["completion_rate"], after["total_time_spent"]) == (11, 10)
    by_new_email = client.get("/api/student-progress", params={"studentEmail": "Ann.B@example.org"})
    assert len(by_new_email.json()["sessions"]) == 2
    by_old_email = client.get("/api/student-progress", params={"studentEmail": "ann@example.com"})
    assert by_old_email.json()["sessions"] == []
    assert rows(EMAILS) == [("ann.b@example.org",)]


def test_page_that_still_sends_a_former_email_is_accepted(
    client: TestClient, post: Post, rows: Rows
) -> None:
    post(studentEmail="ann@example.com")
    change(client, studentEmail="ann@example.com", newEmail="ann@example.org")
    change(client, studentEmail="ann@example.org", newEmail="ann@example.net")
    for email in ("ann@example.com", "Ann@example.org", "ann@example.net"):
        response = post(studentEmail=email)
        assert response.status_code == 200
        assert response.json()["progress"]["student_email"] == "ann@example.net"
    assert post(studentEmail="eve@example.com").status_code == 409
    assert rows(EMAILS) == [("ann@example.net",)]
    change(client, studentEmail="ann@example.net", newEmail="ann@example.com")  # and back
    assert rows("SELECT student_email, former_emails FROM students") == [
        ("ann@example.com", ["ann@example.net", "ann@example.org"])
    ]


def test_new_session_under_a_former_email_belongs_to_a_new_student(
    client: TestClient, post: Post, rows: Rows
) -> None:
    post(studentEmail="ann@example.com")
    change(client, studentEmail="ann@example.com", newEmail="ann@example.org")
    post(studentEmail="ann@example.com", sessionToken="ws_2_long_enough")
    assert rows(EMAILS) == [("ann@example.com",), ("ann@example.org",)]


def test_anonymous_student_gets_an_email_by_id(client: TestClient, post: Post, rows: Rows) -> None:
    student = post().json()["progress"]["student_id"]
    response = change(client, studentId=student, newEmail="ann@example.com")
    assert (response.status_code, response.json()["studentId"]) == (200, student)
    assert post().json()["progress"]["student_email"] == "ann@example.com"
    assert rows("SELECT former_emails FROM students") == [(None,)]  # a placeholder is not an e-mail
    assert change(client, studentId=student, studentEmail="ANN@example.com",
                  newEmail="ann@example.org").status_code == 200  # fmt: skip


def test_email_of_another_student_is_refused_and_nothing_is_merged(
    client: TestClient, post: Post, rows: Rows
) -> None:
    post(studentEmail="ann@example.com")
    post(studentEmail="bob@example.com", sessionToken="ws_2_long_enough")
    before = rows("SELECT * FROM students"), rows("SELECT * FROM events")
    response = change(client, studentEmail="ann@example.com", newEmail=" BOB@example.com")
    assert (response.status_code, response.json()["code"]) == (409, "email_of_another_student")
    assert response.json()["error"] == (
        "Nothing was changed: another student has this e-mail; admin-merge-students merges the two."
    )
    assert (rows("SELECT * FROM students"), rows("SELECT * FROM events")) == before


def test_own_email_in_another_spelling_changes_nothing(
    client: TestClient, post: Post, rows: Rows
) -> None:
    post(studentEmail="ann@example.com")
    before = rows("SELECT * FROM students"), rows("SELECT * FROM events")
    response = change(client, studentEmail="ann@example.com", newEmail="ANN@example.com")
    assert (response.status_code, response.json()["studentEmail"]) == (200, "ann@example.com")
    assert (rows("SELECT * FROM students"), rows("SELECT * FROM events")) == before


def test_two_students_racing_for_one_email_do_not_both_get_it(
    client: TestClient, post: Post, rows: Rows
) -> None:
    for number in range(8):
        post(studentEmail=f"s{number}@example.com", sessionToken=f"ws_{number}_long_enough")
    with ThreadPoolExecutor(8) as pool:
        responses = pool.map(
            lambda n: change(client, studentEmail=f"s{n}@example.com", newEmail="new@example.com"),
            range(8),
        )
    assert sorted(response.status_code for response in responses) == [200] + 7 * [409]
    assert len(rows(EMAILS)) == 8


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"newEmail": "new@example.com"}, 400),
        ({"studentEmail": " ", "newEmail": "new@example.com"}, 400),
        ({"studentEmail": "ann@example.com"}, 422),
        ({"studentEmail": "ann@example.com", "newEmail": "no address"}, 422),
        ({"studentId": "ann", "newEmail": "new@example.com"}, 422),
        ({"studentEmail": "eve@example.com", "newEmail": "new@example.com"}, 404),
        ({"studentId": "00000000-0000-0000-0000-000000000000", "newEmail": "n@example.com"}, 404),
        ({"studentId": "00000000-0000-0000-0000-000000000000", "studentEmail": "ann@example.com",
          "newEmail": "new@example.com"}, 404),
    ],
)  # fmt: skip
def test_request_for_no_student_or_no_email_is_refused(
    client: TestClient, post: Post, rows: Rows, body: dict[str, Any], status: int
) -> None:
    post(studentEmail="ann@example.com")
    assert change(client, **body).status_code == status
    assert rows(EMAILS) == [("ann@example.com",)]


def test_change_is_an_event_and_in_the_audit_without_any_email(
    client: TestClient, post: Post, rows: Rows
) -> None:
    post(studentEmail="ann@example.com")
    change(client, studentEmail="ann@example.com", newEmail="ann@example.org")
    assert rows("SELECT session_token, event_data, student_id = (SELECT student_id FROM students)"
                " FROM events WHERE event_type = 'email_changed'") == [
        (None, {"by": "operator"}, True)
    ]  # fmt: skip
    audit = "SELECT outcome, facts FROM operator_audit WHERE action = %s ORDER BY id"
    assert rows(audit, PATH) == [
        ("allowed", {}), ("done", {"sessions": 1, "older_rows": 0})
    ]  # fmt: skip
    assert "ann@" not in str(rows("SELECT * FROM events, operator_audit"))


def test_stranger_changes_nothing(client: TestClient, post: Post, rows: Rows) -> None:
    post(studentEmail="ann@example.com")
    body = {"studentEmail": "ann@example.com", "newEmail": "eve@example.com"}
    assert client.post(PATH, json=body).status_code == 401
    assert client.post(PATH, json={**body, "sessionToken": TOKEN}).status_code == 401
    assert rows(EMAILS) == [("ann@example.com",)]


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        ("TABLE public.student_configs (session_token TEXT, student_email VARCHAR(15))",
         "public.student_configs has a column that cannot hold the new value"),
        ("TABLE public.student_configs (session_token TEXT, student_email TEXT UNIQUE)",
         "public.student_configs has a constraint that forbids the change"),
        ("VIEW public.student_configs AS SELECT DISTINCT session_token, student_email FROM raw",
         "public.student_configs is a view that cannot be changed"),
    ],
)  # fmt: skip
def test_legacy_table_that_refuses_the_new_email_is_named(
    client: TestClient, post: Post, rows: Rows, definition: str, reason: str
) -> None:
    post(studentEmail="ann@example.com")
    rows("CREATE TABLE public.raw (session_token TEXT, student_email TEXT)")
    rows(f"CREATE {definition}")
    table = "raw" if definition.startswith("VIEW") else "student_configs"
    rows(f"INSERT INTO public.{table} VALUES ('a', 'ann@example.com')")
    if "UNIQUE" in definition:
        rows("INSERT INTO public.student_configs VALUES ('b', 'a@longer-example.com')")
    response = change(client, studentEmail="ann@example.com", newEmail="a@longer-example.com")
    assert (response.status_code, response.json()["code"]) == (409, "older_table_refuses")
    assert response.json()["error"] == f"Nothing was changed: {reason}."
    assert rows(EMAILS) == [("ann@example.com",)]
    if table == "raw":
        body = {"adminPassword": ADMIN_PASSWORD, "studentEmail": "ann@example.com"}
        response = client.post("/api/admin-delete-student", json=body)
        assert (response.status_code, response.json()["code"]) == (409, "older_table_refuses")
        assert rows(EMAILS) == [("ann@example.com",)]


def test_removal_spares_another_student_who_now_has_a_former_email(
    client: TestClient, post: Post, rows: Rows
) -> None:
    post(studentEmail="ann@example.com")
    change(client, studentEmail="ann@example.com", newEmail="ann@example.org")
    change(client, studentEmail="ann@example.org", newEmail="ann@example.net")
    post(studentEmail="ann@example.com", sessionToken="ws_2_long_enough")  # another student
    body = {"adminPassword": ADMIN_PASSWORD, "studentEmail": "ann@example.net"}
    assert client.post("/api/admin-delete-student", json=body).status_code == 200
    rows("SELECT public.remove_again()")  # as a restore does
    assert rows(EMAILS) == [("ann@example.com",)]
    # A backup brings Ann back under the former e-mail that nobody else had at her removal.
    rows(
        "INSERT INTO students (student_email, created_at) VALUES ('ann@example.org', '2026-01-01')"
    )
    rows("SELECT public.remove_again()")
    assert rows(EMAILS) == [("ann@example.com",)]


def test_rows_of_legacy_tables_in_camel_case_get_the_new_email(
    client: TestClient, post: Post, rows: Rows
) -> None:
    post(studentEmail="ann@example.com")
    rows('CREATE TABLE public.workshop_students ("sessionToken" TEXT, "studentEmail" TEXT)')
    rows('CREATE TABLE public.workshop_sessions ("sessionId" TEXT, "studentId" TEXT)')
    for table in ("workshop_students", "workshop_sessions"):
        rows(f"INSERT INTO public.{table} VALUES ('a', 'Ann <ANN@example.com>'), ('b', 'b@x.org')")
    body = change(client, studentEmail="ann@example.com", newEmail="ann@example.org").json()
    assert body["olderRowsChanged"] == 2
    columns = {"workshop_students": "studentEmail", "workshop_sessions": "studentId"}
    for table, column in columns.items():
        assert rows(f'SELECT "{column}" FROM public.{table} ORDER BY 1') == [
            ("ann@example.org",), ("b@x.org",),
        ]  # fmt: skip
