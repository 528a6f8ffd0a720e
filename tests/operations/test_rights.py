"""The public `anon` key of Supabase gives access to nothing of the project.

Tables and views that serve an older application are the exception, while that application runs.
"""

import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.database.queries import load_script
from lib.database.schema import DOWNGRADE, RIGHTS, schema_scripts
from lib.deps import Deps, install_deps
from lib.settings import Settings
from lib.web.functions import function_app
from local.servers.postgres_server import PostgresServer, program
from tests.conftest import ADMIN_PASSWORD
from tests.support.old_assessment import FULL, ROWS
from tests.support.scripts import run
from tests.support.supabase import OWNER, Supabase, supabase_database
from tests.workshop.conftest import TOKEN, rows

__all__ = ["rows"]
PASSWORD = {"adminPassword": ADMIN_PASSWORD}
API_ROLES = ("anon", "authenticated")
OLD_TABLES = ("students", "student_proficiencies", "questions", "test_sessions", "test_responses")
LEGACY = """
CREATE TABLE public.workshop_students (session_token TEXT, student_email TEXT);
INSERT INTO public.workshop_students VALUES ('ws_0_legacy_token', 'bea@example.com');
"""
Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def supabase(postgres_server: PostgresServer) -> Iterator[Supabase]:
    """An empty database with the roles and default privileges of Supabase."""
    with supabase_database(postgres_server, "supabase") as database:
        yield database


@pytest.fixture
def postgres_url(supabase: Supabase) -> str:
    """Address of the Supabase database after an upgrade, with the owner's role."""
    supabase.upgrade()
    return supabase.url()


@pytest.fixture
def empty_client(supabase: Supabase) -> Iterator[TestClient]:
    """A client of an application whose database has no tables yet."""
    deps = Deps(Settings(postgres_url=supabase.url(), admin_password=ADMIN_PASSWORD))
    install_deps(deps)
    yield TestClient(function_app("index"), raise_server_exceptions=False)
    install_deps(None)
    deps.close()


def attempt(supabase: Supabase, role: str, statement: str) -> str | None:
    """Run a statement as a role; return the SQLSTATE of its refusal, None if it succeeds."""
    with psycopg.connect(supabase.url(role), autocommit=True) as connection:
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            return error.sqlstate
    return None


def value(supabase: Supabase, role: str, query: str) -> Any:
    """Run a query as a role; return its first value, None if it gives no row."""
    with psycopg.connect(supabase.url(role)) as connection:
        row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def post(client: TestClient, path: str, **body: Any) -> dict[str, Any]:
    response = client.post(path, json={**PASSWORD, **body})
    assert response.status_code == 200, response.text
    body_received: dict[str, Any] = response.json()
    return body_received


ATTACKS = (
    "SELECT session_token FROM public.sessions",
    "SELECT count(*) FROM public.students",
    "UPDATE public.step_progress SET validation_passed = TRUE",
    "INSERT INTO public.students (student_email) VALUES ('x@example.com')",
    "DELETE FROM public.operator_audit",
    "TRUNCATE public.operator_failures",
    "SELECT nextval('public.events_id_seq')",
    "SELECT public.session_progress('ws_0')",
    "SELECT public.update_session_progress('ws_0')",
    "SELECT public.admit_operator('a', 'b', TRUE, 9, '1 h', 9, '1 h')",
    "SELECT assessment.question_shown('q1', 1)",
    "SELECT correct_answer FROM assessment.questions",
    "SELECT stepwise.revoke_api_rights()",
)


