"""The project's schemas are added to the search paths of the database and of the role."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from lib.database.queries import load_script
from local.servers.postgres_server import PostgresServer, program

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = load_script("database/schema/search_path.sql")
DATABASE = 'My "own" DB'
ROLE = "Ann O'Neil"
OURS = "assessment, learning"


class Database:
    """A database with a name that has to be quoted, and a role that owns it."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._superuser = server.url("postgres")

    def url(self, role: str = ROLE) -> str:
        return self._server.url(DATABASE).replace("//postgres@", f"//{quote(role)}@")

    def as_superuser(self, statement: str) -> None:
        """Run a statement; {database} and {role} in it are replaced by the quoted names."""
        names = {"database": sql.Identifier(DATABASE), "role": sql.Identifier(ROLE)}
        with psycopg.connect(self._superuser, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(**names))

    def upgrade(self, role: str = ROLE) -> list[str]:
        """Run the script and return its reports."""
        reports: list[str] = []
        with psycopg.connect(self.url(role)) as connection:
            connection.add_notice_handler(
                lambda notice: (
                    reports.append(notice.message_primary or "")
                    if notice.sqlstate == "SW001"
                    else None
                )
            )
            connection.execute(SCRIPT.encode())
        return reports

    def search_path(self, role: str = ROLE) -> str:
        """Return the search path of a new session."""
        with psycopg.connect(self.url(role)) as connection:
            row = connection.execute("SHOW search_path").fetchone()
        return row[0] if row else ""

    def settings(self) -> list[tuple[str | None, str | None, str]]:
        """Return database, role and search path of each setting for this or for every database."""
        query = """
            SELECT d.datname, r.rolname, substr(entry, 13) FROM pg_db_role_setting AS s
            CROSS JOIN unnest(s.setconfig) AS entry
            LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
            LEFT JOIN pg_roles AS r ON r.oid = s.setrole
            WHERE entry ^@ 'search_path=' AND coalesce(d.datname, current_database())
              = current_database() ORDER BY 1 NULLS FIRST, 2 NULLS FIRST
        """
        with psycopg.connect(self.url("postgres")) as connection:
            return connection.execute(query.encode()).fetchall()


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[Database]:
    new_database = Database(postgres_server)
    new_database.as_superuser("CREATE ROLE {role} LOGIN")
    new_database.as_superuser("CREATE DATABASE {database} OWNER {role}")
    yield new_database
    new_database.as_superuser("ALTER ROLE ALL RESET search_path")
    new_database.as_superuser("DROP DATABASE {database} WITH (FORCE)")
    new_database.as_superuser("DROP ROLE {role}")


def test_schemas_are_added_to_the_default(database: Database) -> None:
    assert database.upgrade() == []
    assert database.search_path() == f'"$user", public, {OURS}'


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("public, extensions", f"public, extensions, {OURS}"),
        ('"$user", "Extensions", public', f'"$user", "Extensions", public, {OURS}'),
        ("learning, app", "learning, app, public, assessment"),
        ('"a, b", "we""ird", public, app', f'"a, b", "we""ird", public, app, {OURS}'),
        ("''", f'"", public, {OURS}'),
        ("public, assessment, learning", "public, assessment, learning"),
        ('"Public", "select"', f'"Public", "select", public, {OURS}'),
    ],
)
@pytest.mark.parametrize(
    "target",
    ["DATABASE {database}", "ROLE {role}", "ROLE {role} IN DATABASE {database}", "ROLE ALL"],
)
def test_schemas_are_added_after_those_of_the_setting(
    database: Database, target: str, path: str, expected: str
) -> None:
    database.as_superuser(f"ALTER {target} SET search_path = {path}")
    before = database.settings()
    assert database.upgrade() == []
    assert database.search_path() == expected
    if target in {"ROLE {role}", "ROLE ALL"}:  # these hold for all databases, and stay
        assert before[0] in database.settings()


def test_text_that_was_stored_as_typed_is_read_as_postgres_reads_it(database: Database) -> None:
    with psycopg.connect(database.url()) as connection:
        connection.execute("SELECT set_config('search_path', ' PUBLIC ,Foo,\"Foo\" ', false)")
        connection.execute(
            sql.SQL("ALTER DATABASE {} SET search_path FROM CURRENT").format(
                sql.Identifier(DATABASE)
            )
        )
    database.upgrade()
    assert database.search_path() == f'public, foo, "Foo", {OURS}'


