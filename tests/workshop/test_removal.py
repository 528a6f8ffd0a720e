"""admin-delete-sessions and admin-delete-student."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.conftest import ADMIN_PASSWORD
from tests.support.legacy_data import legacy_tables
from tests.workshop.conftest import TOKEN

Rows = Callable[..., list[tuple[Any, ...]]]
SESSIONS = "/api/admin-delete-sessions"
STUDENT = "/api/admin-delete-student"


def post_as_operator(client: TestClient, path: str, **body: Any) -> Any:
    return client.post(path, json={"adminPassword": ADMIN_PASSWORD, **body})


@pytest.fixture
def three_sessions(post: Callable[..., Any], rows: Rows) -> None:
    """Create two sessions of Ann with one step each, one of them with a key, and one of Bob."""
    post(studentEmail="ann@example.com", completed=True)
    post(studentEmail="ann@example.com", sessionToken="ws_2_other_token")
    post(studentEmail="bob@example.com", sessionToken="ws_3_other_token")
    rows(
        "UPDATE sessions SET openai_api_key = 'sealed' WHERE session_token = %s RETURNING 1", TOKEN
    )


@pytest.mark.usefixtures("three_sessions")
def test_deletion_of_keys_only_removes_keys_and_nothing_else(
    client: TestClient, rows: Rows
) -> None:
    response = post_as_operator(
        client, SESSIONS, sessionTokens=[TOKEN, "unknown"], deleteType="keys-only"
    )
    assert response.json() == {
        "success": True, "message": "API keys deleted", "requested": 2, "found": 1,
        "keysDeleted": 1, "olderKeysDeleted": 0, "sessionsDeleted": 0, "olderRowsDeleted": 0,
    }  # fmt: skip
    assert rows("SELECT openai_api_key FROM sessions WHERE session_token = %s", TOKEN) == [(None,)]
    assert rows("SELECT count(*) FROM step_progress") == [(3,)]


@pytest.mark.usefixtures("three_sessions")
def test_full_deletion_removes_sessions_with_steps_and_events(
    client: TestClient, rows: Rows
) -> None:
    body = post_as_operator(
        client, SESSIONS, sessionTokens=[TOKEN, TOKEN], deleteType="full"
    ).json()
    assert (body["requested"], body["sessionsDeleted"], body["keysDeleted"]) == (1, 1, 1)
    for table in ("sessions", "step_progress", "events"):
        assert rows(f"SELECT 1 FROM {table} WHERE session_token = %s", TOKEN) == []
    assert rows("SELECT count(*) FROM students") == [(2,)]


@pytest.mark.parametrize(
    ("field", "value"),
    [("deleteType", "all"), ("deleteType", None), ("sessionTokens", []), ("sessionTokens", TOKEN),
     ("sessionTokens", ["x"] * 501)],
)  # fmt: skip
@pytest.mark.usefixtures("three_sessions")
def test_bad_field_is_named_and_nothing_is_removed(
    client: TestClient, rows: Rows, field: str, value: Any
) -> None:
    body = {"sessionTokens": [TOKEN], "deleteType": "full", field: value}
    response = post_as_operator(client, SESSIONS, **body)
    assert (response.status_code, response.json()["details"][0]["field"]) == (422, field)
    assert rows("SELECT count(*) FROM sessions") == [(3,)]


@pytest.mark.usefixtures("three_sessions")
def test_person_is_removed_from_all_tables_legacy_ones_included(
    client: TestClient, rows: Rows
) -> None:
    rows(legacy_tables())
    rows("INSERT INTO workshop_students (student_email)"
         " VALUES (' Ann@Example.com'), ('bob@example.com') RETURNING 1")  # fmt: skip
    rows("INSERT INTO workshop_sessions (student_id) VALUES ('ann@example.com') RETURNING 1")
    # A legacy table may lack a column.
    rows("ALTER TABLE student_configs DROP COLUMN student_email")
    response = post_as_operator(client, STUDENT, studentEmail="Ann@example.com ")
    deleted = response.json()
    rows_of_workshop = {"students": 1, "sessions": 2, "steps": 2, "events": 5, "olderRows": 2}
    assert deleted.pop("removed")["workshop"] == rows_of_workshop
    assert deleted == {
        "success": True, "message": "Student deleted", "sessionsDeleted": 2, "stepsDeleted": 2,
        "eventsDeleted": 5, "olderRowsDeleted": 2, "cacheCleared": True,
    }  # fmt: skip
    assert rows("SELECT student_email FROM students") == [("bob@example.com",)]
    assert rows("SELECT count(*) FROM sessions") == [(1,)]
    assert rows("SELECT student_email FROM workshop_students") == [("bob@example.com",)]


@pytest.mark.usefixtures("three_sessions")
def test_unknown_person_is_not_found(client: TestClient, rows: Rows) -> None:
    response = post_as_operator(
        client, STUDENT, studentEmail="x'; DROP TABLE students; --@example.com"
    )
    assert (response.status_code, response.json()["code"]) == (404, "student_not_found")
    assert rows("SELECT count(*) FROM students") == [(2,)]


@pytest.mark.usefixtures("three_sessions")
def test_removals_and_refusals_are_audited_without_personal_data(
    client: TestClient, rows: Rows
) -> None:
    post_as_operator(client, SESSIONS, sessionTokens=[TOKEN], deleteType="full")
    post_as_operator(client, STUDENT, studentEmail="ann@example.com")
    post_as_operator(client, STUDENT, studentEmail="ann@example.com")
    client.post(STUDENT, json={"adminPassword": "wrong", "studentEmail": "bob@example.com"})
    entries = rows("SELECT action, outcome, facts FROM operator_audit ORDER BY id")
    assert [(action.rpartition("/")[2], outcome) for action, outcome, _ in entries] == [
        ("admin-delete-sessions", "allowed"), ("admin-delete-sessions", "done"),
        ("admin-delete-student", "allowed"), ("admin-delete-student", "done"),
        ("admin-delete-student", "allowed"), ("admin-delete-student", "rejected"),
        ("admin-delete-student", "refused"),
    ]  # fmt: skip
    assert "example.com" not in str(entries)
    assert TOKEN not in str(entries)


@pytest.mark.parametrize("path", [SESSIONS, STUDENT])
@pytest.mark.usefixtures("three_sessions")
def test_stranger_removes_nothing(client: TestClient, rows: Rows, path: str) -> None:
    body = {"sessionTokens": [TOKEN], "deleteType": "full", "studentEmail": "ann@example.com"}
    assert client.post(path, json=body).status_code == 401
    assert rows("SELECT count(*) FROM sessions") == [(3,)]
