"""Migrations and schema scripts create the same schema."""

import subprocess
import sys

import psycopg
import pytest

from local.servers.postgres_server import program
from tests.support.forks import ROOT
from tests.support.scripts import run, run_unchecked


def dump(url: str) -> list[str]:
    """Return pg_dump's lines of the schema, without comments and commands of psql."""
    process = subprocess.run(
        [program("pg_dump"), "--schema-only", url],
        capture_output=True,
        text=True,
        check=True,
    )
    return [
        line for line in process.stdout.splitlines() if line and not line.startswith(("--", "\\"))
    ]


def test_migrations_and_scripts_end_in_the_same_schema(
    empty_postgres_url: str, postgres_url: str
) -> None:
    run("migrate.py", "upgrade", url=empty_postgres_url)
    assert dump(empty_postgres_url) == dump(postgres_url)


def test_the_scripts_may_run_again_and_change_nothing(postgres_url: str) -> None:
    before = dump(postgres_url)
    run("init_db.py", url=postgres_url)
    run("migrate.py", "upgrade", url=postgres_url)
    assert dump(postgres_url) == before


def test_every_upgrade_restores_objects_of_the_scripts(postgres_url: str) -> None:
    run("migrate.py", "upgrade", url=postgres_url)
    before = dump(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("DROP FUNCTION assessment.record_answer")
        connection.execute("DROP INDEX assessment.idx_test_responses_timestamp")
    run("migrate.py", "upgrade", url=postgres_url)
    assert dump(postgres_url) == before


def test_sql_of_an_upgrade_can_be_read_before_it_runs(empty_postgres_url: str) -> None:
    sql_script = run("migrate.py", "upgrade", "--sql", url=empty_postgres_url)
    assert "CREATE TABLE IF NOT EXISTS public.sessions" in sql_script
    with psycopg.connect(empty_postgres_url) as connection:
        assert connection.execute("SELECT to_regclass('public.sessions')").fetchone() == (None,)


def test_printed_sql_ends_with_a_commit(empty_postgres_url: str) -> None:
    sql_script = run("migrate.py", "upgrade", "--sql", url=empty_postgres_url)
    assert sql_script.rstrip().endswith("COMMIT;")


def test_queries_typed_without_a_schema_find_their_tables(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SELECT pool_id, COUNT(*) FROM questions GROUP BY pool_id")
        connection.execute("SELECT student_email FROM students")


@pytest.mark.parametrize("script", [("migrate.py", "upgrade"), ("init_db.py",)])
@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "No database is set. Set one of POSTGRES_URL_NON_POOLING, "),
        ("postgresql://me:secret@127.0.0.1:1/none", "The database cannot be reached: "),
        ("postgresql//me:secret@host", "DATABASE_URL: it is not a valid address; the form is "),
    ],
)
def test_unavailable_database_is_reported_without_traceback_or_password(
    script: tuple[str, ...], url: str, message: str
) -> None:
    process = run_unchecked(*script, url=url)
    assert process.returncode == 1
    assert process.stderr.startswith(message)
    assert "Traceback" not in process.stderr
    assert "secret" not in process.stderr


def test_printed_sql_makes_the_same_database_as_the_upgrade(
    empty_postgres_url: str, postgres_url: str
) -> None:
    sql_script = run("migrate.py", "upgrade", "--sql", url=empty_postgres_url)
    command = [str(program("psql")), "--quiet", "--set=ON_ERROR_STOP=1", empty_postgres_url]
    subprocess.run(command, input=sql_script, text=True, check=True, capture_output=True)
    assert dump(empty_postgres_url) == dump(postgres_url)
    with psycopg.connect(empty_postgres_url) as connection:
        connection.execute("SELECT pool_id, COUNT(*) FROM questions GROUP BY pool_id")


@pytest.mark.parametrize("script", [("migrate.py", "upgrade"), ("init_db.py",)])
def test_supabase_without_postgres_is_explained(script: tuple[str, ...]) -> None:
    process = subprocess.run(
        [sys.executable, *script],
        cwd=ROOT,
        env={"SUPABASE_URL": "https://ref.supabase.co", "SUPABASE_KEY": "secret"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    first_line, second_line = process.stderr.splitlines()
    assert first_line.startswith("No database is set. Set one of POSTGRES_URL_NON_POOLING, ")
    assert second_line.startswith("SUPABASE_URL and a key are not enough: ")
    assert "secret" not in process.stderr