def test_role_keeps_its_own_path_beside_that_of_the_database(database: Database) -> None:
    database.as_superuser("ALTER DATABASE {database} SET search_path = app")
    database.as_superuser("ALTER ROLE {role} SET search_path = everywhere")
    database.as_superuser("ALTER ROLE {role} IN DATABASE {database} SET search_path = here")
    database.upgrade()
    assert database.settings() == [
        (None, ROLE, "everywhere"),
        (DATABASE, None, f"app, public, {OURS}"),
        (DATABASE, ROLE, f"here, public, {OURS}"),
    ]


def test_role_without_a_path_of_its_own_gets_none(database: Database) -> None:
    database.upgrade()
    assert database.settings() == [(DATABASE, None, f'"$user", public, {OURS}')]


def test_second_upgrade_changes_nothing(database: Database) -> None:
    database.as_superuser("ALTER ROLE {role} SET search_path = public, extensions")
    database.upgrade()
    settings = database.settings()
    assert database.upgrade() == []
    assert database.settings() == settings


@pytest.mark.parametrize("own_path", [False, True])
def test_path_that_the_role_may_not_set_is_reported_with_the_statement_to_run(
    database: Database, own_path: bool
) -> None:
    database.as_superuser("ALTER DATABASE {database} OWNER TO postgres")
    database.as_superuser("GRANT CREATE ON DATABASE {database} TO {role}")
    database.as_superuser('ALTER DATABASE {database} SET search_path = app, "Apps"')
    if own_path:
        database.as_superuser("ALTER ROLE {role} SET search_path = mine")
    (report,) = database.upgrade()
    subject, _, message = report.partition(": ")
    assert subject == 'database "My ""own"" DB"'
    assert "must be owner of database" in message
    statement = message[message.index("ALTER DATABASE") :]
    assert statement == (
        f'ALTER DATABASE "My ""own"" DB" SET search_path = app, "Apps", public, {OURS};'
    )
    if own_path:
        assert database.search_path() == f"mine, public, {OURS}"
    else:
        assert database.search_path() == 'app, "Apps"'
    with psycopg.connect(database.url("postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())
    assert database.upgrade() == []
    assert database.search_path("postgres") == f'app, "Apps", public, {OURS}'


def test_functions_in_a_schema_on_the_path_are_still_found(database: Database) -> None:
    database.as_superuser('ALTER ROLE {role} SET search_path = "$user", public, extensions')
    with psycopg.connect(database.url()) as connection:
        connection.execute("CREATE SCHEMA extensions")
        connection.execute(
            "CREATE FUNCTION extensions.uuid_generate_v4() RETURNS UUID RETURN gen_random_uuid()"
        )
        connection.execute("CREATE TABLE public.notes (id UUID DEFAULT uuid_generate_v4())")
    database.upgrade()
    with psycopg.connect(database.url()) as connection:
        connection.execute("CREATE TABLE public.more (id UUID DEFAULT uuid_generate_v4())")
        ids = connection.execute("INSERT INTO public.more DEFAULT VALUES RETURNING id").fetchall()
    assert ids[0][0] is not None


def test_session_that_set_its_own_path_does_not_decide_the_path_of_the_database(
    database: Database,
) -> None:
    with psycopg.connect(database.url()) as connection:
        connection.execute("SET search_path = ''")  # as the script of pg_dump does
        connection.execute(SCRIPT.encode())
    assert database.search_path() == f'"$user", public, {OURS}'
    with psycopg.connect(database.url(), options="-c search_path=only_here") as connection:
        connection.execute(
            sql.SQL("ALTER DATABASE {} RESET search_path").format(sql.Identifier(DATABASE))
        )
        connection.execute(SCRIPT.encode())
    assert database.search_path() == f'"$user", public, {OURS}'


def test_line_in_the_docs_sets_the_path_after_a_plain_dump(
    database: Database, postgres_url: str, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.sql"
    subprocess.run([program("pg_dump"), "--no-owner", f"--file={backup}", postgres_url], check=True)
    path = f"{program('psql').parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "DATABASE_URL": database.url()}
    shell = ["sh", "-ec"]
    load = f'psql -q -v ON_ERROR_STOP=1 "$DATABASE_URL" < {backup}'
    subprocess.run([*shell, load], env=environment, check=True, stdout=subprocess.DEVNULL)
    active_tests = """
        SELECT COUNT(*)
        FROM test_sessions
        WHERE status = 'active'
        AND last_activity > NOW() - INTERVAL '30 minutes';
    """
    with psycopg.connect(database.url()) as connection, pytest.raises(psycopg.Error):
        connection.execute(active_tests.encode())
    page = (ROOT / "docs" / "database.md").read_text()
    (line,) = re.findall(r"^psql .*search_path.*$", page, re.MULTILINE)
    subprocess.run([*shell, line], env=environment, cwd=ROOT, check=True)
    with psycopg.connect(database.url()) as connection:
        assert connection.execute(active_tests.encode()).fetchone() == (0,)
