"""The commands of the guide to migrations, on SQLite files and on Postgres."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from lib.learning.tables import Base
from tests.learning.migrated_project import Project
from tests.support.catalogs import postgres_catalog, sqlite_catalog
from tests.support.scripts import run, run_command, run_unchecked

ALEMBIC = "-m alembic"
TABLES = {table.name for table in Base.metadata.tables.values()}
ADD_USER = (
    "INSERT INTO users (id, username, role) VALUES ('0123456789abcdef0123456789abcdef', 'mei',"
    " 'student')"
)
ADD_PROFILE = (
    "INSERT INTO student_profiles (id, user_id, grade, target_exam)"
    " VALUES ('1123456789abcdef0123456789abcdef', '0123456789abcdef0123456789abcdef', 9, 'A')"
)


def query(file: Path, *statements: str) -> list[tuple[object, ...]]:
    """Run statements; return the rows of the last."""
    rows: list[tuple[object, ...]] = []
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            rows = connection.execute(statement).fetchall()
    return rows


def fetch(url: str, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else []


def tables(file: Path) -> set[str]:
    rows = query(file, "SELECT name FROM sqlite_master WHERE type = 'table'")
    return {str(row[0]) for row in rows}


@pytest.fixture
def migrated_db(sqlite_file: Path) -> Path:
    """An SQLite file at the newest revision, with a user and a profile that refers to it."""
    run("migrate.py", "upgrade", url="", sqlite=sqlite_file)
    query(sqlite_file, ADD_USER, ADD_PROFILE)
    return sqlite_file


@pytest.mark.parametrize("arguments", [["head"], ["+1"], ["001"]])
@pytest.mark.parametrize("script", [ALEMBIC, "migrate.py"])
def test_each_way_to_upgrade_makes_all_tables(
    script: str, arguments: list[str], sqlite_file: Path
) -> None:
    run(script, "upgrade", *arguments, url="", sqlite=sqlite_file)
    assert tables(sqlite_file) == TABLES | {"schema_version"}
    assert query(sqlite_file, "SELECT version_num FROM schema_version") == [("001",)]


@pytest.mark.parametrize("arguments", [["-1"], ["base"]])
@pytest.mark.parametrize("script", [ALEMBIC, "migrate.py"])
def test_downgrade_keeps_every_row_and_the_next_upgrade_brings_it_back(
    script: str, arguments: list[str], migrated_db: Path
) -> None:
    before = sqlite_catalog(migrated_db)
    for times in range(2):
        output = run(script, "downgrade", *arguments, url="", sqlite=migrated_db)
        assert not tables(migrated_db) & TABLES
        if script == "migrate.py":
            (name,) = (name for name in tables(migrated_db) if name.startswith("users_set_aside_"))
            assert f"- users: set aside as {name} (rows: {times + 1});" in output
        output = run(script, "upgrade", "head", url="", sqlite=migrated_db)
        if script == "migrate.py":
            assert f"- users: brought back; rows: {times + 1}" in output
        assert sqlite_catalog(migrated_db) == before
        query(migrated_db, ADD_USER.replace("'0", f"'{times + 4}").replace("mei", f"lee{times}"))
    assert query(migrated_db, "SELECT count(*) FROM users") == [(3,)]
    with pytest.raises(sqlite3.IntegrityError):
        query(migrated_db, ADD_USER.replace("'0", "'8"))  # another id, the same name
    with pytest.raises(sqlite3.IntegrityError):
        query(
            migrated_db,
            "PRAGMA foreign_keys = ON",
            ADD_PROFILE.replace("'1", "'2").replace("'0", "'f"),  # its user does not exist
        )


def test_tables_stay_set_aside_if_new_ones_have_taken_their_names(migrated_db: Path) -> None:
    run("migrate.py", "downgrade", url="", sqlite=migrated_db)
    query(migrated_db, "CREATE TABLE users (id CHAR(32) PRIMARY KEY, username TEXT)")
    output = run("migrate.py", "upgrade", url="", sqlite=migrated_db)
    (name,) = (name for name in tables(migrated_db) if name.startswith("users_set_aside_"))
    assert f"- {name}: not brought back, because a table users exists" in output
    assert query(migrated_db, f"SELECT username FROM {name}") == [("mei",)]


def test_commands_current_history_and_stamp_name_the_revision(sqlite_file: Path) -> None:
    output = run("migrate.py", "current", url="", sqlite=sqlite_file)
    assert "No revision is recorded in the SQLite file" in output
    assert "001" in run("migrate.py", "history", url="", sqlite=sqlite_file)
    run(ALEMBIC, "stamp", "head", url="", sqlite=sqlite_file)
    assert "001 (head)" in run("migrate.py", "current", url="", sqlite=sqlite_file)
    assert not tables(sqlite_file) & TABLES


def test_printed_sql_makes_the_same_tables_and_may_run_again(
    sqlite_file: Path, migrated_db: Path, tmp_path: Path
) -> None:
    output = run(ALEMBIC, "upgrade", "head", "--sql", url="", sqlite=tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()
    copy = sqlite_file.with_name("output.db")
    with closing(sqlite3.connect(copy)) as connection:
        for _ in range(2):
            connection.executescript(output)
    assert sqlite_catalog(copy) == sqlite_catalog(migrated_db)
    assert query(copy, "SELECT version_num FROM schema_version") == [("001",)]


def test_tables_made_without_migrations_are_the_same_and_can_be_upgraded(
    sqlite_file: Path, migrated_db: Path, empty_postgres_url: str
) -> None:
    unmigrated_file = sqlite_file.with_name("made.db")
    for _ in range(2):
        output = run("init_db.py", url=empty_postgres_url, sqlite=unmigrated_file)
        assert f"created the tables of the learning context in {unmigrated_file}" in output
        assert "applied sql/learning/schema/tables.sql" in output
    assert sqlite_catalog(unmigrated_file) == sqlite_catalog(migrated_db)
    assert fetch(empty_postgres_url, "SELECT count(*) FROM learning.users") == [(0,)]
    run("migrate.py", "upgrade", url="", sqlite=unmigrated_file)
    assert sqlite_catalog(unmigrated_file) == sqlite_catalog(migrated_db)


def test_init_db_brings_back_what_was_set_aside(migrated_db: Path) -> None:
    run("migrate.py", "downgrade", url="", sqlite=migrated_db)
    assert "users: brought back; rows: 1" in run("init_db.py", url="", sqlite=migrated_db)
    assert query(migrated_db, "SELECT username FROM users") == [("mei",)]


def test_commands_run_on_every_database_that_the_environment_names(
    empty_postgres_url: str, sqlite_file: Path
) -> None:
    def run_on_both(*arguments: str) -> str:
        return run("migrate.py", *arguments, url=empty_postgres_url, sqlite=sqlite_file)

    output = run_on_both("upgrade")
    assert "The database went from revision none to 001." in output
    assert f"The SQLite file {sqlite_file} went from revision none to 001." in output
    assert run_on_both("current").count("001 (head)") == 2
    output = run_on_both("downgrade", "-1")
    assert "The database went from revision 001 to none." in output
    assert f"The SQLite file {sqlite_file} went from revision 001 to none." in output
    assert run_on_both("stamp").count("from revision none to 001.") == 2
    assert run(ALEMBIC, "current", url=empty_postgres_url, sqlite=sqlite_file).count("001") == 2


@pytest.mark.parametrize("choose", [
    lambda command, database: ("migrate.py", command, "--database", database),
    lambda command, database: (ALEMBIC, "-x", f"database={database}", command),
])  # fmt: skip
def test_one_of_two_databases_can_be_chosen(
    choose: Callable[[str, str], list[str]], empty_postgres_url: str, sqlite_file: Path
) -> None:
    def run_on(command: str, database: str, *arguments: str) -> str:
        words = [*choose(command, database), *arguments]
        return run(*words, url=empty_postgres_url, sqlite=sqlite_file)

    run_on("upgrade", "sqlite", "head")
    assert fetch(empty_postgres_url, "SELECT to_regclass('learning.users')") == [(None,)]
    assert "001 (head)" in run_on("current", "sqlite")
    assert "001 (head)" not in run_on("current", "postgres")
    run_on("downgrade", "sqlite", "base")
    run_on("upgrade", "postgres", "head")
    assert not tables(sqlite_file) & TABLES
    assert fetch(empty_postgres_url, "SELECT count(*) FROM learning.users") == [(0,)]


def test_unusable_choice_or_address_is_explained(empty_postgres_url: str, tmp_path: Path) -> None:
    def failure(script: str, *arguments: str, url: str = "", sqlite: Path | None = None) -> str:
        process = run_unchecked(script, *arguments, url=url, sqlite=sqlite)
        assert process.returncode != 0
        assert "Traceback" not in process.stderr
        return process.stdout + process.stderr

    message = failure(ALEMBIC, "-x", "database=mysql", "current", url=empty_postgres_url)
    assert "There is no database 'mysql': choose postgres or sqlite." in message
    message = failure("migrate.py", "upgrade", "--database", "sqlite", url=empty_postgres_url)
    assert "No SQLite file is set. Set SQLITE_DATABASE_URL." in message
    assert "No database is set." in failure("migrate.py", "upgrade")
    assert "SQLITE_DATABASE_URL for SQLite" in failure("migrate.py", "upgrade")
    message = failure("migrate.py", "upgrade", sqlite=tmp_path / "none" / "local.db")
    assert "cannot be opened; does its folder exist?" in message
    message = failure("migrate.py", "upgrade", sqlite=tmp_path / "a.db?mode=ro")
    assert "SQLITE_DATABASE_URL: it has options after a question mark" in message
    assert "it has options" in failure("init_db.py", sqlite=tmp_path / "a.db?mode=ro")


def test_file_that_another_process_writes_is_left_alone_and_reported(
    migrated_db: Path,
) -> None:
    with closing(sqlite3.connect(migrated_db, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        process = run_unchecked("migrate.py", "downgrade", url="", sqlite=migrated_db)
    assert process.returncode == 1
    assert "was not changed: Another call holds the rows" in process.stderr
    assert tables(migrated_db) >= TABLES


def test_autogenerate_finds_nothing_on_a_fresh_database(
    empty_postgres_url: str, sqlite_file: Path
) -> None:
    for url, sqlite in ((empty_postgres_url, None), ("", sqlite_file)):
        run("migrate.py", "upgrade", url=url, sqlite=sqlite)
        assert "No new upgrade operations" in run(ALEMBIC, "check", url=url, sqlite=sqlite)


def test_empty_revision_needs_no_database(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.run(ALEMBIC, "revision", "-m", "add custom index")
    (path,) = project.revisions()
    assert path.name.endswith("_add_custom_index.py")


@pytest.mark.parametrize("database", ["postgres", "sqlite"])
@pytest.mark.parametrize("way", ["alembic", "migrate.py"])
def test_revision_from_changed_models_is_applied_and_taken_back(
    database: str, way: str, empty_postgres_url: str, sqlite_file: Path, tmp_path: Path
) -> None:
    is_postgres = database == "postgres"
    url, sqlite = (empty_postgres_url, None) if is_postgres else ("", sqlite_file)
    project = Project(tmp_path / "project", url, sqlite)
    project.run("migrate.py", "upgrade")
    add = ADD_USER.replace("INTO users", "INTO learning.users") if is_postgres else ADD_USER
    fetch(url, add) if is_postgres else query(sqlite_file, add)
    before = postgres_catalog(url) if is_postgres else sqlite_catalog(sqlite_file)
    project.add_column_to_users()
    if way == "alembic":
        project.run(ALEMBIC, "revision", "--autogenerate", "-m", "add user email")
    else:
        output = project.run("migrate.py", "autogenerate", "add user email")
        assert "python -m local.learning_schema" in output
    (path,) = project.revisions()
    assert path.name.endswith("_add_user_email.py")
    text = path.read_text()
    assert text.count("batch_op.add_column(sa.Column('email'") == 1
    assert "learning" not in text
    project.run("-m local.learning_schema")
    for _ in range(2):
        project.run(ALEMBIC, "upgrade", "head")
        emails = "SELECT username, email FROM "
        rows = (
            fetch(url, f"{emails}learning.users")
            if is_postgres
            else query(sqlite_file, f"{emails}users")
        )
        assert rows == [("mei", None)]
        assert "No new upgrade operations" in project.run(ALEMBIC, "check")
        after = postgres_catalog(url) if is_postgres else sqlite_catalog(sqlite_file)
        assert set(map(repr, after)) > set(map(repr, before))
        project.run(ALEMBIC, "downgrade", "-1")
        downgraded_catalog = postgres_catalog(url) if is_postgres else sqlite_catalog(sqlite_file)
        assert downgraded_catalog == before


def test_alembic_starts_in_a_new_interpreter(sqlite_file: Path) -> None:
    process = run_command(ALEMBIC, "upgrade", "head", url="", sqlite=sqlite_file)
    assert process.returncode == 0, process.stderr
    assert tables(sqlite_file) >= TABLES
