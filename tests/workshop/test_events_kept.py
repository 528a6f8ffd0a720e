"""Events are a session's history; only the product, and SQL that states a reason, may change it."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from tests.conftest import CRON_SECRET
from tests.support.upgrade import upgrade
from tests.workshop.conftest import TOKEN

Post = Callable[..., Any]
Rows = Callable[..., list[tuple[Any, ...]]]
EVENTS = "SELECT id, student_id, session_token, event_type, event_data, created_at FROM events"
ANN = "ann@example.com"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM events WHERE event_type = 'step_started'",
        "TRUNCATE events",
        "UPDATE events SET event_data = '{}'",
        "UPDATE events SET created_at = now()",
        "UPDATE events SET student_id = NULL",
        "DELETE FROM sessions",
        "DELETE FROM students",
        "TRUNCATE sessions CASCADE",
    ],
)
def test_statements_without_a_stated_reason_cannot_change_events(
    post: Post, rows: Rows, statement: str
) -> None:
    post(studentEmail=ANN).raise_for_status()
    before = rows(EVENTS)
    assert len(before) == 2
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=r"public\.events"):
        rows(statement)
    assert rows(EVENTS) == before


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT remove_sessions(ARRAY['gone'])",
        "SELECT remove_student('ann@example.com')",
        "SELECT claim_session('s', student_id, 'bob@example.com', NULL) FROM students",
        "SELECT replace_token('s', 't', NULL, '{}', '{}')",
        "SELECT merge_students(NULL, 'bob@example.com', NULL, 'ann@example.com')",
        "SELECT detach_session('s')",
    ],
)
def test_a_removal_or_move_leaves_the_events_of_others_guarded(
    postgres_url: str, statement: str
) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SELECT open_session('s', 'ann@example.com', 'Ann', FALSE, NULL)")
        connection.execute("SELECT open_session('kept', 'cleo@example.com', 'Cleo', FALSE, NULL)")
        if "merge" in statement:
            connection.execute("SELECT open_student('bob@example.com', 'Bob')")
        if "claim" in statement:
            statement += " WHERE student_email LIKE 'ann@%'"
        connection.execute(statement.encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
            connection.execute("DELETE FROM events WHERE session_token = 'kept'")


def test_update_of_events_by_sql_needs_a_stated_reason(post: Post, rows: Rows) -> None:
    post().raise_for_status()
    rows("SET LOCAL stepwise.removal = 'a wrong clock';"
         "UPDATE events SET created_at = '2025-01-01Z'")  # fmt: skip
    assert rows("SELECT DISTINCT created_at = '2025-01-01Z' FROM events") == [(True,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows("DELETE FROM events")


def test_retention_is_audited_and_a_run_without_removals_is_not(
    client: TestClient, post: Post, rows: Rows
) -> None:
    def clean_up() -> None:
        headers = {"Authorization": f"Bearer {CRON_SECRET}"}
        client.get("/api/cleanup-sessions", headers=headers).raise_for_status()

    removals = "SELECT outcome, facts FROM operator_audit WHERE action = 'retention of sessions'"
    post(studentEmail=ANN).raise_for_status()
    rows("INSERT INTO events (event_type, created_at) SELECT 'bug_reported', now() - n * INTERVAL"
         " '1 day' FROM unnest(ARRAY[400, 401, 10]) AS n")  # fmt: skip
    rows("UPDATE sessions SET last_activity = now() - INTERVAL '360 days',"
         " expires_at = now() - INTERVAL '359 days' WHERE session_token = %s", TOKEN)  # fmt: skip
    clean_up()
    removed = {"deleted_sessions": 0, "deleted_students": 0, "deleted_reports": 2}
    assert rows(removals) == [("done", removed)]
    rows("UPDATE sessions SET last_activity = now() - INTERVAL '800 days',"
         " expires_at = now() - INTERVAL '799 days'")  # fmt: skip
    clean_up()
    removed = {"deleted_sessions": 1, "deleted_students": 1, "deleted_reports": 0}
    assert rows(f"{removals} ORDER BY id DESC LIMIT 1") == [("done", removed)]
    clean_up()
    assert len(rows(removals)) == 2


def test_upgrade_merges_students_with_their_events(
    post: Post, rows: Rows, postgres_url: str
) -> None:
    post(studentEmail=ANN).raise_for_status()
    rows("ALTER TABLE students DROP CONSTRAINT students_email_normalized_check")
    rows("INSERT INTO students (student_email) VALUES (' Ann@Example.com')")
    rows("INSERT INTO events (student_id, event_type) SELECT student_id, 'action' FROM students"
         " WHERE student_email = ' Ann@Example.com'")  # fmt: skip
    upgrade(postgres_url)
    assert rows("SELECT student_email, event_type FROM events JOIN students USING (student_id)"
                " ORDER BY events.id") == [
        (ANN, "session_created"), (ANN, "step_started"), (ANN, "action"),
    ]  # fmt: skip
