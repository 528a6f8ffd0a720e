"""A test gets a database in which no other test has written, with its template's settings."""

from typing import LiteralString

import psycopg
import pytest

from tests.support.databases import Databases

QUERY: LiteralString = "SELECT count(*) FROM public.students"
TRIES = 6
WRITES: tuple[LiteralString, ...] = (
    "INSERT INTO public.students (student_email) VALUES ('a@b.example')",
    "BEGIN; DELETE FROM public.sessions; CREATE TABLE public.t (); ROLLBACK",
    "CREATE UNLOGGED TABLE public.t ()",
    "CREATE TEMPORARY TABLE t AS SELECT 1 AS n",
    "SELECT nextval(pg_get_serial_sequence('public.events', 'id'))",
    "COMMENT ON TABLE public.students IS 'changed'",
    "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET jit = on'; END $$",
)


def test_database_without_a_write_is_lent_again(databases: Databases) -> None:
    with databases.copy("migrated") as first:
        open_connection = psycopg.connect(first)
        open_connection.execute(QUERY)
    with pytest.raises(psycopg.OperationalError):
        open_connection.execute(QUERY)
    open_connection.close()
    # The server itself writes to its log now and then, which looks like a write of the test.
    urls = [first]
    while len(urls) < TRIES and len(set(urls)) == len(urls):
        with databases.copy("migrated") as url:
            urls.append(url)
    assert len(set(urls)) < len(urls)


@pytest.mark.parametrize("write", WRITES)
def test_database_with_a_write_is_not_lent_again(
    databases: Databases, write: LiteralString
) -> None:
    with databases.copy("migrated") as first, psycopg.connect(first, autocommit=True) as session:
        session.execute(write)
    with databases.copy("migrated") as second:
        assert second != first
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(first)


def test_tests_at_the_same_time_get_different_databases(databases: Databases) -> None:
    with databases.copy("migrated") as first, databases.copy("migrated") as second:
        assert first != second


def test_copy_has_the_settings_of_its_template(databases: Databases) -> None:
    with databases.copy("migrated") as url, psycopg.connect(url) as session:
        assert session.execute("SHOW search_path").fetchone() == (
            '"$user", public, assessment, learning',
        )
