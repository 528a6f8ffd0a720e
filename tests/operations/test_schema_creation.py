"""admin-create-unified-schema on empty databases, on older schemas and on tables with rows."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.database.queries import load_queries, load_script
from lib.database.schema import schema_scripts
from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.web.functions import function_app
from tests.conftest import ADMIN_PASSWORD
from tests.operations.older_schemas import NORMALIZED_V2, ROWS, UNIFIED
from tests.support.old_assessment import FULL
from tests.workshop.conftest import TOKEN

PATH = "/api/admin-create-unified-schema"
TABLES = ["students", "sessions", "step_progress", "events", "enrollments"]
COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated
FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2
"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
TRIGGERS = "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"


def fetch(url: str, query: str) -> list[Any]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def empty_url(settings: Settings, empty_postgres_url: str) -> Iterator[str]:
    """The URL of an empty database that the application now uses."""
    deps = Deps(replace(settings, postgres_url=empty_postgres_url))
    install_deps(deps)
    yield empty_postgres_url
    install_deps(None)
    deps.close()


def create(**body: Any) -> Any:
    client = TestClient(function_app("index"), raise_server_exceptions=False)
    return client.post(PATH, json={"adminPassword": ADMIN_PASSWORD, **body})


def test_empty_database_gets_the_whole_schema(empty_url: str, postgres_url: str) -> None:
    response = create(dropExisting=False)
    assert response.status_code == 200
    body = response.json()
    assert body["message"] == "Unified schema created successfully"
    assert body["results"][: len(TABLES)] == [f"{table}: created" for table in TABLES]
    assert len(body["nextSteps"]) == 3
    for query in (COLUMNS, CONSTRAINTS, INDEXES, TRIGGERS):
        assert fetch(empty_url, query) == fetch(postgres_url, query)


def test_second_creation_changes_nothing(empty_url: str) -> None:
    create()
    before = [fetch(empty_url, query) for query in (COLUMNS, CONSTRAINTS, INDEXES, TRIGGERS)]
    second_response = create()
    assert second_response.json()["results"][0] == "students: brought up to date; rows: 0"
    assert [
        fetch(empty_url, query) for query in (COLUMNS, CONSTRAINTS, INDEXES, TRIGGERS)
    ] == before


@pytest.mark.parametrize("older", [NORMALIZED_V2, UNIFIED], ids=["normalized", "unified"])
def test_older_schema_with_live_rows_ends_in_the_same_schema(
    empty_url: str, postgres_url: str, older: str
) -> None:
    fetch(empty_url, older + ROWS)
    assert create().status_code == 200
    for query in (COLUMNS, CONSTRAINTS, INDEXES, TRIGGERS):
        assert fetch(empty_url, query) == fetch(postgres_url, query)


@pytest.mark.parametrize("older", [NORMALIZED_V2, UNIFIED], ids=["normalized", "unified"])
def test_rows_of_an_older_schema_are_kept_and_repaired(empty_url: str, older: str) -> None:
    fetch(empty_url, older + ROWS)
    create()
    assert fetch(empty_url, "SELECT student_email, student_name, github_username,"
                        " created_at = '2024-01-01Z' FROM students ORDER BY 1") == [
        ("ann@example.com", "Ann B.", "annb", True),
        ("bob@example.com", None, None, False),
    ]  # fmt: skip
    assert fetch(empty_url, "SELECT session_token, student_email, current_step, total_time_spent,"
                        " completion_rate, is_active, step4_deployed, version, tools"
                        " FROM sessions JOIN students USING (student_id) ORDER BY 1") == [
        ("ws_1_long_enough", "ann@example.com", 3, 100, 33, True, False, 1, [1]),
        ("ws_2_long_enough", "ann@example.com", 9, 0, 100, True, False, 1, []),
        ("ws_3_long_enough", "bob@example.com", 0, 0, 0, False, False, 1, "[]"),
    ]  # fmt: skip
    assert fetch(empty_url, "SELECT session_token, step_number, time_spent, attempts,"
                        " validation_passed FROM step_progress ORDER BY 1") == [
        ("ws_1_long_enough", 3, 60, 0, True),
        ("ws_2_long_enough", 1, 0, 0, False),
    ]  # fmt: skip
    ((event_data,),) = fetch(
        empty_url, "SELECT event_data FROM events WHERE event_data ? 'step_number'"
    )
    assert (event_data["step_number"], event_data["time_spent"]) == (11, 7)
    names = "SELECT event_data FROM events WHERE event_data ? 'stepName' ORDER BY id"
    assert sorted(event["stepNumber"] for (event,) in fetch(empty_url, names)) == [1, 3]
    assert fetch(empty_url, "SELECT count(*) FROM events e JOIN sessions s USING (session_token)"
                        " WHERE e.student_id = s.student_id") == [(6,)]  # fmt: skip


def test_older_database_records_progress_after_the_upgrade(empty_url: str) -> None:
    fetch(empty_url, UNIFIED + ROWS)
    create()
    client = TestClient(function_app("index"))
    report = {"sessionToken": "ws_3_long_enough", "stepNumber": 4, "completed": True}
    progress = client.post("/api/student-progress", json=report).json()["progress"]
    assert (progress["completion_rate"], progress["student_email"]) == (11, "bob@example.com")


def test_tables_with_rows_are_not_dropped_without_confirmation(
    client: TestClient, post: Callable[..., Any], postgres_url: str
) -> None:
    post(studentEmail="ann@example.com")
    for confirmation in ({}, {"confirmText": "yes"}, {"confirmText": "drop existing tables"}):
        response = client.post(
            PATH, json={"adminPassword": ADMIN_PASSWORD, "dropExisting": True, **confirmation}
        )
        assert (response.status_code, response.json()["code"]) == (400, "confirmation_missing")
        assert "DROP EXISTING TABLES" in response.json()["error"]
    assert fetch(postgres_url, "SELECT count(*) FROM sessions") == [(1,)]
    assert fetch(postgres_url, "SELECT outcome FROM operator_audit ORDER BY id DESC LIMIT 1") == [
        ("rejected",)
    ]


def test_empty_tables_need_no_confirmation(empty_url: str) -> None:
    create()
    assert create(dropExisting=True).status_code == 200
    assert fetch(empty_url, "SELECT count(*) FROM sessions") == [(0,)]


def test_dropped_tables_are_set_aside_with_every_row(
    client: TestClient, post: Callable[..., Any], postgres_url: str
) -> None:
    post(studentEmail="ann@example.com", completed=True)
    before = {table: fetch(postgres_url, f"SELECT * FROM {table}") for table in TABLES}
    response = client.post(
        PATH,
        json={
            "adminPassword": ADMIN_PASSWORD,
            "dropExisting": True,
            "confirmText": "DROP EXISTING TABLES",
        },
    )
    assert response.status_code == 200
    lines = response.json()["results"][: len(TABLES)]
    new_names = dict(line.split(": set aside as ") for line in lines)
    assert list(new_names) == TABLES
    for table, name in new_names.items():
        assert fetch(postgres_url, f"SELECT * FROM {name}") == before[table]
        assert fetch(postgres_url, f"SELECT count(*) FROM {table}") == [(0,)]
    assert post(timeSpent=3).json()["progress"]["total_time_spent"] == 3
    with psycopg.connect(postgres_url) as connection:  # the old tables still refer to each other
        connection.execute("SET stepwise.removal = 'test'")
        connection.execute(f"DELETE FROM {new_names['students']}".encode())
        assert connection.execute(
            f"SELECT count(*) FROM {new_names['events']}".encode()
        ).fetchone() == (0,)


def test_concurrent_calls_succeed_or_are_refused(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(
            response.status_code for response in pool.map(lambda _: create(), range(4))
        )
    assert statuses[0] == 200
    assert set(statuses) <= {200, 409}
    assert fetch(empty_url, "SELECT count(*) FROM students") == [(0,)]


def test_second_creation_is_refused_while_the_first_runs(empty_url: str) -> None:
    create()
    with psycopg.connect(empty_url) as first:
        first.execute(load_queries("operations/creation.sql")["try_lock_creation"].text)
        response = create()
    assert response.status_code == 409
    assert response.json() == {
        "success": False,
        "error": "Another call is creating the schema right now; wait until it has ended.",
        "code": "creation_running",
        "requestId": response.headers["X-Request-Id"],
    }
    assert create().status_code == 200


def test_table_in_use_ends_the_call_and_the_site_stays_up(
    client: TestClient, post: Callable[..., Any], postgres_url: str
) -> None:
    post()
    with psycopg.connect(postgres_url) as other:
        other.execute("LOCK TABLE sessions IN ACCESS SHARE MODE")
        response = client.post(
            PATH,
            json={
                "adminPassword": ADMIN_PASSWORD,
                "dropExisting": True,
                "confirmText": "DROP EXISTING TABLES",
            },
        )
    assert (response.status_code, response.json()["code"]) == (503, "table_locked")
    assert post().status_code == 200


def test_workshop_script_refuses_a_students_table_of_another_application(empty_url: str) -> None:
    fetch(empty_url, "CREATE TABLE students (id TEXT PRIMARY KEY)")
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        fetch(empty_url, load_script("workshop/schema/tables.sql"))


def test_wrong_password_creates_nothing(empty_url: str) -> None:
    client = TestClient(function_app("index"))
    assert client.post(PATH, json={"adminPassword": "wrong"}).status_code == 401
    assert client.post(PATH, json={}).status_code == 401
    assert fetch(empty_url, "SELECT to_regclass('public.sessions')") == [(None,)]


def test_update_session_progress_counts_steps_and_time(
    post: Callable[..., Any], postgres_url: str
) -> None:
    post(stepNumber=1, completed=True, timeSpent=60)
    post(stepNumber=2, completed=False, timeSpent=30)
    fetch(postgres_url, "UPDATE sessions SET completion_rate = 0, total_time_spent = 0")
    fetch(postgres_url, f"SELECT update_session_progress('{TOKEN}')")
    assert fetch(postgres_url, "SELECT completion_rate, total_time_spent FROM sessions") == [
        (11, 90)
    ]


def test_update_sets_updated_at_unless_the_statement_does(postgres_url: str) -> None:
    fetch(postgres_url, "INSERT INTO students (student_email, updated_at)"
                        " VALUES ('a@b.c', '2020-01-01Z'), ('d@e.f', '2020-01-01Z')")  # fmt: skip
    fetch(postgres_url, "UPDATE students SET student_name = 'A' WHERE student_email = 'a@b.c'")
    fetch(postgres_url, "UPDATE students SET updated_at = '2021-01-01Z' WHERE student_email ="
                        " 'd@e.f'")  # fmt: skip
    assert fetch(postgres_url, "SELECT updated_at > now() - INTERVAL '1 minute',"
                               " updated_at = '2021-01-01Z' FROM students ORDER BY student_email"
    ) == [(True, False), (False, True)]  # fmt: skip


def test_scripts_create_no_extension() -> None:
    for _, script in schema_scripts():
        assert "CREATE EXTENSION" not in script


def test_table_that_cannot_be_upgraded_is_named(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute(
            FULL.partition("CREATE TABLE test_responses")[0]
            + "CREATE TABLE test_responses (student_id VARCHAR, session_id UUID,"
            " question_id VARCHAR, response INT, id UUID, is_correct BOOLEAN,"
            " proficiency_after JSONB, timestamp TIMESTAMP) PARTITION BY RANGE (timestamp)"
        )
    response = create()
    assert (response.status_code, response.json()["code"]) == (409, "schema_needs_decision")
    assert "public.test_responses is a partitioned table" in response.json()["error"]
    assert "The objects named here are unchanged" in response.json()["error"]
    assert fetch(empty_url, "SELECT to_regclass('public.test_responses')::text") == [
        ("test_responses",)
    ]
