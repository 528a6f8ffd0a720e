"""Our list of tables and functions is complete, and contains no object of another application."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from lib.database.postgres import Transaction
from lib.database.queries import load_script
from lib.legacy.runs.store import make_schema

SCHEMAS = "'public', 'assessment', 'learning', 'legacy', 'stepwise'"
LIST = "sql/database/schema/own_objects.sql"


@pytest.fixture
def database(postgres_url: str) -> Iterator[psycopg.Connection]:
    """A database in which every script of the project has run, in a transaction."""
    with psycopg.connect(postgres_url) as connection:
        make_schema(Transaction(connection))
        connection.execute("SET search_path = pg_catalog")  # so that names contain their schema
        yield connection
        connection.rollback()


def names(database: psycopg.Connection, query: str) -> set[str]:
    return {row[0] for row in database.execute(query.encode()).fetchall()}


def own_tables(database: psycopg.Connection) -> set[str]:
    return names(database, "SELECT own::text FROM stepwise.own_tables() AS own")


def own_functions(database: psycopg.Connection) -> set[str]:
    return names(database, "SELECT own::text FROM stepwise.own_functions() AS own")


def test_every_table_that_the_scripts_create_is_listed(database: psycopg.Connection) -> None:
    created_names = names(
        database,
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f')"
        f" AND relnamespace::regnamespace::text IN ({SCHEMAS})",
    )
    assert created_names - own_tables(database) == set(), f"add these to own_tables() in {LIST}"
    assert len(created_names) > 20


def test_every_sequence_that_the_scripts_create_belongs_to_a_listed_table(
    database: psycopg.Connection,
) -> None:
    created_names = names(
        database,
        "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S'"
        f" AND relnamespace::regnamespace::text IN ({SCHEMAS})",
    )
    assert created_names == names(database, "SELECT own::text FROM stepwise.own_sequences() AS own")
    assert "public.events_id_seq" in created_names


def test_every_function_that_the_scripts_create_is_listed(database: psycopg.Connection) -> None:
    created_names = names(
        database,
        "SELECT oid::regprocedure::text FROM pg_proc"
        f" WHERE pronamespace::regnamespace::text IN ({SCHEMAS})",
    )
    assert created_names - own_functions(database) == set(), (
        f"add these to own_functions() in {LIST}"
    )
    assert len(created_names) > 100


def test_every_listed_name_is_one_that_the_scripts_create(database: psycopg.Connection) -> None:
    """A listed name that no script creates would claim an object of another application."""
    text = load_script("database/schema/own_objects.sql")
    tables = {".".join(pair) for pair in re.findall(r"\('(\w+)', '(\w+)', '\{", text)}
    functions = {
        f"{schema}.{name}"
        for schema, listed in re.findall(
            r"\('(public|assessment|learning|legacy)', '\{([\w\s,]+)\}'", text
        )
        for name in re.split(r",\s*", listed)
    }
    assert len(tables) > 20
    assert len(functions) > 90
    assert tables - own_tables(database) == set(), f"remove these from {LIST}"
    created_names = {function.partition("(")[0] for function in own_functions(database)}
    assert functions - created_names == set(), f"remove these from {LIST}"


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("public.sessions", "id INT, user_id INT"),
        ("public.events", "id INT, title TEXT, event_type TEXT"),
        ("public.enrollments", "student_id UUID, course_id TEXT, created_at TIMESTAMPTZ"),
        ("public.questions", "id INT, concept_id INT"),
        ("assessment.questions", "id INT, concept_id INT"),
        ("legacy.backups", "id INT, path TEXT"),
        ("legacy.invoices", "id INT"),
        ("public.sessions_old_2026", "id INT, user_id INT"),
        ("public.sessions_old_style", "session_token TEXT, student_id UUID"),
        ("public.student_configs", "session_token TEXT"),
        ("public.student_configs_backup_20250123", "id INT, dump BYTEA"),
        ("app.sessions", "session_token TEXT, student_id UUID"),
    ],
)
def test_table_of_another_application_is_not_ours(
    database: psycopg.Connection, table: str, columns: str
) -> None:
    schema, _, name = table.partition(".")
    database.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}".encode())
    database.execute(f"ALTER TABLE IF EXISTS {table} RENAME TO {name}_elsewhere".encode())
    database.execute(f"CREATE TABLE {table} ({columns})".encode())
    assert table not in own_tables(database)


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("public.sessions_old_20260102_030405", "session_token TEXT, student_id UUID"),
        ("public.workshop_students_backup_20250123", "student_email TEXT"),
        ("public.student_configs_backup_20250123101010_2", '"sessionToken" TEXT'),
        ("public.workshop_sessions_backup_20250123", "session_id TEXT"),
        ("public.questions_set_aside_20260102", "pool_id UUID, content TEXT, correct_answer TEXT"),
        ("assessment.questions_old_1", "pool_id UUID, content TEXT, correct_answer TEXT"),
        ("workshop_set_aside_20260102_030405.anything", "id INT"),
        ("assessment_set_aside_20260102_030405.test_sessions", "id INT"),
        ("stepwise.adopted", "id INT"),
    ],
)
def test_table_that_was_set_aside_or_is_in_the_schema_stepwise_is_ours(
    database: psycopg.Connection, table: str, columns: str
) -> None:
    database.execute(f"CREATE SCHEMA IF NOT EXISTS {table.partition('.')[0]}".encode())
    database.execute(f"CREATE TABLE {table} ({columns})".encode())
    assert table in own_tables(database)


def test_parts_of_a_partitioned_table_are_ours(database: psycopg.Connection) -> None:
    database.execute(
        "CREATE TABLE assessment.test_responses_old_1"
        " (session_id INT, question_id INT, response INT) PARTITION BY LIST (response)"
    )
    database.execute(
        "CREATE TABLE public.a_part PARTITION OF assessment.test_responses_old_1 DEFAULT"
    )
    assert "public.a_part" in own_tables(database)


@pytest.mark.parametrize(
    "function",
    [
        "public.report_bug(title TEXT)",
        "public.report_bug(TEXT)",
        "public.session_steps(p_x TEXT, theirs TEXT)",
        "public.flagged_steps(public.theirs)",
        "public.refund(p_amount INT)",
        "legacy.import_all()",
        "app.report_bug(p_title TEXT)",
    ],
)
def test_function_of_another_application_is_not_ours(
    database: psycopg.Connection, function: str
) -> None:
    before = own_functions(database)
    database.execute("CREATE SCHEMA app")
    database.execute("CREATE TABLE public.theirs (id INT)")
    database.execute(f"CREATE FUNCTION {function} RETURNS INT RETURN 1".encode())
    assert own_functions(database) == before


def test_function_of_a_table_that_was_set_aside_is_ours(database: psycopg.Connection) -> None:
    database.execute("ALTER TABLE public.sessions RENAME TO sessions_old_20260102_030405")
    assert {
        "public.flagged_steps(public.sessions_old_20260102_030405)",
        "public.session_steps(public.sessions_old_20260102_030405)",
    } <= own_functions(database)
