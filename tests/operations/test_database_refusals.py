"""A database's refusals end an operator's call with the reason and the table, if there is one."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.deps import Deps, install_deps
from lib.settings import Settings
from tests.conftest import INSTRUCTOR_PASSWORD
from tests.legacy.test_calls import CLEANUP, MIGRATE, RESTORE, call
from tests.support.databases import Databases
from tests.support.legacy_data import legacy_tables
from tests.support.limited_role import OTHER, OWNER, as_role, owned_database

ROWS = """
INSERT INTO public.workshop_students (session_token, student_email, exercises)
VALUES ('ws_1_ann', 'ann@example.com', '{"step-1": {"completed": true}}'),
  ('ws_2_bob', 'bob@example.com', '{}');
"""
CONFIRM: dict[str, Any] = {"confirmText": "DELETE OLD TABLES"}
DENY = """
CREATE FUNCTION public.deny() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'ann@example.com is secret' USING ERRCODE = %s; END $$;
"""
Sql = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def superuser_url(databases: Databases) -> Iterator[str]:
    with owned_database(databases) as url:
        yield url


@pytest.fixture
def postgres_url(superuser_url: str) -> str:
    """The address for the owner of the database, who owns the legacy tables, too."""
    with psycopg.connect(as_role(superuser_url)) as connection:
        connection.execute(legacy_tables().encode())
        connection.execute(ROWS.encode())
    return as_role(superuser_url)


@pytest.fixture
def superuser(superuser_url: str, postgres_url: str) -> Iterator[Sql]:  # noqa: ARG001
    """Run SQL as a superuser; `postgres_url` has created the legacy tables."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:

        def run(statement: str) -> list[tuple[Any, ...]]:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

        yield run


def session_count(superuser: Sql) -> int:
    ((count,),) = superuser("SELECT count(*) FROM public.sessions")
    return int(count)


def expect_refusal(client: TestClient, path: str, code: str, *parts: str, **body: Any) -> None:
    """Expect a refusal with this code and these parts of its message."""
    status = 503 if code in {"table_locked", "database_read_only"} else 409
    response = call(client, path, status, **body)
    assert response["code"] == code, response
    assert all(part in response["error"] for part in parts), response["error"]
    assert "ann@example.com" not in response["error"]


def test_an_owner_without_superuser_migrates_and_sets_aside(
    client: TestClient, superuser: Sql
) -> None:
    """The owner's rights suffice, so the refusals below have the causes that their tests name."""
    assert call(client, MIGRATE)["verification"]["verified"] is True
    assert len(call(client, CLEANUP, **CONFIRM)["backupTables"]) == 3
    call(client, RESTORE)
    assert session_count(superuser) == 2


@pytest.mark.parametrize(
    "table", ["workshop_students", "student_configs", "workshop_sessions", "sessions", "removals"]
)
def test_rows_hidden_by_row_level_security_never_count_as_absent(
    client: TestClient, superuser: Sql, table: str
) -> None:
    ((column,),) = superuser(
        "SELECT attname FROM pg_attribute"
        f" WHERE attrelid = 'public.{table}'::regclass AND attnum = 1"
    )
    superuser(
        f"ALTER TABLE public.{table} ENABLE ROW LEVEL SECURITY;"
        f"ALTER TABLE public.{table} FORCE ROW LEVEL SECURITY;"
        f"CREATE POLICY half ON public.{table} USING ({column}::text LIKE '%ann')"
    )
    for dry_run in (True, False):
        expect_refusal(client, MIGRATE, "rows_hidden", table, dryRun=dry_run)
    assert session_count(superuser) == 0
    superuser(f"ALTER TABLE public.{table} NO FORCE ROW LEVEL SECURITY")
    assert call(client, MIGRATE)["verification"]["verified"] is True
    assert session_count(superuser) == 2
    superuser(f"ALTER TABLE public.{table} FORCE ROW LEVEL SECURITY")
    expect_refusal(client, CLEANUP, "rows_hidden", table, **CONFIRM)
    removal = {"studentEmail": "bob@example.com"}
    expect_refusal(client, "/api/admin-delete-student", "rows_hidden", table, **removal)


@pytest.mark.parametrize("table", ["workshop_students", "student_configs", "workshop_sessions"])
def test_missing_right_is_named_with_the_table(
    client: TestClient, superuser: Sql, table: str
) -> None:
    superuser(
        f"ALTER TABLE public.{table} OWNER TO {OTHER};REVOKE ALL ON public.{table} FROM {OWNER}"
    )
    expect_refusal(client, MIGRATE, "right_missing", table, "grant it")
    expect_refusal(client, "/api/admin-backup", "tables_not_readable", table)
    superuser(f"GRANT SELECT ON public.{table} TO {OWNER}")
    assert call(client, MIGRATE)["verification"]["verified"] is True
    expect_refusal(client, CLEANUP, "not_owner", table, **CONFIRM)
    ((exists,),) = superuser(f"SELECT to_regclass('public.{table}') IS NOT NULL")
    assert exists