@pytest.mark.parametrize("role", API_ROLES)
def test_public_key_reaches_nothing(supabase: Supabase, postgres_url: str, role: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute(
            "SELECT public.record_step_progress(%s, 'a@example.com', 'A', FALSE, NULL, 1, NULL,"
            " FALSE, NULL, 5, 1, NULL, NULL, NULL, NULL, NULL, NULL)",
            [TOKEN],
        )
    states = {statement: attempt(supabase, role, statement) for statement in ATTACKS}
    assert set(states.values()) == {"42501"}, states


def test_without_the_script_of_rights_most_attacks_of_the_public_key_succeed(
    supabase: Supabase,
) -> None:
    """Most of ATTACKS succeed without the script; test_public_key_reaches_nothing runs with it."""
    with psycopg.connect(supabase.url()) as connection:
        for name, script in schema_scripts():
            if name != RIGHTS[-1]:
                connection.execute(script.encode())
    allowed_statements = [
        statement for statement in ATTACKS if attempt(supabase, "anon", statement) is None
    ]
    assert len(allowed_statements) >= 8
    assert "public.sessions: anon" in supabase.open_objects()


def test_upgrade_closes_everything_and_reports_it_once(supabase: Supabase) -> None:
    reports = supabase.upgrade()
    assert len(reports) == 2
    assert re.fullmatch(
        r"anon and authenticated: revoked their rights; tables: 10, sequences: 3, functions: \d+",
        reports[0],
    )
    assert re.fullmatch(r"row-level security: turned on; tables: \d+", reports[1])
    assert supabase.open_objects() == []
    assert supabase.upgrade() == []
    assert supabase.open_objects() == []


def test_each_upgrade_revokes_rights_that_were_granted_since(
    supabase: Supabase, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("GRANT SELECT ON public.sessions TO anon")
        connection.execute("GRANT UPDATE (student_name) ON public.students TO authenticated")
        connection.execute("GRANT INSERT ON assessment.test_responses TO PUBLIC")
        connection.execute("GRANT SELECT ON public.removals TO anon WITH GRANT OPTION")
        connection.execute("ALTER TABLE public.events DISABLE ROW LEVEL SECURITY")
    with psycopg.connect(supabase.url("anon"), autocommit=True) as connection:
        connection.execute("GRANT SELECT ON public.removals TO service_role")
    assert len(supabase.open_objects()) > 4
    assert supabase.upgrade() == [
        "anon and authenticated: revoked their rights; tables: 4, sequences: 0, functions: 0",
        "row-level security: turned on; tables: 1",
    ]
    assert supabase.open_objects() == []


def test_service_role_and_owner_keep_their_rights(supabase: Supabase) -> None:
    supabase.upgrade()
    for role in ("service_role", OWNER):
        with psycopg.connect(supabase.url(role), autocommit=True) as connection:
            connection.execute("SELECT public.open_student(%s, 'A')", [f"{role}@example.com"])
            count = connection.execute("SELECT count(*) FROM public.students").fetchone()
            assert count == (1 if role == "service_role" else 2,)


def test_objects_of_other_applications_keep_their_rights(supabase: Supabase) -> None:
    with psycopg.connect(supabase.url(), autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE public.invoices (id SERIAL PRIMARY KEY, total INT);"
            "CREATE VIEW public.totals AS SELECT sum(total) AS total FROM public.invoices;"
            "CREATE FUNCTION public.refund(invoice INT) RETURNS INT RETURN 1;"
            "CREATE FUNCTION public.report_bug(title TEXT) RETURNS INT RETURN 2;"
            "CREATE SCHEMA legacy; CREATE TABLE legacy.backups (path TEXT);"
            "GRANT USAGE ON SCHEMA legacy TO anon; GRANT SELECT ON legacy.backups TO anon;"
        )
    before = supabase.open_objects()
    assert len(before) == 13
    supabase.upgrade()
    assert supabase.open_objects() == before
    for statement in (
        "INSERT INTO public.invoices (total) VALUES (5)",
        "SELECT * FROM public.totals",
        "SELECT public.refund(1), public.report_bug('x')",
        "SELECT * FROM legacy.backups",
    ):
        assert attempt(supabase, "anon", statement) is None, statement


def test_first_call_of_an_operator_leaves_nothing_open(
    supabase: Supabase, empty_client: TestClient
) -> None:
    response = empty_client.post("/api/admin-backup", json={"adminPassword": "wrong"})
    assert response.status_code == 401
    with psycopg.connect(supabase.url()) as connection:
        failures = connection.execute("SELECT count(*) FROM public.operator_failures").fetchone()
    assert failures == (1,)
    assert supabase.open_objects() == []


def test_tables_that_are_set_aside_are_closed(
    supabase: Supabase, client: TestClient, rows: Rows
) -> None:
    rows(LEGACY)
    assert attempt(supabase, "anon", "SELECT * FROM public.workshop_students") is None
    post(client, "/api/admin-migrate-to-unified-schema")
    open_names = supabase.open_objects()
    assert {name.partition(":")[0] for name in open_names} == {"public.workshop_students"}
    response = post(client, "/api/admin-cleanup-old-tables", confirmText="DELETE OLD TABLES")
    assert supabase.open_objects() == []
    (backup,) = response["backupTables"]
    assert attempt(supabase, "anon", f"SELECT * FROM public.{backup}") == "42501"
    post(client, "/api/admin-restore-old-tables")
    assert supabase.open_objects() == []
    body = {"dropExisting": True, "confirmText": "DROP EXISTING TABLES"}
    post(client, "/api/admin-create-unified-schema", **body)
    assert rows("SELECT count(*) FROM pg_class WHERE relname ~ '^sessions_old_[0-9_]+$'") == [(1,)]
    assert supabase.open_objects() == []


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_views_that_are_set_aside_are_closed(
    supabase: Supabase, client: TestClient, rows: Rows, kind: str
) -> None:
    rows(LEGACY)
    rows(
        "ALTER TABLE public.workshop_students RENAME TO raw;"
        f"CREATE {kind} public.workshop_students AS SELECT * FROM public.raw;"
        "GRANT SELECT ON public.workshop_students TO anon, authenticated"
    )
    post(client, "/api/admin-migrate-to-unified-schema")
    assert attempt(supabase, "anon", "SELECT * FROM public.workshop_students") is None
    response = post(client, "/api/admin-cleanup-old-tables", confirmText="DELETE OLD TABLES")
    (backup,) = response["backupTables"]
    for role in ("anon", "authenticated"):
        assert attempt(supabase, role, f"SELECT * FROM public.{backup}") == "42501"


def test_legacy_table_that_a_restore_creates_is_closed(
    supabase: Supabase, client: TestClient, rows: Rows
) -> None:
    rows(LEGACY)
    rows("ALTER TABLE public.workshop_students ADD COLUMN id SERIAL PRIMARY KEY")
    name = post(client, "/api/admin-backup")["name"]
    rows("DROP TABLE public.workshop_students")
    assert post(client, "/api/admin-restore", name=name)["rows"]["legacy"] == {
        "public.workshop_students": 1
    }
    assert supabase.open_objects() == []


def test_legacy_table_stays_open_for_the_old_application_and_is_named(supabase: Supabase) -> None:
    with psycopg.connect(supabase.url()) as connection:
        connection.execute(LEGACY)
    reports = supabase.upgrade()
    assert reports[-1].startswith("public.workshop_students: anon or authenticated has rights")
    assert attempt(supabase, "anon", "SELECT * FROM public.workshop_students") is None
    with psycopg.connect(supabase.url()) as connection:
        connection.execute(reports[-1][reports[-1].index("REVOKE") :].encode())
    assert attempt(supabase, "anon", "SELECT * FROM public.workshop_students") == "42501"
    assert supabase.upgrade() == []


def test_views_for_an_old_application_keep_rights_until_they_are_dropped(
    supabase: Supabase, rows: Rows
) -> None:
    """An old server that uses the REST interface starts, answers and ends a test through views."""
    rows("ALTER TABLE assessment.test_responses ADD COLUMN serial_number SERIAL")
    for name in ("test_sessions", "test_responses", "questions"):
        rows(f"CREATE VIEW public.{name} AS SELECT * FROM assessment.{name}")
    rows("GRANT USAGE ON SEQUENCE assessment.test_responses_serial_number_seq TO anon")
    rows("INSERT INTO assessment.examinees (id) VALUES ('s1')")
    assert supabase.upgrade() == []
    session = "00000000-0000-4000-8000-000000000001"
    with psycopg.connect(supabase.url("anon"), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO public.test_sessions (id, student_id, concept_names, current_proficiency,"
            " current_confidence) VALUES (%s, 's1', ARRAY['Algebra'], '[0.7]', '[0.5]')",
            [session],
        )
        connection.execute(
            "INSERT INTO public.test_responses (student_id, session_id, question_id, response)"
            " VALUES ('s1', %s, 'q1', 2)",
            [session],
        )
        connection.execute("UPDATE public.test_sessions SET status = 'completed'")
    assert rows(
        "SELECT concept_name, proficiency_value::float FROM assessment.student_proficiencies"
    ) == [("Algebra", 0.7)]
    for name in ("test_sessions", "test_responses", "questions"):
        rows(f"DROP VIEW public.{name}")
    assert supabase.upgrade() == [
        "anon and authenticated: revoked their rights; tables: 0, sequences: 1, functions: 0"
    ]
    assert supabase.open_objects() == []


@pytest.mark.parametrize("finish", [False, True], ids=["serving", "finished"])
def test_previous_version_keeps_its_rights_until_finish_and_after_a_downgrade(
    supabase: Supabase, finish: bool
) -> None:
    """The old tables were made on Supabase, so its REST roles may use them."""
    owner = psycopg.connect(supabase.url(), autocommit=True)
    with owner:
        owner.execute((FULL + ROWS).encode())
        owner.execute(
            "CREATE TABLE public.kept AS SELECT relname, relacl, relrowsecurity FROM pg_class"
            " WHERE relnamespace = 'public'::regnamespace AND relkind = 'r';"
            "ALTER TABLE student_proficiencies ENABLE ROW LEVEL SECURITY;"
            "CREATE POLICY anns ON student_proficiencies USING (student_id = 'ann')"
            " WITH CHECK (student_id = 'ann')"
        )
        supabase.upgrade(finish=finish)
        open_names = {name.rpartition(":")[0] for name in supabase.open_objects()}
        insert = (
            "INSERT INTO public.test_sessions (id, student_id) VALUES (gen_random_uuid(), 'ann')"
        )
        read = "SELECT count(*) FROM public.student_proficiencies"
        if finish:
            assert open_names == {"public.kept"}
            assert attempt(supabase, "anon", "SELECT * FROM assessment.test_sessions") == "42501"
        else:
            # A view on a table with a policy runs with its caller's rights, so callers need rights
            # on the table, too.
            assert open_names == {
                *("public.kept", "assessment.student_proficiencies"),
                *(f"public.{name}" for name in OLD_TABLES),
            }
            assert attempt(supabase, "anon", insert) is None
            assert value(supabase, "anon", read) == 2
            assert value(supabase, OWNER, read) == 3
            assert attempt(supabase, "anon", "SELECT * FROM assessment.examinees") == "42501"
        owner.execute(load_script(DOWNGRADE).encode())
        assert attempt(supabase, "anon", insert) is None
        assert value(supabase, "anon", read) == 2
        changed_tables = owner.execute(
            "SELECT k.relname FROM public.kept AS k JOIN pg_class AS c"
            " ON c.relname = k.relname AND c.relnamespace = 'public'::regnamespace"
            " WHERE NOT (k.relacl @> c.relacl AND c.relacl @> k.relacl)"
            " OR c.relrowsecurity <> (c.relname = 'student_proficiencies')"
        )
        assert changed_tables.fetchall() == []
    supabase.upgrade(finish=True)
    assert {name.rpartition(":")[0] for name in supabase.open_objects()} == {"public.kept"}


def test_service_role_may_not_use_the_function_that_runs_as_the_owner(
    supabase: Supabase, rows: Rows
) -> None:
    rows("GRANT USAGE ON SCHEMA assessment TO service_role")
    with psycopg.connect(supabase.url("service_role")) as connection:
        connection.execute("CREATE TEMP TABLE mine (status TEXT)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(
                "CREATE TRIGGER mine AFTER UPDATE ON mine FOR EACH ROW"
                " EXECUTE FUNCTION assessment.keep_proficiency()"
            )


def test_role_with_rights_on_a_table_still_sees_rows_and_calls_functions(
    postgres_server: PostgresServer, supabase: Supabase, rows: Rows
) -> None:
    superuser = postgres_server.url("supabase")
    reason = "because it would hide all rows from reports"
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute("CREATE ROLE reports LOGIN")
    try:
        rows("SELECT public.open_student('a@example.com', 'A')")
        rows("GRANT SELECT ON public.students TO reports")
        rows("ALTER TABLE public.students DISABLE ROW LEVEL SECURITY")
        for function in ("normalized_email", "tidy_email"):
            rows(f"GRANT EXECUTE ON FUNCTION public.{function}(TEXT) TO PUBLIC")
        reports = supabase.upgrade()
        assert reports == [
            "anon and authenticated: revoked their rights; tables: 0, sequences: 0, functions: 2",
            f"public.students: row-level security stays off, {reason}",
        ]
        with psycopg.connect(supabase.url("reports")) as connection:
            assert connection.execute(
                "SELECT public.normalized_email(student_email) FROM public.students"
            ).fetchall() == [("a@example.com",)]
        assert attempt(supabase, "anon", "SELECT public.normalized_email('A')") == "42501"
        rows("REVOKE ALL ON public.students FROM reports")
        assert supabase.upgrade() == ["row-level security: turned on; tables: 1"]
    finally:
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute("DROP OWNED BY reports; DROP ROLE reports")


def test_rights_that_the_role_may_not_revoke_are_reported_with_the_statement_to_run(
    postgres_server: PostgresServer, supabase: Supabase
) -> None:
    supabase.upgrade()
    superuser = postgres_server.url("supabase")
    table = "public.sessions_old_20260102_030405"
    with psycopg.connect(superuser, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE {table} (session_token TEXT, student_id UUID)".encode())
        connection.execute(f"GRANT ALL ON {table} TO anon".encode())
    reports = supabase.upgrade()
    assert [report.partition(":")[0] for report in reports] == [table, table]
    assert "REVOKE ALL ON TABLE" in reports[0]
    with psycopg.connect(superuser, autocommit=True) as connection:
        for report in reports:
            assert "postgres" in report
            statement = re.search(r"(REVOKE|ALTER).*;$", report)
            assert statement is not None
            connection.execute(statement[0].encode())
    assert supabase.open_objects() == []
    assert supabase.upgrade() == []


def test_functions_of_other_applications_are_found_after_the_upgrade(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        path = connection.execute("SHOW search_path").fetchone()
        assert path == ('"$user", public, extensions, assessment, learning',)
        connection.execute("CREATE TABLE public.notes (id UUID DEFAULT uuid_generate_v4())")
        connection.execute("SELECT pool_id, COUNT(*) FROM questions GROUP BY pool_id")


def test_database_without_the_api_roles_keeps_its_rights(postgres_server: PostgresServer) -> None:
    """Row-level security stays off, and only keep_proficiency() loses EXECUTE for PUBLIC.

    functions.sql revokes EXECUTE from this function, because it runs as its owner.
    """
    with psycopg.connect(postgres_server.url("migrated")) as connection:
        connection.execute(load_script("database/schema/rights.sql").encode())
        changed_objects = connection.execute(
            "SELECT oid::regclass::text FROM pg_class WHERE relrowsecurity UNION ALL"
            " SELECT own::text FROM stepwise.own_functions() AS own"
            " JOIN pg_proc ON oid = own AND proacl IS NOT NULL"
        ).fetchall()
        connection.rollback()
    assert changed_objects == [("keep_proficiency()",)]


def test_printed_upgrade_closes_everything_too(supabase: Supabase) -> None:
    sql_script = run("migrate.py", "upgrade", "--sql", url=supabase.url())
    command = [str(program("psql")), "--quiet", "--set=ON_ERROR_STOP=1", supabase.url()]
    process = subprocess.run(command, input=sql_script, text=True, check=True, capture_output=True)
    assert "anon and authenticated: revoked their rights;" in process.stderr
    assert supabase.open_objects() == []
    assert supabase.upgrade() == []
