"""The demo's workshop: sessions at every step, which agree with their steps and events."""

import psycopg
import pytest

from lib.deps import Deps
from lib.settings import Settings
from lib.vault import API_KEY_FIELD, Vault
from local.demo.loading import load_workshop
from tests.demo.conftest import RunQuery
from tests.demo.dump import dump

STUCK = """
    SELECT st.student_email, s.current_step, s.last_activity, NOW() - s.last_activity
    FROM sessions s JOIN students st ON s.student_id = st.student_id
    WHERE s.is_active = TRUE AND s.last_activity < NOW() - INTERVAL '24 hours'
      AND s.completion_rate < 100
    ORDER BY s.last_activity ASC"""


@pytest.fixture
def postgres_url(demo_url: str) -> str:
    return demo_url


def test_forty_students_are_spread_over_all_steps(run_query: RunQuery) -> None:
    assert run_query("SELECT count(*) FROM students") == [(40,)]
    assert run_query("SELECT DISTINCT current_step FROM sessions ORDER BY 1") == [
        (n,) for n in range(10)
    ]


def test_each_session_agrees_with_its_steps_and_flags(run_query: RunQuery) -> None:
    columns = "session_token, current_step, completion_rate, total_time_spent"
    before = run_query(f"SELECT {columns} FROM sessions ORDER BY 1")
    run_query("SELECT update_session_progress(session_token) FROM sessions")
    assert run_query(f"SELECT {columns} FROM sessions ORDER BY 1") == before


def test_flags_and_step_rows_mark_the_same_steps_as_complete(run_query: RunQuery) -> None:
    differing_sessions_query = """
        SELECT session_token FROM sessions s WHERE flagged_steps(s) <> ARRAY(
          SELECT step_number FROM step_progress p
          WHERE p.session_token = s.session_token AND validation_passed ORDER BY 1)"""
    assert run_query(differing_sessions_query) == []


def test_times_of_a_session_are_in_order_and_in_the_past(run_query: RunQuery) -> None:
    assert run_query("SELECT 1 FROM sessions WHERE NOT started_at < last_activity") == []
    assert run_query("SELECT 1 FROM sessions WHERE NOT last_activity < now()") == []
    steps_outside_query = """
        SELECT 1 FROM step_progress p JOIN sessions s USING (session_token)
        WHERE p.started_at < s.started_at OR p.updated_at > s.last_activity
           OR p.completed_at - p.started_at <> p.time_spent * INTERVAL '1 second'"""
    assert run_query(steps_outside_query) == []


def test_each_session_begins_with_its_creation_and_has_an_event_per_finished_step(
    run_query: RunQuery,
) -> None:
    first_events = (
        "SELECT DISTINCT ON (session_token) event_type FROM events ORDER BY session_token, id"
    )
    assert set(run_query(first_events)) == {("session_created",)}
    completions = "SELECT count(*) FROM events WHERE event_type = 'step_completed'"
    assert run_query(completions) == run_query(
        "SELECT count(*) FROM step_progress WHERE validation_passed"
    )


@pytest.mark.parametrize(
    ("column", "field"), [("time_spent", "timeSpent"), ("attempts", "attempts")]
)
def test_reports_among_the_events_add_up_to_the_step_rows(
    run_query: RunQuery, column: str, field: str
) -> None:
    sums_of_events = f"""
        SELECT session_token, (event_data ->> 'stepNumber')::int AS step,
          sum((event_data ->> '{field}')::int)
        FROM events WHERE event_type LIKE 'step%' GROUP BY 1, 2 ORDER BY 1, 2"""
    step_rows = f"SELECT session_token, step_number, {column} FROM step_progress ORDER BY 1, 2"
    assert run_query(sums_of_events) == run_query(step_rows)


def test_bug_reports_are_in_the_session_and_among_the_events(run_query: RunQuery) -> None:
    ((in_sessions,),) = run_query("SELECT sum(jsonb_array_length(bug_reports)) FROM sessions")
    assert in_sessions >= 10
    assert run_query("SELECT count(*) FROM events WHERE event_type = 'bug_reported'") == [
        (in_sessions,)
    ]


def test_the_instructor_finds_stuck_anonymous_finished_and_demo_students(
    run_query: RunQuery,
) -> None:
    assert len(run_query(STUCK)) == 7
    assert run_query(
        "SELECT count(*) FROM students WHERE student_email ~ '^anonymous_[0-9a-f]{16}$'"
    ) == [(3,)]
    assert run_query("SELECT count(*) FROM sessions WHERE completion_rate = 100") == [(4,)]
    assert run_query("SELECT count(*) FROM sessions WHERE demo_mode") == [(1,)]


def test_a_lesson_is_going_on_with_two_requests_for_help(run_query: RunQuery) -> None:
    newest = "(SELECT max(last_activity) FROM sessions)"
    active = f"SELECT count(*) FROM sessions WHERE last_activity > {newest} - INTERVAL '20 minutes'"
    assert run_query(active) == [(17,)]
    waiting_sessions = (
        "SELECT session_token FROM sessions WHERE help_asked_at IS NOT NULL ORDER BY 1"
    )
    help_events = "SELECT session_token FROM events WHERE event_type = 'help_asked' ORDER BY 1"
    assert len(run_query(waiting_sessions)) == 2
    assert run_query(waiting_sessions) == run_query(help_events)


def test_no_step_is_reached_by_more_students_than_the_step_before(run_query: RunQuery) -> None:
    funnel = run_query(
        "SELECT count(*) FROM step_progress GROUP BY step_number ORDER BY step_number"
    )
    assert len(funnel) == 9
    assert funnel == sorted(funnel, reverse=True)


def test_addresses_are_in_reserved_domains(run_query: RunQuery) -> None:
    addresses = run_query("SELECT student_email FROM students WHERE student_email !~ '^anonymous_'")
    assert all(email.endswith("@example.com") for (email,) in addresses)
    for column in ("websocket_url", "codespace_url", "github_repo_url", "railway_url"):
        assert (
            run_query(f"SELECT 1 FROM sessions WHERE {column} !~ '^(https|wss)://[^/]*[.]example'")
            == []
        )


def test_every_api_key_is_sealed_and_opens_for_its_session(
    run_query: RunQuery, settings: Settings, postgres_url: str
) -> None:
    vault = Vault.from_settings(settings)
    keys = run_query(
        "SELECT session_token, openai_api_key FROM sessions WHERE openai_api_key <> ''"
    )
    assert len(keys) > 20
    assert all(vault.open(key, token, API_KEY_FIELD).startswith("sk-demo") for token, key in keys)
    assert "sk-demo" not in str(dump(postgres_url))


def test_loading_again_leaves_existing_students_unchanged(deps: Deps, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE sessions SET current_step = 9 WHERE current_step = 3")
        connection.execute("SET stepwise.removal = 'test'")
        connection.execute("DELETE FROM sessions WHERE demo_mode")
    before = dump(postgres_url)
    load_workshop(deps)
    assert dump(postgres_url) == before


def test_loading_again_adds_a_deleted_student(deps: Deps, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET stepwise.removal = 'test'")
        connection.execute("DELETE FROM students WHERE student_email = 'keiko.mori@example.com'")
    added = load_workshop(deps)
    assert (added.students, added.sessions, added.steps) == (1, 1, 9)