def test_preflight_names_the_role_and_the_owner_of_each_table(
    client: TestClient, superuser: Sql
) -> None:
    superuser(
        f"ALTER TABLE public.student_configs OWNER TO {OTHER};"
        f"GRANT SELECT ON public.student_configs TO {OWNER}"
    )
    report = call(client, MIGRATE, dryRun=True)["preflight"]
    assert (report["role"], report["seesEveryRow"]) == (OWNER, False)
    owners = {table["table"]: table["owner"] for table in report["tables"]}
    assert owners["student_configs"] == OTHER
    assert [table["mayRename"] for table in report["tables"]] == [True, False, True]
    assert f"student_configs belongs to {OTHER}" in report["remarks"][-1]


def test_unwritable_unified_table_is_named(client: TestClient, superuser: Sql) -> None:
    superuser(
        f"ALTER TABLE public.step_progress OWNER TO {OTHER};"
        f"GRANT SELECT ON public.step_progress TO {OWNER}"
    )
    expect_refusal(client, MIGRATE, "right_missing", "step_progress", dryRun=True)


@pytest.mark.parametrize(
    ("method", "path", "table"),
    [
        ("GET", "/api/workshop-analytics", "sessions"),
        ("POST", "/api/admin-import-roster", "enrollments"),
    ],
)
def test_missing_right_is_named_to_an_instructor(
    client: TestClient, superuser: Sql, method: str, path: str, table: str
) -> None:
    superuser(
        f"ALTER TABLE public.{table} OWNER TO {OTHER};REVOKE ALL ON public.{table} FROM {OWNER}"
    )
    headers = {"Authorization": f"Bearer {INSTRUCTOR_PASSWORD}"}
    body = {"students": [{"studentEmail": "cy@example.com"}]} if method == "POST" else None
    response = client.request(method, path, json=body, headers=headers)
    assert (response.status_code, response.json()["code"]) == (409, "right_missing")
    assert table in response.json()["error"]


@pytest.mark.parametrize("state", ["P0001", "0A000", "23514", "42501", "55000"])
@pytest.mark.parametrize("table", ["students", "sessions", "step_progress"])
def test_function_of_a_trigger_that_raises_is_named_with_the_table(
    client: TestClient, superuser: Sql, table: str, state: str
) -> None:
    superuser(
        DENY.replace("%s", f"'{state}'") + f"CREATE TRIGGER stop BEFORE INSERT ON public.{table}"
        " FOR EACH ROW EXECUTE FUNCTION public.deny()"
    )
    expect_refusal(
        client, MIGRATE, "refused_by_function", "deny()", f"a trigger of public.{table} runs"
    )
    assert session_count(superuser) == 0
    superuser(f"DROP TRIGGER stop ON public.{table}")
    assert call(client, MIGRATE)["verification"]["verified"] is True


@pytest.mark.parametrize(
    ("addition", "constraint"),
    [
        ("CONSTRAINT house CHECK (tts_provider = 'x') NOT VALID", "house"),
        ("COLUMN house TEXT NOT NULL DEFAULT NULL", "NOT NULL"),
    ],
)
def test_constraint_of_somebody_else_is_named_with_its_table(
    client: TestClient, superuser: Sql, addition: str, constraint: str
) -> None:
    superuser("UPDATE public.workshop_students SET tts_provider = 'y'")
    superuser(f"ALTER TABLE public.sessions ADD {addition}")
    expect_refusal(client, MIGRATE, "refused_by_constraint", f"{constraint} of public.sessions")


def test_foreign_key_from_elsewhere_is_named_with_its_table(
    client: TestClient, superuser: Sql
) -> None:
    call(client, MIGRATE)
    superuser(
        "CREATE TABLE public.invoices (student_id UUID CONSTRAINT invoices_student"
        " REFERENCES public.students);"
        "INSERT INTO public.invoices SELECT student_id FROM public.students"
    )
    body: dict[str, Any] = {"studentEmail": "ann@example.com"}
    path = "/api/admin-delete-student"
    expect_refusal(
        client, path, "refused_by_constraint", "invoices_student of public.invoices", **body
    )
    superuser("DELETE FROM public.invoices")
    assert call(client, path, **body)["sessionsDeleted"] == 1


def test_held_lock_is_named_with_its_table_and_process(
    client: TestClient, superuser: Sql, superuser_url: str
) -> None:
    call(client, MIGRATE)
    with psycopg.connect(superuser_url) as other:
        other.execute("SELECT FROM public.student_configs")
        parts = ("public.student_configs", str(other.info.backend_pid))
        expect_refusal(client, CLEANUP, "table_locked", *parts, **CONFIRM)
    with psycopg.connect(superuser_url) as other:
        other.execute("SELECT FROM public.student_configs")
        other.execute("LOCK TABLE public.sessions IN ACCESS EXCLUSIVE MODE")
        response = call(client, MIGRATE, 503)
    assert "locks on public.sessions (" in response["error"]
    assert len(call(client, CLEANUP, **CONFIRM)["backupTables"]) == 3
    assert session_count(superuser) == 2


@pytest.mark.parametrize("path", [MIGRATE, CLEANUP, RESTORE, "/api/admin-backup"])
def test_read_only_database_is_reported(
    settings: Settings, deps: Deps, client: TestClient, superuser: Sql, path: str
) -> None:
    ((name,),) = superuser("SELECT current_database()")
    superuser(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    read_only = Deps(settings)  # the present connections keep the former setting
    install_deps(read_only)
    expect_refusal(client, path, "database_read_only", "not a replica", **CONFIRM)
    read_only.close()
    install_deps(deps)
    assert session_count(superuser) == 0
