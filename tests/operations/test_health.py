"""/health reports the state of the schema, too, in the same round trip."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.database.expected_tables import expected_tables, workshop_tables
from lib.database.queries import load_script
from lib.database.schema import REVISIONS, SCRIPTS, fingerprint, fingerprint_of, upgrade_schema
from lib.deps import Deps, install_deps
from lib.operations.backups.backup import back_up
from lib.operations.health.check import SCHEMA_BEHIND, SCHEMA_ELSEWHERE
from lib.settings import Settings
from lib.web.functions import function_app
from tests.support.old_assessment import FULL, ROWS
from tests.support.postgres_proxy import PostgresProxy
from tests.support.scripts import run

DOCUMENTS = Path(__file__).parents[3] / "shared" / "requirements"
WORKSHOP = ["public.students", "public.sessions", "public.step_progress", "public.events"]


@pytest.fixture
def database(postgres_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


def health(client: TestClient) -> tuple[int, str, dict[str, Any]]:
    response = client.get("/health")
    body = response.json()
    assert body["services"] == {"postgres": "up", "redis": "up", "supabase": "up"}
    return response.status_code, body["status"], body["schema"]


def test_a_complete_schema_is_healthy(client: TestClient) -> None:
    # The version is null, since the scripts of the tests' database ran without migrate.py.
    lists: dict[str, list[str]] = {"missing": [], "waiting": [], "remarks": []}
    assert health(client) == (200, "healthy", {"version": None, "behind": False, **lists})


def test_every_table_of_the_contexts_is_expected(database: psycopg.Connection[Any]) -> None:
    tables = database.execute(
        "SELECT schemaname || '.' || tablename FROM pg_tables"
        " WHERE schemaname IN ('public', 'assessment', 'learning')"
    ).fetchall()
    assert sorted(expected_tables()) == sorted(row[0] for row in tables)
    assert len(expected_tables()) == len(set(expected_tables())) > 15


def test_each_missing_table_is_named_and_makes_the_service_unavailable(
    client: TestClient, database: psycopg.Connection[Any]
) -> None:
    for table in expected_tables():
        database.execute(f"ALTER TABLE {table} RENAME TO elsewhere".encode())
        status, state, schema = health(client)
        assert (status, state, schema["missing"]) == (503, "unavailable", [table])
        assert "run `make migrate` or admin-create-unified-schema" in schema["remarks"][0]
        schema_name, _, own_name = table.partition(".")
        rename_back = f"ALTER TABLE {schema_name}.elsewhere RENAME TO {own_name}"
        database.execute(rename_back.encode())
    assert health(client)[0] == 200, "once the tables are back"


@pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the documents are not beside the project")
def test_the_rollback_of_the_documents_is_noticed(
    client: TestClient, database: psycopg.Connection[Any]
) -> None:
    (document,) = DOCUMENTS.glob("004_*")
    blocks = re.findall(r"```sql\n(.*?)```", document.read_text(), re.DOTALL)
    (rollback,) = [block for block in blocks if "DROP TABLE IF EXISTS students" in block]
    database.execute("SET search_path = public")
    database.execute(rollback.encode())
    status, state, schema = health(client)
    assert (status, state, schema["missing"]) == (503, "unavailable", WORKSHOP)


def test_table_of_students_with_other_columns_counts_as_missing(
    client: TestClient, database: psycopg.Connection[Any]
) -> None:
    database.execute("DROP TABLE public.students CASCADE")
    database.execute("CREATE TABLE public.students (id VARCHAR PRIMARY KEY)")
    status, state, schema = health(client)
    assert (status, state, schema["missing"]) == (503, "unavailable", ["public.students"])


@pytest.fixture
def waiting_database(database: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """A database whose public.students is the view that serves an older assessment."""
    for table in reversed(workshop_tables()):
        database.execute(f"DROP TABLE {table} CASCADE".encode())
    database.execute("CREATE TABLE IF NOT EXISTS assessment.examinees (id VARCHAR PRIMARY KEY)")
    database.execute("CREATE VIEW public.students AS SELECT * FROM assessment.examinees")
    return database


def test_workshop_that_waits_for_the_end_of_an_upgrade_is_degraded_with_the_reason(
    client: TestClient, waiting_database: psycopg.Connection[Any]
) -> None:
    other_tables = set(expected_tables()) - set(workshop_tables())
    status, state, schema = health(client)
    assert (status, state, schema["missing"]) == (200, "degraded", [])
    assert schema["waiting"] == list(workshop_tables())
    assert "migrate.py finish" in schema["remarks"][0]

    (dropped_table, *_) = sorted(other_tables - {"assessment.examinees"})
    waiting_database.execute(f"DROP TABLE {dropped_table} CASCADE".encode())
    status, state, schema = health(client)
    assert (status, state, schema["missing"]) == (503, "unavailable", [dropped_table])


def test_a_view_that_serves_no_older_version_makes_the_workshop_unavailable(
    client: TestClient, waiting_database: psycopg.Connection[Any]
) -> None:
    waiting_database.execute("DROP VIEW public.students")
    waiting_database.execute("CREATE VIEW public.students AS SELECT 1 AS id")
    status, _, schema = health(client)
    assert (status, schema["missing"]) == (503, list(workshop_tables()))


def record(database: psycopg.Connection[Any], runs: list[tuple[str, int]], revision: str) -> None:
    """Record which scripts ran, how many days ago, and Alembic's revision."""
    database.execute("TRUNCATE stepwise.script_runs, stepwise.schema_version")
    for scripts, days in runs:
        database.execute(
            "INSERT INTO stepwise.script_runs VALUES (%s, now() - %s * INTERVAL '1 day')",
            [scripts, days],
        )
    if revision:
        database.execute("INSERT INTO stepwise.schema_version VALUES (%s)", [revision])


