"""Upgrades, downgrades and operators' calls leave another application's `enrollments` alone."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.database.schema import upgrade_schema
from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.web.functions import function_app
from local.servers.postgres_server import PostgresServer
from tests.conftest import ADMIN_PASSWORD
from tests.legacy.test_calls import CREATE, RESTORE, call
from tests.support.scripts import run, run_unchecked
from tests.support.supabase import Supabase, supabase_database

DROP: dict[str, Any] = {"dropExisting": True, "confirmText": "DROP EXISTING TABLES"}
REFUSAL = "public.enrollments is not the workshop's table"
COLUMNS = """
CREATE SCHEMA lms;
CREATE TABLE lms.courses (course_id TEXT PRIMARY KEY, title TEXT);
INSERT INTO lms.courses VALUES ('algebra', 'Algebra');
CREATE TABLE public.enrollments (
  student_id UUID, course_id TEXT, created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  CONSTRAINT enrollments_pkey PRIMARY KEY (student_id, course_id));
INSERT INTO public.enrollments (student_id, course_id) VALUES (gen_random_uuid(), 'algebra');
GRANT ALL ON public.enrollments TO anon;
"""
REFERENCE = """
ALTER TABLE public.enrollments
  ADD CONSTRAINT enrollments_course_id_fkey FOREIGN KEY (course_id) REFERENCES lms.courses;
"""
STATE = """
SELECT c.oid, relacl::TEXT, relrowsecurity, relhastriggers,
  ARRAY(SELECT attname::TEXT FROM pg_attribute WHERE attrelid = c.oid ORDER BY attnum),
  ARRAY(SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = c.oid ORDER BY oid),
  ARRAY(SELECT indexrelid::REGCLASS::TEXT FROM pg_index WHERE indrelid = c.oid ORDER BY 1),
  ARRAY(SELECT e::TEXT FROM public.enrollments AS e)
FROM pg_class AS c WHERE c.oid = 'public.enrollments'::REGCLASS
"""


@pytest.fixture(params=[COLUMNS, COLUMNS + REFERENCE], ids=["same columns", "same constraint"])
def others_table(request: pytest.FixtureRequest) -> str:
    """Statements that create a table with the same columns as our table."""
    statements: str = request.param
    return statements


@pytest.fixture
def supabase(postgres_server: PostgresServer) -> Iterator[Supabase]:
    with supabase_database(postgres_server, "supabase_enrollments") as database:
        yield database


@pytest.fixture
def client(supabase: Supabase) -> Iterator[TestClient]:
    deps = Deps(Settings(postgres_url=supabase.url(), admin_password=ADMIN_PASSWORD))
    install_deps(deps)
    yield TestClient(function_app("index"), raise_server_exceptions=False)
    install_deps(None)
    deps.close()


def execute(supabase: Supabase, statements: str) -> None:
    with psycopg.connect(supabase.url(), autocommit=True) as connection:
        connection.execute(statements.encode())


def state(supabase: Supabase) -> list[tuple[Any, ...]]:
    with psycopg.connect(supabase.url()) as connection:
        return connection.execute(STATE.encode()).fetchall()


def assert_upgrade_is_refused(supabase: Supabase) -> None:
    with psycopg.connect(supabase.url()) as connection:
        (refused,) = upgrade_schema(connection).refused
    assert refused.startswith(f"workshop: {REFUSAL}")


def test_first_upgrade_refuses_the_table_of_another_application(
    supabase: Supabase, others_table: str, client: TestClient
) -> None:
    execute(supabase, others_table)
    before = state(supabase)
    assert len(before) == 1
    assert "anon" in before[0][1]
    assert_upgrade_is_refused(supabase)
    assert REFUSAL in call(client, CREATE, 409)["error"]
    assert REFUSAL in call(client, CREATE, 409, **DROP)["error"]
    assert REFUSAL in run_unchecked("migrate.py", "upgrade", url=supabase.url()).stderr
    assert state(supabase) == before
    execute(supabase, "ALTER TABLE public.enrollments RENAME TO lms_enrollments;"
            " ALTER INDEX public.enrollments_pkey RENAME TO lms_enrollments_pkey")  # fmt: skip
    run("migrate.py", "upgrade", url=supabase.url())


def test_downgrade_and_the_next_upgrade_change_no_table_of_another_application(
    supabase: Supabase, others_table: str
) -> None:
    run("migrate.py", "upgrade", url=supabase.url())
    run("migrate.py", "downgrade", url=supabase.url())
    execute(supabase, others_table)
    before = state(supabase)
    assert_upgrade_is_refused(supabase)
    run_unchecked("migrate.py", "upgrade", url=supabase.url())
    run("migrate.py", "downgrade", url=supabase.url())
    assert state(supabase) == before
    execute(supabase, "DROP TABLE public.enrollments")
    run("migrate.py", "upgrade", url=supabase.url())


def test_operators_calls_do_not_change_a_table_that_took_the_place_of_ours(
    supabase: Supabase, others_table: str, client: TestClient
) -> None:
    run("migrate.py", "upgrade", url=supabase.url())
    execute(supabase, "DROP TABLE public.enrollments; "
            "INSERT INTO public.students (student_email) VALUES ('ann@example.com')")  # fmt: skip
    execute(supabase, others_table)
    before = state(supabase)
    assert REFUSAL in call(client, CREATE, 409)["error"]
    assert REFUSAL in call(client, CREATE, 409, **DROP)["error"]
    assert state(supabase) == before
    assert REFUSAL in call(client, RESTORE, 409)["error"]
    assert state(supabase) == before
    run("migrate.py", "downgrade", url=supabase.url())
    assert state(supabase) == before
