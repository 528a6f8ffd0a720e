"""The daily clean-up of expired sessions."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.database.postgres import Transaction
from lib.database.queries import load_queries
from lib.deps import Deps
from lib.errors import NotConfigured
from lib.settings import Settings
from lib.workshop.cleanup import store
from lib.workshop.cleanup.clean_up import CleanupLimits, clean_up
from tests.conftest import CRON_SECRET

Rows = Callable[..., list[tuple[Any, ...]]]
Run = Callable[[], dict[str, Any]]
BATCH_SIZE = 500
KILL_BACKEND_AT_SESSION_LATE1 = """
CREATE FUNCTION kill_backend() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  PERFORM pg_terminate_backend(pg_backend_pid());
  RETURN new;
END $$;
CREATE TRIGGER killed BEFORE UPDATE ON sessions FOR EACH ROW
  WHEN (old.session_token = 'late1') EXECUTE FUNCTION kill_backend();
"""


@pytest.fixture
def run(client: TestClient) -> Run:
    def call() -> dict[str, Any]:
        response = client.get(
            "/api/cleanup-sessions", headers={"Authorization": f"Bearer {CRON_SECRET}"}
        )
        assert response.status_code == 200
        body: dict[str, Any] = response.json()
        return body

    return call


def test_invalid_retention_time_disables_the_clean_up(settings: Settings) -> None:
    deps = Deps(replace(settings, workshop_retention_days=None))
    with pytest.raises(NotConfigured, match="WORKSHOP_RETENTION_DAYS"):
        clean_up(deps)
    deps.close()


@pytest.fixture
def sessions(rows: Rows) -> Callable[..., None]:
    """Create `count` sessions, last active `idle_days` days ago, that expire a day after that."""

    def make(name: str, idle_days: float, count: int = 1) -> None:
        rows(
            "WITH st AS (INSERT INTO students (student_email)"
            "  SELECT %s || n || '@example.com' FROM generate_series(1, %s) n RETURNING student_id)"
            "INSERT INTO sessions (session_token, student_id, last_activity, expires_at,"
            "  openai_api_key) SELECT %s || row_number() OVER (), student_id,"
            "  now() - %s * INTERVAL '1 day', now() - (%s - 1) * INTERVAL '1 day', 'sealed'"
            " FROM st RETURNING 1",
            name, count, name, idle_days, idle_days,
        )  # fmt: skip

    return make


def test_expired_session_is_closed_and_loses_its_key(
    run: Run, sessions: Callable[..., None], rows: Rows
) -> None:
    sessions("active", 0.5)
    sessions("expired", 2)
    body = run()
    assert (body["success"], body["message"]) == (True, "cleaned up")
    assert (body["closedSessions"], body["deletedSessions"]) == (1, 0)
    assert body["timestamp"]
    assert rows("SELECT session_token, is_active, openai_api_key FROM sessions ORDER BY 1") == [
        ("active1", True, "sealed"),
        ("expired1", False, None),
    ]
    assert rows("SELECT event_type, session_token FROM events") == [("session_expired", "expired1")]


def test_key_that_was_left_in_a_closed_session_is_removed(
    run: Run, sessions: Callable[..., None], rows: Rows
) -> None:
    sessions("closed", 2)
    rows("UPDATE sessions SET is_active = FALSE RETURNING 1")
    run()
    assert rows("SELECT openai_api_key FROM sessions") == [(None,)]


def test_leftover_keys_are_found_by_an_index(
    rows: Rows,
) -> None:
    """Otherwise the clean-up would read every session that was ever closed, each night."""
    rows("WITH one AS (INSERT INTO public.students (student_email) VALUES ('a@example.com')"
         " RETURNING student_id) "
         "INSERT INTO public.sessions (session_token, student_id, is_active, expires_at)"
         " SELECT format('ws_%s', n), student_id, FALSE, now() - INTERVAL '1 day'"
         " FROM one, generate_series(1, 5000) AS n")  # fmt: skip
    rows("ANALYZE public.sessions")
    query = load_queries("workshop/cleanup.sql")["remove_leftover_keys"].text.decode()
    plan = rows(f"EXPLAIN {query.replace('%(batch_size)s', '100')}")
    assert "idx_sessions_closed_with_secret" in str(plan)


def test_session_is_removed_only_after_the_retention_time(
    run: Run, sessions: Callable[..., None], rows: Rows
) -> None:
    sessions("kept", 364)
    sessions("old", 366)
    rows("INSERT INTO events (event_type, created_at)"
         " VALUES ('bug_reported', now() - INTERVAL '366 days'), ('bug_reported', now())"
         " RETURNING 1")  # fmt: skip
    body = run()
    assert (body["deletedSessions"], body["deletedStudents"], body["deletedReports"]) == (1, 1, 1)
    assert rows("SELECT session_token FROM sessions") == [("kept1",)]
    assert rows("SELECT student_email FROM students") == [("kept1@example.com",)]


def test_student_with_a_recent_session_is_kept(
    run: Run, sessions: Callable[..., None], rows: Rows
) -> None:
    sessions("old", 366)
    rows("INSERT INTO sessions (session_token, student_id)"
         " SELECT 'young', student_id FROM students RETURNING 1")  # fmt: skip
    assert (run()["deletedStudents"], rows("SELECT count(*) FROM students")) == (0, [(1,)])


@pytest.fixture
def enroll(rows: Rows) -> Callable[[str, float], None]:
    """Enroll a student, who is created if necessary, in a further course, `days` days ago."""

    def make(email: str, days: float) -> None:
        rows(
            "WITH course AS (INSERT INTO courses (course_id, name, steps)"
            "  SELECT 'c' || count(*), 'C', '[{\"name\": \"A\"}]' FROM courses RETURNING course_id"
            "), st AS (INSERT INTO students (student_email) VALUES (%s)"
            "  ON CONFLICT (student_email) DO UPDATE SET student_name = 'N' RETURNING student_id)"
            "INSERT INTO enrollments SELECT student_id, course_id, now() - %s * INTERVAL '1 day'"
            " FROM st, course RETURNING 1",
            email, days,
        )  # fmt: skip

    return make


ENROLLED = (
    "SELECT student_email, count(*) FROM enrollments JOIN students USING (student_id)"
    " GROUP BY 1 ORDER BY 1"
)


def test_student_of_an_old_session_stays_while_an_enrollment_is_recent(
    run: Run, sessions: Callable[..., None], enroll: Callable[[str, float], None], rows: Rows
) -> None:
    sessions("old", 366, count=2)
    enroll("old1@example.com", 364)
    enroll("old1@example.com", 400)
    enroll("old2@example.com", 366)
    body = run()
    assert (body["deletedSessions"], body["deletedStudents"]) == (2, 1)
    assert rows(ENROLLED) == [("old1@example.com", 2)]
    rows("UPDATE enrollments SET created_at = created_at - INTERVAL '2 days' RETURNING 1")
    assert run()["deletedStudents"] == 1
    assert rows("SELECT student_email FROM students") == []


def test_student_who_never_began_is_removed_after_the_retention_time(
    run: Run, enroll: Callable[[str, float], None], rows: Rows
) -> None:
    enroll("recent@example.com", 364)
    enroll("both@example.com", 800)
    enroll("both@example.com", 1)
    enroll("old@example.com", 366)
    enroll("old@example.com", 800)
    assert run()["deletedStudents"] == 1
    assert rows(ENROLLED) == [("both@example.com", 2), ("recent@example.com", 1)]
    assert run()["deletedStudents"] == 0


def test_student_with_a_session_keeps_every_row_however_old_the_enrollment(
    run: Run, sessions: Callable[..., None], enroll: Callable[[str, float], None], rows: Rows
) -> None:
    sessions("kept", 364)
    enroll("kept1@example.com", 800)
    rows("INSERT INTO step_progress (session_token, student_id, step_number, step_name)"
         " SELECT session_token, student_id, 1, 'A' FROM sessions RETURNING 1")  # fmt: skip
    rows("INSERT INTO events (student_id, session_token, event_type)"
         " SELECT student_id, session_token, 'action' FROM sessions RETURNING 1")  # fmt: skip
    run()  # closes the session
    tables = ("students", "enrollments", "sessions", "step_progress", "events")
    before = [rows(f"SELECT * FROM {table}") for table in tables]
    assert [len(table_rows) for table_rows in before] == [1, 1, 1, 1, 2]
    assert run()["deletedStudents"] == 0
    assert [rows(f"SELECT * FROM {table}") for table in tables] == before


def test_students_who_have_to_stay_leave_room_for_others_in_a_batch(
    run: Run, sessions: Callable[..., None], enroll: Callable[[str, float], None], rows: Rows
) -> None:
    enroll("first@example.com", 366)
    sessions("begun", 1, count=BATCH_SIZE)
    for kind in ("recent", "old"):
        rows("INSERT INTO students (student_email)"
             " SELECT %s || n || '@example.com' FROM generate_series(1, %s) AS n RETURNING 1",
             kind, BATCH_SIZE)  # fmt: skip
    rows("INSERT INTO enrollments SELECT st.student_id, course_id, e.created_at"
         " FROM students AS st, enrollments AS e WHERE student_email <> 'first@example.com'"
         " RETURNING 1")  # fmt: skip
    rows("INSERT INTO enrollments SELECT student_id, 'voice-assistant', now() FROM students"
         " WHERE student_email ^@ 'recent' RETURNING 1")  # fmt: skip
    rows("UPDATE students SET created_at = now() - INTERVAL '1 day' * length(student_email)"
         " RETURNING 1")  # fmt: skip
    body = run()
    assert (body["deletedStudents"], body["done"]) == (BATCH_SIZE + 1, True)
    assert rows("SELECT count(*) FROM students") == [(2 * BATCH_SIZE,)]


def test_idempotency_keys_are_removed_after_a_day(run: Run, rows: Rows) -> None:
    rows("INSERT INTO idempotency_keys VALUES ('old', 'b', now() - INTERVAL '25 hours'),"
         " ('new', 'b', now() - INTERVAL '23 hours') RETURNING 1")  # fmt: skip
    assert run()["prunedKeys"] == 1
    assert rows("SELECT key_hash FROM idempotency_keys") == [(b"new",)]


def test_more_than_a_batch_is_cleaned_in_one_run(
    run: Run, sessions: Callable[..., None], rows: Rows
) -> None:
    sessions("expired", 2, count=BATCH_SIZE + 1)
    body = run()
    assert (body["closedSessions"], body["done"]) == (BATCH_SIZE + 1, True)
    assert rows("SELECT count(*) FROM sessions WHERE is_active") == [(0,)]


def test_more_than_a_batch_of_leftover_keys_is_removed_in_one_run(
    run: Run, sessions: Callable[..., None], rows: Rows
) -> None:
    sessions("closed", 2, count=BATCH_SIZE + 1)
    rows("UPDATE sessions SET is_active = FALSE RETURNING 1")
    assert run()["done"] is True
    assert rows("SELECT count(openai_api_key) FROM sessions") == [(0,)]


def test_run_killed_half_way_keeps_its_first_batch_and_the_next_run_continues(
    client: TestClient, run: Run, sessions: Callable[..., None], rows: Rows
) -> None:
    sessions("early", 3, count=BATCH_SIZE)
    sessions("late", 2)
    sessions("active", 0.5)
    rows(KILL_BACKEND_AT_SESSION_LATE1)
    cron = {"Authorization": f"Bearer {CRON_SECRET}"}
    assert client.get("/api/cleanup-sessions", headers=cron).status_code == 503
    assert rows("SELECT count(*) FROM sessions WHERE NOT is_active") == [(BATCH_SIZE,)]
    rows("DROP TRIGGER killed ON sessions")
    body = run()
    assert (body["message"], body["closedSessions"]) == ("cleaned up", 1)
    assert rows("SELECT session_token FROM sessions WHERE is_active") == [("active1",)]


def test_run_that_runs_out_of_time_is_not_done_and_the_next_run_continues(
    deps: Deps, sessions: Callable[..., None]
) -> None:
    sessions("expired", 2, count=BATCH_SIZE + 1)
    first = clean_up(deps, CleanupLimits(run_seconds=-1.0))
    assert (first.counts.closed_sessions, first.done) == (BATCH_SIZE, False)
    assert clean_up(deps).counts.closed_sessions == 1


def test_second_run_at_the_same_time_does_nothing(
    run: Run, sessions: Callable[..., None], postgres_url: str
) -> None:
    sessions("expired", 2)
    with psycopg.connect(postgres_url) as other:
        assert store.try_lock(Transaction(other))
        body = run()
        assert (body["message"], body["closedSessions"]) == ("already running", 0)
    assert run()["closedSessions"] == 1


def test_parallel_runs_count_each_session_once(
    run: Run, sessions: Callable[..., None], rows: Rows
) -> None:
    sessions("old", 366, count=40)
    with ThreadPoolExecutor(4) as pool:
        bodies = list(pool.map(lambda _: run(), range(4)))
    assert sum(body["deletedSessions"] for body in bodies) == 40
    assert rows("SELECT count(*) FROM sessions") == [(0,)]


def test_locked_session_is_skipped(
    run: Run, sessions: Callable[..., None], postgres_url: str, rows: Rows
) -> None:
    sessions("expired", 366)
    with psycopg.connect(postgres_url) as student:
        student.execute("SELECT * FROM sessions FOR UPDATE")
        body = run()
        assert (body["closedSessions"], body["deletedSessions"]) == (0, 0)
    assert rows("SELECT is_active FROM sessions") == [(True,)]


@pytest.mark.parametrize("student_begins", [True, False])
def test_student_who_is_being_enrolled_or_begins_is_not_removed(
    rows: Rows,
    postgres_url: str,
    enroll: Callable[[str, float], None],
    deps: Deps,
    student_begins: bool,
) -> None:
    """A change between the lock and the removal is not possible; one before the lock is seen."""
    enroll("ann@example.com", 366)
    change = (
        "INSERT INTO sessions (session_token, student_id) SELECT 'new', student_id FROM students"
        if student_begins
        else "INSERT INTO enrollments SELECT student_id, 'voice-assistant', now() FROM students"
    )
    with psycopg.connect(postgres_url) as student:
        student.execute(change.encode())
        assert clean_up(deps).counts.deleted_students == 0
    assert clean_up(deps).counts.deleted_students == 0
    assert rows("SELECT student_email FROM students") == [("ann@example.com",)]


def test_broken_audit_trail_is_reported(run: Run, rows: Rows) -> None:
    assert run()["auditIntact"] is True
    rows("INSERT INTO operator_audit (action, outcome) VALUES ('a', 'done') RETURNING 1")
    rows("ALTER TABLE operator_audit DISABLE TRIGGER ALL")
    rows("UPDATE operator_audit SET action = 'b' RETURNING 1")
    assert run()["auditIntact"] is False


def test_clean_up_is_run_by_the_schedule_of_lambda(
    deps: Deps, sessions: Callable[..., None]
) -> None:
    assert deps
    sessions("expired", 2)
    from api.workshop.cleanup_sessions import lambda_handler

    assert lambda_handler({"source": "aws.events"}, None)["closedSessions"] == 1


def test_only_cron_may_run_the_clean_up(client: TestClient) -> None:
    assert client.get("/api/cleanup-sessions").status_code == 401
    wrong = {"Authorization": "Bearer wrong", "User-Agent": "vercel-cron/1.0"}
    assert client.get("/api/cleanup-sessions", headers=wrong).status_code == 401
