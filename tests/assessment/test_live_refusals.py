"""A context that cannot be upgraded stays as it was, and the others are upgraded."""

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.database.schema import upgrade_schema
from tests.assessment.conftest import Rows
from tests.assessment.test_live_databases import Run, create_schema, postgres_url, run
from tests.assessment.test_live_obstacles import TRIGGERS
from tests.support.live_assessments import FORM_A, ROWS_A
from tests.support.scripts import run_unchecked

__all__ = ["postgres_url", "run"]

TABLES = (
    "SELECT c.oid::regclass::text, a.attname::text, format_type(a.atttypid, a.atttypmod)"
    " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
    " WHERE c.relnamespace = 'public'::regnamespace AND NOT a.attisdropped"
    " AND c.relname IN ('grades', 'students', 'student_proficiencies', 'test_sessions',"
    " 'test_responses', 'v_best', 'v_right_answers')"
    " ORDER BY 1, 2"
)
VIEW_IN_PLACE_OF_A_TABLE = "CREATE VIEW public.step_progress AS SELECT 1 AS session_token"
"""A view with the name of a table that the workshop creates."""

GENERATED = """
ALTER TABLE test_sessions ADD COLUMN last_activity DATE
  GENERATED ALWAYS AS (DATE '2025-01-01') STORED;
"""
COMPOSITE = """
CREATE TYPE vector AS (a INT);
ALTER TABLE test_sessions DROP COLUMN accuracy, ADD COLUMN accuracy vector;
CREATE INDEX ON test_sessions (((accuracy).a));
"""
OBSTACLES = {
    "foreign key": (
        "CREATE TABLE grades (session TEXT REFERENCES test_sessions (id))",
        ["test_sessions", "id", "text", "uuid", "grades_session_fkey"],
    ),
    "index": (
        "CREATE INDEX ON test_responses ((is_correct + 1))",
        ["test_responses", "is_correct", "integer", "boolean"],
    ),
    "generated": (
        GENERATED,
        ["test_sessions", "last_activity", "date", "timestamp without time zone"],
    ),
    "composite": (COMPOSITE, ["test_sessions", "accuracy", "vector", "numeric"]),
}
"""Objects that prevent a change of a column's type, and words of the error that names them."""


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_refusal_names_table_column_and_both_types_and_changes_nothing(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows, obstacle: str
) -> None:
    script, words = OBSTACLES[obstacle]
    run(FORM_A, ROWS_A, script)
    before, answers = rows(TABLES), rows("SELECT * FROM public.test_responses ORDER BY id")
    response = create_schema(client, operator, finish=True)
    assert (response.status_code, response.json()["code"]) == (409, "schema_needs_decision")
    for word in words:
        assert word in response.json()["error"]
    assert "moved to" not in response.json()["error"], "what was undone is not reported as done"
    assert rows(TABLES) == before
    assert rows("SELECT * FROM public.test_responses ORDER BY id") == answers


def test_refused_workshop_does_not_prevent_the_move_of_tests_and_is_reported(
    client: TestClient, operator: dict[str, str], run: Run, rows: Rows
) -> None:
    run(FORM_A, ROWS_A, VIEW_IN_PLACE_OF_A_TABLE)
    response = create_schema(client, operator, finish=True)
    assert response.status_code == 409
    error = response.json()["error"]
    assert error.startswith("workshop: ")
    assert "step_progress" in error.partition("What was done")[0]
    assert "public.test_responses: moved to assessment.test_responses; rows: 4" in error
    assert rows("SELECT count(*) FROM assessment.test_responses") == [(4,)]
    run("DROP VIEW public.step_progress")
    assert create_schema(client, operator, finish=True).status_code == 200


def test_migrate_ends_with_the_reason_and_the_report(
    postgres_url: str, run: Run, rows: Rows
) -> None:
    run(FORM_A, ROWS_A, VIEW_IN_PLACE_OF_A_TABLE)
    process = run_unchecked("migrate.py", "finish", url=postgres_url)
    assert process.returncode == 1
    assert "workshop: " in process.stderr
    assert "test_responses; rows: 4" in process.stderr
    assert rows("SELECT count(*) FROM assessment.test_responses") == [(4,)]


UNFORESEEN = """
CREATE FUNCTION stop() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
  IF to_regclass('assessment.examinees') IS NOT NULL THEN
    PERFORM ('secret ' || (SELECT min(email) FROM assessment.examinees))::INTEGER;
  END IF;
END
$$;
CREATE EVENT TRIGGER stop ON ddl_command_end WHEN TAG IN ('CREATE TABLE')
  EXECUTE FUNCTION stop();
"""


def test_error_that_nobody_foresaw_stays_in_its_context_and_shows_no_value(
    client: TestClient, operator: dict[str, str], run: Run
) -> None:
    run(FORM_A, ROWS_A, UNFORESEEN)
    response = create_schema(client, operator, finish=True)
    assert response.status_code == 409, response.text
    assert "assessment: " in response.json()["error"]
    assert "ann@example.com" not in response.text


@pytest.mark.parametrize("force", ["", "FORCE"])
def test_owner_without_superuser_rights_upgrades_unless_rows_are_hidden(
    postgres_url: str, run: Run, rows: Rows, force: str
) -> None:
    role = (
        f"live_owner_{force.lower()}"  # one role per case, because roles belong to the whole server
    )
    tables = ("students", "test_sessions", "test_responses", "student_proficiencies")
    run(
        FORM_A,
        ROWS_A,
        TRIGGERS,
        "CREATE POLICY mine ON test_responses USING (session_id = current_user);"
        f"DROP ROLE IF EXISTS {role}; CREATE ROLE {role};"
        f"GRANT CREATE, USAGE ON SCHEMA public TO {role}",
        *(f"ALTER TABLE {it} OWNER TO {role}" for it in (*tables, "v_best", "v_right_answers")),
        f"ALTER TABLE test_responses {force or 'NO FORCE'} ROW LEVEL SECURITY",
    )
    with psycopg.connect(postgres_url) as connection:
        name = connection.info.dbname
        connection.execute(f'GRANT CREATE ON DATABASE "{name}" TO {role}'.encode())
        connection.execute(f"SET LOCAL ROLE {role}".encode())
        upgrade = upgrade_schema(connection, finish=True)
        connection.commit()
        # Otherwise, Postgres drops temporary functions only some time after the connection ends.
        connection.execute("DISCARD TEMP")
    try:
        if force:
            reason = next(it for it in upgrade.refused if it.startswith("assessment: "))
            assert "Row-level security hides rows of test_responses" in reason
        else:
            assert upgrade.refused == []
            assert rows("SELECT count(*) FROM assessment.test_responses") == [(4,)]
    finally:
        run(f"REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role}; DROP ROLE {role}")
