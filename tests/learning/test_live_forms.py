"""Other forms of the live learning system's database are adopted, or refused and not changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient

from lib.learning.fixed_ids import fixed_uuid
from tests.support.adopted_learning import (
    Connection,
    adopted,
    everything,
    fetch,
    line_with,
    live_database,
    upgrade,
)
from tests.support.databases import Databases
from tests.support.live_learning import BCRYPT, LIVE_TABLES, TABLES, generate, insert
from tests.support.scripts import run

OUR_REVISION = "SELECT version_num FROM stepwise.schema_version"
MOVED_USERS = "SELECT table_name FROM stepwise.adopted_tables WHERE former_name = 'users'"


@pytest.fixture
def live(databases: Databases) -> Iterator[Connection]:
    """A live database with its constraints, two users and a student."""
    with live_database(databases, loose=False) as connection:
        fill(connection)
        yield connection


@pytest.fixture
def postgres_url(databases: Databases) -> Iterator[str]:
    """Address of a database with the same rows, for the endpoint."""
    with databases.copy() as url:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(LIVE_TABLES)
            fill(connection)
        yield url


def fill(connection: psycopg.Connection[Any]) -> None:
    insert(connection, "users", [
        {"id": number, "username": name, "password_hash": BCRYPT, "role": "student"}
        for number, name in ((1, "ann"), (2, "ben"))])  # fmt: skip
    insert(connection, "student_profiles", [
        {"id": 5, "user_id": 1, "grade": 9, "target_exam": "JEE"}])  # fmt: skip


@contextmanager
def role(live: Connection, options: str = "") -> Iterator[str]:
    """Create a role for the block."""
    name = f"role_{uuid4().hex[:8]}"
    live.execute(f"CREATE ROLE {name} {options}".encode())
    try:
        yield name
    finally:
        live.execute("RESET ROLE")
        live.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER; DROP OWNED BY {name}".encode())
        live.execute(f"DROP ROLE {name}".encode())


def refusal(live: Connection) -> str:
    """Upgrade; return why the context was refused, after checking that nothing in it changed."""
    before = {name: rows for name, rows in everything(live).items() if "public" in name}
    (reason,) = upgrade(live).refused
    after = everything(live)
    assert {name: after[name] for name in before} == before
    assert not [name for name in after if name.startswith("learning")]
    # The other contexts were upgraded.
    assert "assessment.examinees" in str(
        fetch(live, "SELECT schemaname || '.' || tablename FROM pg_tables")
    )
    return reason


@pytest.mark.parametrize("revision", ["001", "another"])
def test_revision_of_the_live_system_is_never_taken_for_ours(
    databases: Databases, revision: str
) -> None:
    with live_database(databases, loose=False) as live:
        fill(live)
        live.execute("UPDATE alembic_version SET version_num = %s", [revision])
        url = live.info.dsn
        output = run("migrate.py", "upgrade", url=url)
        assert "The database went from revision none to 001." in output
        assert sorted(adopted(live, "users")) == [1, 2]
        run("migrate.py", "downgrade", url=url)
        assert fetch(live, OUR_REVISION) == []
        run("migrate.py", "upgrade", url=url)
        assert fetch(live, "SELECT version_num FROM public.alembic_version") == [(revision,)]
        assert fetch(live, OUR_REVISION) == [("001",)]


def test_tables_are_moved_with_their_indexes_keys_and_sequences(live: Connection) -> None:
    upgrade(live)
    ((schema, _),) = [tuple(name.split(".")) for (name,) in fetch(live, MOVED_USERS)]
    remaining = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    assert not {*TABLES} & {name for (name,) in fetch(live, remaining)}
    live.execute(f"SET search_path = {schema}".encode())
    live.execute("INSERT INTO users (username, password_hash, role) VALUES ('cy', 'x', 'student')")
    assert fetch(live, "SELECT max(id) FROM users") == [(3,)]
    with pytest.raises(psycopg.errors.UniqueViolation, match="ix_users_username"):
        live.execute("INSERT INTO users (username, password_hash, role) VALUES ('cy', 'x', 'y')")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        live.execute("DELETE FROM users WHERE id = 1")


@pytest.mark.parametrize("missing", TABLES)
def test_any_one_table_may_be_missing(databases: Databases, missing: str) -> None:
    rows = generate(1)
    with live_database(databases) as live:
        rows.insert(live)
        live.execute(f"DROP TABLE {missing}".encode())
        result = upgrade(live)
        assert result.refused == []
        assert adopted(live, missing) == {}
        independent = {"users", "topics", "sync_operations"} - {missing}
        for table in independent:
            assert sorted(adopted(live, table)) == sorted(rows.expected[table])
        if missing == "users":
            profiles = adopted(live, "student_profiles")
            assert len(profiles) > 1
            assert {row["user_id"] for row in profiles.values()} == {None}


@pytest.mark.parametrize(
    ("table", "column"),
    [("users", "role"), ("student_profiles", "grade"), ("questions", "correct_answer"),
     ("topics", "estimated_hours"), ("question_attempts", "is_correct"),
     ("question_attempts", "time_taken_seconds"), ("users", "id"), ("users", "username")],
)  # fmt: skip
def test_table_without_a_needed_column_is_refused_with_the_name_of_the_column(
    live: Connection, table: str, column: str
) -> None:
    live.execute(f"ALTER TABLE {table} DROP COLUMN {column} CASCADE".encode())
    assert f"public.{table} lacks the columns {column}." in refusal(live)
    live.execute(f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR".encode())
    if column != "id":
        assert upgrade(live).refused == []


@pytest.mark.parametrize(
    ("table", "column", "default"),
    [("users", "last_login", None), ("users", "password_hash", None),
     ("student_profiles", "available_hours_per_day", 3), ("student_profiles", "class_id", None)],
)  # fmt: skip
def test_missing_column_that_is_not_needed_has_its_default_or_none(
    live: Connection, table: str, column: str, default: float | None
) -> None:
    live.execute(f"ALTER TABLE {table} DROP COLUMN {column}".encode())
    assert upgrade(live).refused == []
    rows = adopted(live, table).values()
    assert [row[column] for row in rows] == [default] * len(rows) != []


def test_refusal_is_409_until_the_missing_column_is_there(
    client: TestClient, operator: dict[str, str], postgres_url: str
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE users RENAME COLUMN role TO kind")
    response = client.post("/api/admin-create-unified-schema", json={}, headers=operator)
    body = response.json()
    assert (response.status_code, body["code"]) == (409, "schema_needs_decision")
    assert "public.users lacks the columns role." in body["error"]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE users RENAME COLUMN kind TO role")
    response = client.post("/api/admin-create-unified-schema", json={}, headers=operator)
    assert response.status_code == 200, response.text
    assert any(line.startswith("public.users: moved to learning_set_aside_")
               for line in response.json()["results"])  # fmt: skip


@pytest.mark.parametrize(
    "columns",
    ["id UUID PRIMARY KEY, username TEXT, password_hash TEXT, role TEXT",
     "id SERIAL PRIMARY KEY, email TEXT, role TEXT"],
)  # fmt: skip
def test_users_of_another_application_beside_the_live_tables_stay(
    databases: Databases, columns: str
) -> None:
    with live_database(databases) as live:
        live.execute(f"DROP TABLE users; CREATE TABLE users ({columns})".encode())
        insert(live, "student_profiles", [{"id": 5, "user_id": 1, "grade": 9, "target_exam": "x"}])
        line = line_with(upgrade(live), "public.users")
        assert "left as it is" in line
        assert fetch(live, "SELECT to_regclass('public.users') IS NOT NULL") == [(True,)]
        assert adopted(live, "student_profiles")[5]["user_id"] is None


def test_users_table_without_other_live_tables_stays(databases: Databases) -> None:
    with databases.copy() as url:
        create = LIVE_TABLES[LIVE_TABLES.index("CREATE TABLE users") :].partition(";")[0]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(create.encode())
        run("migrate.py", "upgrade", url=url)
        with psycopg.connect(url, autocommit=True) as connection:
            query = "SELECT to_regclass('public.users') IS NOT NULL, count(*) FROM learning.users"
            assert connection.execute(query).fetchall() == [(True, 0)]


def test_questions_of_the_assessment_go_to_the_assessment(live: Connection) -> None:
    live.execute(
        "DROP TABLE questions CASCADE; CREATE TABLE questions (id TEXT PRIMARY KEY, pool_id UUID,"
        " content TEXT, options JSONB, correct_answer TEXT, concepts JSONB)"
    )
    live.execute("INSERT INTO questions VALUES ('q', gen_random_uuid(), '?', '[1, 2]', '1', '[]')")
    assert upgrade(live).refused == []
    assert fetch(live, "SELECT id FROM assessment.questions") == [("q",)]
    assert adopted(live, "questions") == {}
    assert sorted(adopted(live, "users")) == [1, 2]


def test_views_and_keys_from_elsewhere_follow_the_table(live: Connection) -> None:
    live.execute(
        "CREATE VIEW v_names AS SELECT username FROM users;"
        "CREATE TABLE badges (user_id INTEGER REFERENCES users (id));"
        "INSERT INTO badges VALUES (2)"
    )
    result = upgrade(live)
    assert result.refused == []
    assert fetch(live, "SELECT username FROM public.v_names ORDER BY 1") == [("ann",), ("ben",)]
    assert "this view now shows the moved rows of public.users" in line_with(result, "v_names")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        live.execute("INSERT INTO public.badges VALUES (9)")


def test_row_level_security_moves_with_the_table_and_hides_nothing(live: Connection) -> None:
    live.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    upgrade(live)
    assert sorted(adopted(live, "users")) == [1, 2]
    ((moved_table,),) = fetch(live, MOVED_USERS)
    security = "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass"
    assert fetch(live, security, moved_table) == [(True, True)]


def test_hidden_rows_are_refused(live: Connection) -> None:
    with role(live) as owner:
        live.execute(f"GRANT CREATE ON DATABASE {live.info.dbname} TO {owner}".encode())
        live.execute(f"ALTER SCHEMA public OWNER TO {owner}".encode())
        for table in (*TABLES, "alembic_version"):
            live.execute(f"ALTER TABLE {table} OWNER TO {owner}".encode())
        live.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        live.execute(f"SET ROLE {owner}".encode())
        (reason,) = upgrade(live).refused
        assert "public.users has row-level security that hides rows" in reason
        live.execute("ALTER TABLE users NO FORCE ROW LEVEL SECURITY")
        assert upgrade(live).refused == []
        live.execute("RESET ROLE")
        assert sorted(adopted(live, "users")) == [1, 2]
        live.execute("ALTER SCHEMA public OWNER TO pg_database_owner")


def test_superuser_adopts_tables_of_another_owner_with_working_keys(live: Connection) -> None:
    with role(live) as owner:
        for table in TABLES:
            live.execute(f"ALTER TABLE {table} OWNER TO {owner}".encode())
        assert upgrade(live).refused == []
        ((moved_table,),) = fetch(live, MOVED_USERS)
        profiles = moved_table.replace(".users", ".student_profiles")
        live.execute(f"INSERT INTO {profiles} VALUES (9, 2, 9, 'x')".encode())
        assert sorted(adopted(live, "student_profiles")) == [5]


def test_role_that_does_not_own_the_tables_is_refused(live: Connection) -> None:
    with role(live) as stranger:
        live.execute(f"GRANT CREATE ON DATABASE {live.info.dbname} TO {stranger}".encode())
        live.execute(f"ALTER SCHEMA public OWNER TO {stranger}".encode())
        live.execute(f"SET ROLE {stranger}".encode())
        (reason,) = upgrade(live).refused
        live.execute("RESET ROLE")
        assert "public.users belongs to the role postgres" in reason
        assert fetch(live, "SELECT count(*) FROM public.users") == [(2,)]
        live.execute("ALTER SCHEMA public OWNER TO pg_database_owner")


def test_partitions_and_ids_that_are_words_are_refused(live: Connection) -> None:
    live.execute("CREATE TABLE more_plans () INHERITS (study_plans)")
    assert "public.study_plans is divided into partitions" in refusal(live)
    live.execute("DROP TABLE more_plans; ALTER TABLE study_plans ALTER COLUMN id TYPE TEXT")
    insert_plan = (
        "INSERT INTO study_plans (id, student_id, plan_type, start_date, end_date, topics)"
        " VALUES (%s, 5, 'daily', '2025-01-01', '2025-01-01', '{}')"
    )
    live.execute(insert_plan, ["seven"])
    assert "of the type text with values that are not whole numbers: 1." in refusal(live)
    live.execute("UPDATE study_plans SET id = ' 7 '")
    upgrade(live)
    assert adopted(live, "study_plans")[7]["id"] == str(fixed_uuid("study_plans", 7))


def test_upgrade_revokes_rights_of_page_visitors_and_a_downgrade_restores_them(
    databases: Databases,
) -> None:
    with live_database(databases, loose=False) as live:
        fill(live)
        try:
            live.execute("CREATE ROLE anon; CREATE ROLE authenticated")
            live.execute("GRANT SELECT, INSERT ON users TO anon")
            run("migrate.py", "upgrade", url=live.info.dsn)
            ((moved_table,),) = fetch(live, MOVED_USERS)
            may_select = "SELECT has_table_privilege('anon', %s, 'SELECT')"
            assert (
                fetch(live, may_select, moved_table)
                == fetch(live, may_select, "learning.users")
                == [(False,)]
            )
            run("migrate.py", "downgrade", url=live.info.dsn)
            assert fetch(live, may_select, "public.users") == [(True,)]
            security = "SELECT relrowsecurity FROM pg_class WHERE oid = 'public.users'::regclass"
            assert fetch(live, security) == [(False,)]
        finally:
            live.execute("DROP OWNED BY anon, authenticated; DROP ROLE anon, authenticated")
