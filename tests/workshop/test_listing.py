"""The instructor's list of students and sessions."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.web import cursor as cursors
from lib.web.functions import function_app
from tests.conftest import ADMIN_PASSWORD
from tests.support.legacy_data import legacy_tables
from tests.workshop.conftest import TOKEN
from tests.workshop.documented_course import CAMEL_FLAGS

Rows = Callable[..., list[tuple[Any, ...]]]
LIST, LIST_V2 = "/api/admin-list-configs", "/api/admin-list-configs-v2"
DOCUMENTED = {
    "sessionToken", "studentId", "studentEmail", "studentName", "phoneNumber", "voice",
    "ttsProvider", "callDirection", "useCase", "hasApiKey", "hasSystemPrompt", "hasTools",
    "demoMode", "currentStep", "completionRate", "createdAt", "updatedAt", *CAMEL_FLAGS,
}  # fmt: skip


def post_as_operator(client: TestClient, path: str, **body: Any) -> Any:
    return client.post(path, json={"adminPassword": ADMIN_PASSWORD, **body})


@pytest.mark.parametrize("path", [LIST, LIST_V2])
def test_list_has_the_documented_fields(client: TestClient, path: str) -> None:
    client.post("/api/student-config-save", json={
        "sessionToken": TOKEN, "studentEmail": "ann@example.com", "studentName": "Ann",
        "openaiApiKey": "sk-canary-1234567890", "systemPrompt": "private words",
        "tools": [{"name": "a"}], "selectedPhoneNumber": "+1555", "selectedVoice": "Joanna",
        "useCaseDescription": "bakery", "step4Deployed": True, "currentStep": 5,
    })  # fmt: skip
    response = post_as_operator(client, path)
    assert response.status_code == 200
    body = response.json()
    assert (body["success"], body["source"]) == (True, "unified")
    (student,) = body["students"]
    assert student.keys() == {
        "studentId", "studentEmail", "studentName", "githubUsername", "hasTwilioAccountSid",
        "createdAt", "updatedAt",
    }  # fmt: skip
    (session,) = body["sessions"]
    assert session.keys() >= DOCUMENTED
    assert session["studentId"] == student["studentId"]
    assert (session["phoneNumber"], session["voice"], session["useCase"]) == (
        "+1555", "Joanna", "bakery",
    )  # fmt: skip
    assert (session["hasApiKey"], session["hasSystemPrompt"], session["hasTools"]) == (True,) * 3
    assert (session["currentStep"], session["completionRate"]) == (5, 11)
    assert [flag for flag in CAMEL_FLAGS if session[flag]] == ["step4Deployed"]
    for private in ("canary", "private words", "v1."):
        assert private not in response.text


@pytest.mark.parametrize("path", [LIST, LIST_V2])
def test_stranger_sees_nothing(client: TestClient, path: str) -> None:
    assert client.post(path, json={"adminPassword": "wrong"}).status_code == 401
    assert client.post(path, json={}).status_code == 401
    assert client.get(path).status_code == 405


def test_pages_list_every_session_once_newest_first(client: TestClient, rows: Rows) -> None:
    rows("WITH st AS (INSERT INTO students (student_email)"
         "  SELECT n || '@example.com' FROM generate_series(1, 7) n RETURNING *)"
         "INSERT INTO sessions (session_token, student_id, created_at)"
         "  SELECT 'token ' || split_part(student_email, '@', 1), student_id,"
         "    now() - split_part(student_email, '@', 1)::int / 2 * INTERVAL '1 day' FROM st"
         " RETURNING 1")  # fmt: skip
    rows("INSERT INTO students (student_email) VALUES ('alone@example.com') RETURNING 1")
    cursor, tokens, people = None, [], []
    for _ in range(3):
        body = post_as_operator(client, LIST_V2, limit=3, cursor=cursor).json()
        assert (body["totalSessions"], body["totalStudents"]) == (7, 8)
        tokens += [session["sessionToken"] for session in body["sessions"]]
        people += [student["studentEmail"] for student in body["students"]]
        cursor = body["nextCursor"]
    assert cursor is None
    assert tokens == [f"token {n}" for n in (1, 3, 2, 5, 4, 7, 6)]
    assert sorted(people) == [*(f"{n}@example.com" for n in range(1, 8)), "alone@example.com"]


def test_newer_students_without_a_session_hide_no_student_of_the_page(
    client: TestClient, rows: Rows
) -> None:
    rows("WITH st AS (INSERT INTO students (student_email, created_at)"
         "  SELECT n || '@example.com', now() - n * INTERVAL '1 day' FROM generate_series(5, 6) n"
         "  RETURNING *)"
         " INSERT INTO sessions (session_token, student_id, created_at)"
         " SELECT 'token ' || student_email, student_id, created_at FROM st"
         " RETURNING 1")  # fmt: skip
    rows("INSERT INTO students (student_email, created_at)"
         " SELECT 'alone' || n || '@example.com', now() - n * INTERVAL '1 day'"
         " FROM generate_series(1, 3) n RETURNING 1")  # fmt: skip
    first = post_as_operator(client, LIST_V2, limit=1).json()
    assert [session["sessionToken"] for session in first["sessions"]] == ["token 5@example.com"]
    assert [student["studentEmail"] for student in first["students"]] == [
        "alone1@example.com",
        "5@example.com",
    ]
    second = post_as_operator(client, LIST_V2, limit=1, cursor=first["nextCursor"]).json()
    assert [student["studentEmail"] for student in second["students"]] == ["6@example.com"]


@pytest.mark.parametrize(
    ("field", "value"), [("limit", 0), ("limit", 2001), ("cursor", "x" * 24_001)]
)
def test_bad_field_is_named(client: TestClient, field: str, value: Any) -> None:
    response = post_as_operator(client, LIST_V2, **{field: value})
    assert (response.status_code, response.json()["details"][0]["field"]) == (422, field)


@pytest.mark.parametrize(
    "cursor",
    [
        "'; DROP TABLE students; --",
        "",
        "é",
        "bnVsbA",
        cursors.write(),
        cursors.write("now", "ws_1"),
    ],
)
def test_forged_cursor_is_refused(client: TestClient, cursor: str) -> None:
    response = post_as_operator(client, LIST_V2, cursor=cursor)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_cursor")


LEGACY_ROWS = """
INSERT INTO workshop_students (session_token, student_email, student_name, openai_api_key,
  current_step, completion_rate, created_at) VALUES