OURS = fingerprint()
NEWEST = REVISIONS[-1]


@pytest.mark.parametrize(
    ("runs", "revision", "state", "behind", "remark"),
    [
        ([(OURS, 0)], NEWEST, "healthy", False, ""),
        ([("older", 2), (OURS, 1)], NEWEST, "healthy", False, ""),
        ([("older", 1)], NEWEST, "degraded", True, SCHEMA_BEHIND),
        ([], NEWEST, "degraded", True, SCHEMA_BEHIND),
        ([], "", "degraded", True, SCHEMA_BEHIND),
        ([(OURS, 2), ("newer", 1)], NEWEST, "healthy", False, SCHEMA_ELSEWHERE),
        ([("newer", 1)], "999", "healthy", False, SCHEMA_ELSEWHERE),
        ([(OURS, 1)], "999", "healthy", False, SCHEMA_ELSEWHERE),
    ],
)
def test_schema_of_another_version_is_named_with_the_next_step(
    client: TestClient,
    database: psycopg.Connection[Any],
    runs: list[tuple[str, int]],
    revision: str,
    state: str,
    behind: bool,
    remark: str,
) -> None:
    record(database, runs, revision)
    status, actual_state, schema = health(client)
    assert (status, actual_state, schema["behind"]) == (200, state, behind)
    assert schema["version"] == (revision or None)
    assert schema["remarks"] == ([remark] if remark else [])


def test_a_database_that_has_no_record_of_its_version_is_behind_until_it_is_upgraded(
    client: TestClient, database: psycopg.Connection[Any], postgres_url: str
) -> None:
    database.execute("DROP TABLE stepwise.script_runs, stepwise.schema_version")
    assert health(client)[2]["behind"] is True
    run("migrate.py", "upgrade", url=postgres_url)
    status, state, schema = health(client)
    assert (status, state, schema["version"], schema["behind"]) == (200, "healthy", NEWEST, False)


def test_a_schema_is_behind_after_a_downgrade_until_the_next_upgrade(
    client: TestClient, postgres_url: str
) -> None:
    run("migrate.py", "upgrade", url=postgres_url)
    run("migrate.py", "downgrade", "base", url=postgres_url)
    status, state, schema = health(client)
    assert (status, state, schema["version"], schema["behind"]) == (503, "unavailable", None, True)
    run("migrate.py", "upgrade", url=postgres_url)
    status, state, schema = health(client)
    assert (status, state, schema["version"], schema["behind"]) == (200, "healthy", NEWEST, False)


