"""Backups hold every value, with secrets sealed, and can be restored where types are missing."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from lib.deps import Deps
from lib.operations.backups.backup import back_up
from lib.operations.backups.restore import restore
from lib.operations.errors import BackupUnreadable
from lib.operations.schema.renewal import renew_schema
from lib.settings import Settings

Connection = psycopg.Connection[Any]
MARK = "9f86d081884c7d659a2feaa0c55ad015"
ODD_TABLE = """
CREATE TYPE public.mood AS ENUM ('glad', 'not, glad');
CREATE TYPE public.place AS (street TEXT, number INT);
CREATE DOMAIN public.facts AS JSON;
CREATE TABLE public.student_configs (
  session_token TEXT, n INT GENERATED ALWAYS AS IDENTITY,
  twice INT GENERATED ALWAYS AS (n * 2) STORED,
  mood public.mood, moods public.mood[], home public.place, facts public.facts, tools JSON,
  lists JSON[], days INT[], spans INT4RANGE, amount NUMERIC, raw BYTEA);
INSERT INTO public.student_configs (session_token, mood, moods, home, facts, tools, lists, days,
  spans, amount, raw)
VALUES ('t-1', 'not, glad', '{glad,"not, glad"}', '("Main St, left",3)', '{"a": "\\u0000"}',
  '{"a":  1.50, "a": "\\u0000\\ud800"}', ARRAY['{"b": "\\u0000"}'::JSON, NULL], '{1,NULL}',
  '[1,5)', 1.50, '\\x00ff'), ('t-2', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
"""


@pytest.fixture
def database(postgres_url: str) -> Iterator[Connection]:
    with psycopg.connect(postgres_url, autocommit=True, prepare_threshold=None) as connection:
        yield connection


def configs(database: Connection) -> list[Any]:
    """Return the names of the columns, and the rows as texts, which do not depend on the types."""
    cursor = database.execute("SELECT * FROM public.student_configs LIMIT 0")
    names = [column.name for column in cursor.description or []]
    texts = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in names)
    query = sql.SQL("SELECT {} FROM public.student_configs ORDER BY session_token").format(texts)
    return [names, *database.execute(query)]


def unified_rows(database: Connection) -> list[Any]:
    tables = ("students", "sessions", "step_progress", "events")
    queries = [f"SELECT t::text FROM public.{table} AS t" for table in tables]
    return [database.execute(query.encode()).fetchall() for query in queries]


def file_text(deps: Deps, name: str) -> str:
    return gzip.decompress((Path(deps.settings.backup_folder) / name).read_bytes()).decode()


def test_values_of_every_type_are_restored_where_the_type_is_missing(
    database: Connection, deps: Deps
) -> None:
    database.execute(ODD_TABLE.encode())
    before = configs(database)
    backup = back_up(deps)
    database.execute("DROP TABLE public.student_configs")
    database.execute("DROP TYPE public.mood, public.place; DROP DOMAIN public.facts")
    restore(backup.name, deps)
    assert configs(database) == before
    second_backup = back_up(deps)
    database.execute("DROP TABLE public.student_configs")
    restore(second_backup.name, deps)
    assert configs(database) == before


def test_json_that_jsonb_refuses_becomes_a_jsonb_string(database: Connection, deps: Deps) -> None:
    database.execute("ALTER TABLE public.sessions ALTER COLUMN exercises DROP DEFAULT,"
                     " ALTER COLUMN exercises TYPE JSON USING exercises::json")  # fmt: skip
    database.execute("INSERT INTO public.students (student_email) VALUES ('ann@example.com')")
    insert = (
        "INSERT INTO public.sessions (session_token, student_id, exercises)"
        " SELECT %s, student_id, %s::json FROM public.students"
    )
    database.execute(insert, ["t-1", '{"a": "\\u0000"}'])
    database.execute(insert, ["t-2", '{"a": "\\u00e9"}'])
    backup = back_up(deps)
    database.execute(
        "SET LOCAL stepwise.removal = 'test';"
        "TRUNCATE public.students, public.sessions, public.events CASCADE"
    )
    database.execute(
        "ALTER TABLE public.sessions ALTER COLUMN exercises TYPE JSONB USING '[]'::jsonb"
    )
    restore(backup.name, deps)
    exercises = database.execute(
        "SELECT exercises FROM public.sessions ORDER BY session_token"
    ).fetchall()
    assert exercises == [('{"a": "\\u0000"}',), ({"a": "é"},)]


SECRETS = (f"sk-{MARK}", f"AC{MARK}", f"SK{MARK}", f"AIza{MARK}", f"https://a:{MARK}@b.c/",
           f"https://b.c/?api_key={MARK}", f'auth_token = "{MARK}"',
           f"x\nTWILIO_AUTH_TOKEN={MARK}")  # fmt: skip


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_any_column_is_sealed_and_restored(
    database: Connection, deps: Deps, secret: str
) -> None:
    """Secrets are in unknown columns, and in rows older than the removal of secrets from texts."""
    database.execute("CREATE TABLE public.student_configs (session_token TEXT, notes TEXT, j JSON,"
                     " b JSONB, a TEXT[], amount NUMERIC, password JSONB)")  # fmt: skip
    database.execute(
        "INSERT INTO public.student_configs VALUES ('t-1', %(s)s, json_build_object('n', 1.50,"
        " 's', %(s)s::text), jsonb_build_array(%(s)s::text), ARRAY[%(s)s, 'b'], 1.50,"
        " jsonb_build_object('mine', %(p)s::text)),"
        " (%(s)s, 'plain', NULL, NULL, NULL, NULL, NULL)",
        {"s": secret, "p": MARK},
    )
    database.execute(
        "WITH st AS (INSERT INTO public.students (student_email, student_name)"
        " VALUES ('ann@example.com', %(s)s) RETURNING student_id), s AS (INSERT INTO"
        " public.sessions (session_token, student_id, bug_reports, openai_api_key) SELECT"
        " %(s)s, student_id, jsonb_build_array(%(s)s::text), %(s)s FROM st RETURNING student_id)"
        " INSERT INTO public.events (student_id, event_type, event_data)"
        " SELECT student_id, 'bug_reported', jsonb_build_object('a', %(s)s::text) FROM s",
        {"s": secret},
    )
    database.execute(
        "INSERT INTO public.step_progress (session_token, student_id, step_number, step_name,"
        " code_submitted) SELECT session_token, student_id, 1, 'Connect Accounts', %s"
        " FROM public.sessions",
        [secret],
    )
    before = unified_rows(database)
    before_configs = configs(database)
    backup = back_up(deps)
    assert MARK not in file_text(deps, backup.name)
    assert "plain" in file_text(deps, backup.name)
    database.execute(
        "SET LOCAL stepwise.removal = 'test';"
        "TRUNCATE public.students, public.sessions, public.events CASCADE"
    )
    database.execute("DROP TABLE public.student_configs")
    restore(backup.name, deps)
    assert unified_rows(database) == before
    assert configs(database) == before_configs


@contextmanager
def latin_1(settings: Settings) -> Iterator[Deps]:
    """Create a database with the encoding LATIN1 and our schema; yield its dependencies."""
    name = "in_latin_1"
    url = settings.postgres_url or ""
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}".encode())
        server.execute(
            f"CREATE DATABASE {name} ENCODING LATIN1 TEMPLATE template0 LOCALE 'C'".encode()
        )
        own_url = url.replace(f"/{server.info.dbname}", f"/{name}")
        deps = Deps(replace(settings, postgres_url=own_url, migration_url=own_url))
        try:
            renew_schema(deps, confirmation=None, drop_existing=False, finish=False)
            yield deps
        finally:
            deps.close()
            server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def add_student(deps: Deps, name: str) -> None:
    with psycopg.connect(deps.settings.postgres_url or "", autocommit=True) as connection:
        connection.execute(
            "INSERT INTO public.students (student_email, student_name)"
            " VALUES ('a@example.com', %s)",
            [name],
        )


def names(deps: Deps) -> list[Any]:
    with psycopg.connect(deps.settings.postgres_url or "", autocommit=True) as connection:
        return connection.execute("SELECT student_name FROM public.students").fetchall()


@pytest.mark.parametrize("name", ["Zoë ÿ", f"Zoë sk-{MARK}"])
def test_a_database_in_latin_1_is_backed_up_and_restored(
    settings: Settings, deps: Deps, name: str
) -> None:
    with latin_1(settings) as latin:
        add_student(latin, name)
        backup = back_up(latin)
        with psycopg.connect(latin.settings.postgres_url or "", autocommit=True) as connection:
            connection.execute(
                "SET LOCAL stepwise.removal = 'test';TRUNCATE public.students CASCADE"
            )
        restore(backup.name, latin)
        assert names(latin) == [(name,)]
    restore(backup.name, deps)
    assert names(deps) == [(name,)]


@pytest.mark.parametrize("name", ["日本", f"日本 sk-{MARK}"])
def test_characters_that_the_target_lacks_are_given_as_the_reason(
    settings: Settings, deps: Deps, name: str
) -> None:
    add_student(deps, name)
    backup = back_up(deps)
    with latin_1(settings) as latin:
        with pytest.raises(BackupUnreadable, match="encoding of this database"):
            restore(backup.name, latin)
        assert names(latin) == []