('t1', 'Ann@Example.com', 'Ann', 'sk-canary-in-the-clear', 3, 33.33, '2024-01-02'),
(NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO student_configs (session_token, student_email, selected_voice, step4_deployed, tools)
VALUES ('t1', NULL, 'Joanna', TRUE, '[]'), ('t2', 'bob@example.com', NULL, NULL, '"[1]"');
ALTER TABLE student_configs DROP COLUMN current_step;
"""


@pytest.fixture
def legacy(settings: Settings, empty_postgres_url: str) -> Iterator[str]:
    """Serve a database that has only the legacy tables; return its address."""
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute(legacy_tables().encode())
        connection.execute(LEGACY_ROWS.encode())
    deps = Deps(replace(settings, postgres_url=empty_postgres_url))
    install_deps(deps)
    yield empty_postgres_url
    install_deps(None)
    deps.close()


def test_legacy_tables_are_read_without_a_unified_schema(legacy: str) -> None:
    assert legacy
    response = post_as_operator(TestClient(function_app("index")), LIST)
    assert "canary" not in response.text
    body = response.json()
    assert (body["source"], body["totalSessions"], body["totalStudents"]) == ("legacy", 3, 2)
    session = next(s for s in body["sessions"] if s["sessionToken"] == "t1")
    assert session.keys() >= DOCUMENTED
    assert (session["studentEmail"], session["voice"]) == ("Ann@Example.com", "Joanna")
    assert (session["hasApiKey"], session["hasTools"], session["step4Deployed"]) == (
        True, False, True,
    )  # fmt: skip
    assert (session["currentStep"], session["completionRate"]) == (3, 33.33)
    assert session["createdAt"] == "2024-01-02T00:00:00Z"
    assert {s["studentEmail"] for s in body["students"]} == {"ann@example.com", "bob@example.com"}


@pytest.mark.parametrize("name_format", ['"{}"', "{}"])
def test_legacy_columns_in_camel_case_are_read(legacy: str, name_format: str) -> None:
    names = {
        "session_token": "sessionToken", "student_email": "studentEmail",
        "selected_voice": "selectedVoice", "openai_api_key": "openaiApiKey",
        "created_at": "createdAt",
    }  # fmt: skip
    with psycopg.connect(legacy) as connection:
        for table in ("workshop_students", "student_configs"):
            for column, name in names.items():
                connection.execute(
                    f"ALTER TABLE {table} RENAME {column} TO {name_format.format(name)}".encode()
                )
    body = post_as_operator(TestClient(function_app("index")), LIST).json()
    assert (body["totalSessions"], body["totalStudents"]) == (3, 2)
    session = next(s for s in body["sessions"] if s["sessionToken"] == "t1")
    assert (session["studentEmail"], session["voice"]) == ("Ann@Example.com", "Joanna")
    assert (session["hasApiKey"], session["createdAt"]) == (True, "2024-01-02T00:00:00Z")
    with psycopg.connect(legacy) as connection:
        token, email = (name_format.format(name) for name in ("sessionToken", "studentEmail"))
        connection.execute(
            f"INSERT INTO workshop_students ({token}, {email})"
            " SELECT 'more' || n, format(CASE WHEN n > 2100 THEN '<P%s@example.com>'"
            " ELSE 'p%s@example.com' END, n % 2100) FROM generate_series(1, 4200) AS n".encode()
        )
    body = post_as_operator(TestClient(function_app("index")), LIST).json()
    assert (body["totalSessions"], body["totalStudents"]) == (4200 + 3, 2100 + 2)


def test_one_legacy_table_is_enough(legacy: str) -> None:
    with psycopg.connect(legacy) as connection:
        connection.execute("DROP TABLE student_configs")
    assert post_as_operator(TestClient(function_app("index")), LIST).json()["totalSessions"] == 2


def test_second_version_of_the_list_needs_the_unified_schema(legacy: str) -> None:
    assert legacy
    response = post_as_operator(TestClient(function_app("index")), LIST_V2)
    assert (response.status_code, response.json()["code"]) == (503, "schema_missing")


def test_database_without_tables_is_reported_as_a_missing_schema(
    settings: Settings, empty_postgres_url: str
) -> None:
    deps = Deps(replace(settings, postgres_url=empty_postgres_url))
    install_deps(deps)
    response = post_as_operator(TestClient(function_app("index")), LIST)
    assert (response.status_code, response.json()["code"]) == (503, "schema_missing")
    install_deps(None)
    deps.close()


def test_newer_rows_of_a_token_take_precedence(legacy: str) -> None:
    with psycopg.connect(legacy) as connection:
        connection.execute(
            "INSERT INTO workshop_students "
            "(session_token, student_name, selected_voice, created_at, last_activity) "
            "VALUES ('t1', 'Older', 'Old', '2024-01-01', '2024-01-01'), "
            "('t3', 'Newer', NULL, '2024-01-01', '2024-03-01'), "
            "('t3', 'Older', 'Old', '2024-01-02', '2024-02-01')"
        )
    sessions = post_as_operator(TestClient(function_app("index")), LIST).json()["sessions"]
    names = {s["sessionToken"]: (s["studentName"], s["voice"]) for s in sessions}
    assert (names["t1"], names["t3"]) == (("Ann", "Joanna"), ("Newer", "Old"))


def test_legacy_rows_of_both_tables_are_listed_newest_first(legacy: str) -> None:
    with psycopg.connect(legacy) as connection:
        connection.execute(
            "DELETE FROM workshop_students; DELETE FROM student_configs;"
            "INSERT INTO workshop_students (session_token, student_email, student_name,"
            " created_at, last_activity) VALUES"
            " ('april', 'ann@example.com', 'Ann', '2024-01-01', '2024-01-01'),"
            " ('march', 'bob@example.com', 'Bob', '2024-01-01', '2024-03-01');"
            "INSERT INTO student_configs (session_token, student_email, student_name,"
            " created_at, updated_at) VALUES"
            " ('february', 'bob@example.com', 'Old Bob', '2024-02-01', '2024-02-01'),"
            " ('april', 'ann@example.com', 'Ann', '2024-01-01', '2024-04-01')"
        )
    body = post_as_operator(TestClient(function_app("index")), LIST).json()
    assert [s["sessionToken"] for s in body["sessions"]] == ["april", "march", "february"]
    assert {s["studentName"] for s in body["students"]} == {"Ann", "Bob"}


def test_api_keys_in_any_legacy_column_are_redacted(legacy: str) -> None:
    with psycopg.connect(legacy) as connection:
        connection.execute(
            "UPDATE workshop_students SET selected_phone_number = 'call sk-canary-0123456789', "
            "student_name = 'sk-canary-0123456789'; "
            "UPDATE student_configs SET student_email = 'sk-canary-0123456789' "
            "WHERE session_token = 't2'"
        )
    response = post_as_operator(TestClient(function_app("index")), LIST)
    assert "canary" not in response.text
    assert response.json()["totalSessions"] == 3
    assert {s["studentEmail"] for s in response.json()["students"]} == {"ann@example.com"}


def test_totals_of_legacy_tables_count_rows_that_are_not_listed(legacy: str) -> None:
    with psycopg.connect(legacy) as connection:
        connection.execute(
            "INSERT INTO workshop_students (session_token, student_email) "
            "SELECT 'more' || n, ' P' || n % 2100 || '@example.com' "
            "FROM generate_series(1, 2500) AS n; "
            "INSERT INTO student_configs (session_token) VALUES ('more1'), ('other'); "
            "ALTER TABLE student_configs DROP COLUMN student_email"
        )
    body = post_as_operator(TestClient(function_app("index")), LIST).json()
    assert len(body["sessions"]) < 2500
    assert (body["totalSessions"], body["totalStudents"]) == (2500 + 4, 2100 + 1)


PLATFORM_BYTES = 4_500_000  # largest body on Vercel; on Lambda it is 6 MB


def test_pages_fit_the_platforms_and_list_every_session_once(
    client: TestClient, rows: Rows
) -> None:
    rows("WITH st AS (INSERT INTO students (student_email)"
         "  SELECT n || '@example.com' FROM generate_series(1, 900) n RETURNING *)"
         "INSERT INTO sessions (session_token, student_id, created_at, use_case_description)"
         "  SELECT 'token ' || student_email, student_id, now(), repeat('é\n', 3000) FROM st"
         " RETURNING 1")  # fmt: skip
    rows("INSERT INTO students (student_email, student_name)"
         " SELECT 'alone' || n || '@example.com', repeat('x', 4000)"
         " FROM generate_series(1, 500) n RETURNING 1")  # fmt: skip
    cursor: str | None = None
    tokens: list[str] = []
    people: set[str] = set()
    sizes: list[int] = []
    while not sizes or cursor:
        response = post_as_operator(client, LIST_V2, cursor=cursor)
        body, sizes = response.json(), [*sizes, len(response.content)]
        tokens += [session["sessionToken"] for session in body["sessions"]]
        people |= {student["studentEmail"] for student in body["students"]}
        cursor = body["nextCursor"]
    assert max(sizes) < PLATFORM_BYTES
    assert (len(tokens), len(set(tokens))) == (900, 900)
    assert people >= {f"{n}@example.com" for n in range(1, 901)}


def test_list_of_legacy_tables_fits_the_platforms_and_counts_all_rows(legacy: str) -> None:
    with psycopg.connect(legacy) as connection:
        connection.execute(
            "INSERT INTO workshop_students (session_token, created_at, use_case_description) "
            "SELECT 'more' || n, '2025-01-01', repeat('é', 3000) FROM generate_series(1, 1500) AS n"
        )
    response = post_as_operator(TestClient(function_app("index")), LIST)
    body = response.json()
    assert len(response.content) < PLATFORM_BYTES
    assert 100 < len(body["sessions"]) < body["totalSessions"] == 1503


def test_cursor_can_hold_the_longest_token(client: TestClient, rows: Rows) -> None:
    # A migrated token has up to 2,600 bytes, and JSON escapes each of these as six characters.
    for token in ("a" + "\x01" * 2600, "b" + "\x01" * 2600):
        rows("WITH st AS (INSERT INTO students (student_email)"
             "  VALUES (gen_random_uuid() || '@x.example') RETURNING student_id)"
             " INSERT INTO sessions (session_token, student_id) SELECT %s, student_id FROM st"
             " RETURNING 1", token)  # fmt: skip
    first = post_as_operator(client, LIST_V2, limit=1).json()
    second = post_as_operator(client, LIST_V2, limit=1, cursor=first["nextCursor"]).json()
    tokens = [page["sessions"][0]["sessionToken"][0] for page in (first, second)]
    assert sorted(tokens) == ["a", "b"]


def test_long_text_is_shortened_in_the_list(client: TestClient, rows: Rows) -> None:
    rows("WITH st AS (INSERT INTO students (student_email)"
             "  VALUES (gen_random_uuid() || '@x.example') RETURNING student_id)"
         " INSERT INTO sessions (session_token, student_id, use_case_description)"
         " SELECT 'a long story', student_id, repeat('é', 6000000) FROM st"
         " RETURNING 1")  # fmt: skip
    response = post_as_operator(client, LIST_V2)
    (session,) = response.json()["sessions"]
    assert session["useCase"] == "é" * 19_999 + "…"
    assert len(response.content) < PLATFORM_BYTES