def test_role_without_the_right_to_read_the_record_reports_nothing_about_it(
    client: TestClient, database: psycopg.Connection[Any], settings: Settings
) -> None:
    database.execute("DROP ROLE IF EXISTS limited")
    database.execute("CREATE ROLE limited LOGIN")
    limited_url = str(settings.postgres_url).replace("postgres@", "limited@", 1)
    deps = Deps(replace(settings, postgres_url=limited_url))
    install_deps(deps)
    status, state, schema = health(client)
    install_deps(None)
    deps.close()
    database.execute("DROP ROLE limited")
    assert (status, state, schema["version"], schema["behind"]) == (200, "healthy", None, False)


@pytest.mark.parametrize("addition", ["SELECT 1;", "-- a comment\n"])
def test_fingerprint_depends_on_statements_and_not_on_comments(addition: str) -> None:
    texts = {name: load_script(name) for name in SCRIPTS}
    assert fingerprint_of(texts) == OURS
    for name, text in texts.items():
        other = fingerprint_of({**texts, name: text + addition})
        assert (other != OURS) is addition.startswith("SELECT")


def path_remarks(client: TestClient) -> list[str]:
    status, state, schema = health(client)
    assert (status, state) == (200, "healthy")
    return [remark for remark in schema["remarks"] if "search_path" in remark]


def test_a_search_path_without_our_schemas_gives_a_remark_and_changes_nothing(
    client: TestClient, database: psycopg.Connection[Any]
) -> None:
    name = database.info.dbname
    database.execute(f'ALTER DATABASE "{name}" RESET search_path'.encode())
    (remark,) = path_remarks(client)
    assert "lacks assessment, learning, so" in remark
    path = '"$user", extensions, public, assessment, "learning"'
    database.execute(f'ALTER DATABASE "{name}" SET search_path = {path}'.encode())
    assert path_remarks(client) == []


def test_the_search_path_of_the_role_wins(
    client: TestClient, database: psycopg.Connection[Any]
) -> None:
    name, role = database.info.dbname, database.info.user
    try:
        database.execute(f'ALTER ROLE "{role}" SET search_path = assessment'.encode())
        (remark,) = path_remarks(client)
        assert "lacks public, learning, so" in remark
        role_here = f'ROLE "{role}" IN DATABASE "{name}"'
        path = "assessment, public, learning"
        database.execute(f"ALTER {role_here} SET search_path = {path}".encode())
        assert path_remarks(client) == []
    finally:
        database.execute(f'ALTER ROLE "{role}" RESET search_path'.encode())


@pytest.mark.usefixtures("deps_behind_proxy")
def test_the_schema_costs_no_further_round_trip(postgres_proxy: PostgresProxy) -> None:
    client = TestClient(function_app("operations.health"))
    assert client.get("/health").status_code == 200
    with postgres_proxy.counting() as trips:
        assert client.get("/health").status_code == 200
    assert trips == [1]


def test_a_database_that_cannot_be_reached_has_no_schema(settings: Settings) -> None:
    deps = Deps(replace(settings, postgres_url="postgresql://127.0.0.1:1/none"))
    install_deps(deps)
    response = TestClient(function_app("operations.health")).get("/health")
    install_deps(None)
    deps.close()
    assert response.status_code == 503
    assert (response.json()["services"]["postgres"], response.json()["schema"]) == ("down", None)


def test_an_older_assessment_is_degraded_until_it_is_finished(
    settings: Settings, empty_postgres_url: str
) -> None:
    deps = Deps(replace(settings, postgres_url=empty_postgres_url))
    install_deps(deps)
    client = TestClient(function_app("operations.health"))
    assert health(client)[2]["missing"] == list(expected_tables())
    with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
        connection.execute((FULL + ROWS).encode())
        with connection.transaction():
            upgrade_schema(connection)
        status, state, schema = health(client)
        assert (status, state, schema["missing"]) == (200, "degraded", [])
        assert schema["waiting"] == list(workshop_tables())
        assert back_up(deps).rows["assessment"]["assessment.examinees"] == 3
        with connection.transaction():
            upgrade_schema(connection, finish=True)
    assert health(client)[:2] == (200, "healthy")
    install_deps(None)
    deps.close()
