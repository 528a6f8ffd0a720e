"""Changes that a revision may make to tables in use, on Postgres and on SQLite."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.learning.migrated_project import Project
from tests.support.catalogs import postgres_catalog, sqlite_catalog

CHANGED_COLUMN = """
with op.batch_alter_table("users") as batch_op:
    batch_op.alter_column("password_hash", type_=sa.Text(), existing_type=sa.String())
"""
ROWS = """
    INSERT INTO users (id, username, role)
    VALUES ('u1', 'mei', 'student'), ('u2', 'lee', 'teacher');
    INSERT INTO classes (id, name, teacher_id, grade) VALUES ('c1', '9a', 'u2', 9);
    INSERT INTO student_profiles (id, user_id, grade, target_exam, class_id)
    VALUES ('p1', 'u1', 9, 'A', 'c1');
"""
COUNTS = """
    SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM student_profiles),
        (SELECT count(*) FROM classes WHERE teacher_id = 'u2')
"""


def fetch(url: str, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def project(tmp_path: Path, sqlite_file: Path) -> Project:
    """A project whose SQLite file has a student, a teacher and a class."""
    project = Project(tmp_path / "project", sqlite=sqlite_file)
    project.run("migrate.py", "upgrade")
    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.executescript(ROWS)
    return project


def counts(project: Project) -> list[tuple[int, ...]]:
    assert project.sqlite is not None
    with closing(sqlite3.connect(project.sqlite)) as connection:
        return connection.execute(COUNTS).fetchall()


def test_replacing_a_parent_table_keeps_its_children_checks_and_indexes(project: Project) -> None:
    assert project.sqlite is not None
    before = sqlite_catalog(project.sqlite)
    project.add_revision("002", "001", CHANGED_COLUMN)
    project.run("migrate.py", "upgrade")
    assert counts(project) == [(2, 1, 1)]
    column = ("users", "password_hash", "VARCHAR", 0, None, 0, 0)
    expected = [*(row for row in before if row != column), (*column[:2], "TEXT", *column[3:])]
    assert sqlite_catalog(project.sqlite) == sorted(expected, key=repr)


def test_revision_that_leaves_orphans_is_undone(project: Project) -> None:
    assert project.sqlite is not None
    before = sqlite_catalog(project.sqlite)
    project.add_revision("002", "001", f'{CHANGED_COLUMN}op.execute("DELETE FROM users")')
    process = project.run_unchecked("migrate.py", "upgrade")
    assert process.returncode == 1
    assert "classes (rows: 1), student_profiles (rows: 1) would refer to rows" in process.stderr
    assert counts(project) == [(2, 1, 1)]
    assert sqlite_catalog(project.sqlite) == before
    assert "001" in project.run("migrate.py", "current")


def test_orphans_that_a_revision_finds_do_not_prevent_it(project: Project) -> None:
    assert project.sqlite is not None
    with closing(sqlite3.connect(project.sqlite)) as connection, connection:
        connection.execute("DELETE FROM users WHERE id = 'u1'")
    project.add_revision("002", "001", CHANGED_COLUMN)
    project.run("migrate.py", "upgrade")
    assert counts(project) == [(1, 1, 1)]


def test_revision_that_fails_on_sqlite_changes_nothing(project: Project) -> None:
    assert project.sqlite is not None
    before = sqlite_catalog(project.sqlite)
    project.add_revision("002", "001", CHANGED_COLUMN)
    project.add_revision("003", "002", 'op.execute("UPDATE absent SET n = 1")')
    process = project.run_unchecked("migrate.py", "upgrade")
    assert process.returncode == 1
    assert "was not changed" in process.stderr
    assert "no such table: absent" in process.stderr
    assert "001" in project.run("migrate.py", "current")
    assert "Traceback" not in process.stderr
    assert sqlite_catalog(project.sqlite) == before
    assert counts(project) == [(2, 1, 1)]


CHECKED_EMAIL = """
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.create_check_constraint('email', "email LIKE '%@%'")
"""
UNCHECKED_EMAIL = """
    with op.batch_alter_table('users', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('users_email_check'), type_='check')
"""
BADGE = '''
class Badge(Base):
    """A badge of a class."""

    __tablename__ = "badges"

    class_id: Mapped[UUID] = mapped_column(ForeignKey(f"{SCHEMA}.classes.id"), index=True)


class Invitation('''


def change_models(project: Project) -> None:
    """Add a column with an index and a check, a unique constraint, and a table."""
    accounts = "lib/learning/tables/accounts.py"
    project.add_column_to_users()
    project.replace(
        accounts,
        '(CheckConstraint(one_of("role", Role), "role"),)',
        '(CheckConstraint(one_of("role", Role), "role"),'
        ' CheckConstraint("email LIKE \'%@%\'", "email"))',
    )
    project.replace(
        accounts,
        '__table_args__ = (CheckConstraint(GRADES, "grade"),)',
        '__table_args__ = (CheckConstraint(GRADES, "grade"),'
        ' UniqueConstraint("name", "teacher_id"))',
    )
    project.replace(accounts, "ForeignKey, text", "ForeignKey, UniqueConstraint, text")
    project.replace(accounts, "class Invitation(", BADGE.strip())


@pytest.fixture
def changed(tmp_path: Path, postgres_url: str, sqlite_file: Path) -> Project:
    """A project with changed models and their revision: autogenerated on Postgres, plus a check."""
    project = Project(tmp_path / "project", postgres_url, sqlite_file)
    change_models(project)
    project.run("migrate.py", "stamp", "--database", "postgres")
    project.run("migrate.py", "autogenerate", "change models")
    (path,) = project.revisions()
    text = path.read_text()
    assert "create_table('badges'" in text
    downgrade = text.index("def downgrade")
    text = text[:downgrade].rstrip() + CHECKED_EMAIL + "\n\n" + text[downgrade:]
    first = '"""Downgrade to the revision before this one."""\n'
    assert first in text
    path.write_text(text.replace(first, first + UNCHECKED_EMAIL))
    project.run("-m local.learning_schema")
    return project


def test_revision_reaches_a_database_with_and_without_alembic(
    changed: Project, empty_postgres_url: str, postgres_url: str, databases: object
) -> None:
    """The scripts that init_db.py runs are those of admin-create-unified-schema."""
    changed.run("migrate.py", "upgrade", "--database", "postgres")
    by_alembic = postgres_catalog(postgres_url)
    names = {row[1] for row in by_alembic}
    assert {"email", "users_email_check", "classes_name_teacher_id_key"} <= names
    assert any(row[0] == "learning.badges" for row in by_alembic)

    changed.url, changed.sqlite = empty_postgres_url, None
    changed.run("migrate.py", "upgrade")
    assert postgres_catalog(empty_postgres_url) == by_alembic
    assert "(head)" in changed.run("migrate.py", "current")

    with databases.copy("migrated") as older_url:  # type: ignore[attr-defined]
        changed.url = older_url
        for _ in range(2):
            changed.run("init_db.py")
            assert postgres_catalog(older_url) == by_alembic
        changed.run("migrate.py", "upgrade")
        assert postgres_catalog(older_url) == by_alembic
        assert "(head)" in changed.run("migrate.py", "current")
        search_path = fetch(older_url, "SHOW search_path")
        assert "public, assessment, learning" in str(search_path)


def test_revision_of_postgres_changes_an_older_sqlite_in_the_same_way(
    changed: Project, tmp_path: Path
) -> None:
    older, newer = tmp_path / "older.db", tmp_path / "newer.db"
    unchanged_project = Project(tmp_path / "before", sqlite=older)
    unchanged_project.run("migrate.py", "upgrade")
    with closing(sqlite3.connect(older)) as connection:
        connection.executescript(ROWS)
    changed.url, changed.sqlite = "", older
    changed.run("migrate.py", "upgrade")
    assert counts(changed) == [(2, 1, 1)]
    changed.sqlite = newer
    changed.run("migrate.py", "upgrade")
    assert "(head)" in changed.run("migrate.py", "current")
    assert comparable(older) == comparable(newer)
    assert any("users_email_check" in str(row) for row in sqlite_catalog(older))
    changed.sqlite = older
    changed.run("migrate.py", "downgrade", "base")
    changed.run("migrate.py", "upgrade")
    assert comparable(older) == comparable(newer)


def comparable(file: Path) -> set[str]:
    """Return the catalog without the positions of columns, which differ in older tables."""
    return {repr(row) for row in sqlite_catalog(file)}


def test_databases_made_without_migrations_take_later_revisions(
    changed: Project, empty_postgres_url: str, tmp_path: Path
) -> None:
    unmigrated = tmp_path / "made.db"
    changed.url, changed.sqlite = empty_postgres_url, unmigrated
    changed.run("init_db.py")
    catalogs = postgres_catalog(empty_postgres_url), sqlite_catalog(unmigrated)
    output = changed.run("migrate.py", "upgrade")
    assert output.count(f"from revision none to {changed.newest_revision()}") == 2
    assert (postgres_catalog(empty_postgres_url), sqlite_catalog(unmigrated)) == catalogs


def test_printed_sql_makes_the_newest_tables(changed: Project, empty_postgres_url: str) -> None:
    changed.run("migrate.py", "upgrade", "--database", "postgres")
    expected = postgres_catalog(changed.url)
    output = changed.run("migrate.py", "upgrade", "--sql", "--database", "postgres")
    with psycopg.connect(empty_postgres_url, autocommit=True) as connection:
        connection.execute(output.encode())
    assert postgres_catalog(empty_postgres_url) == expected


def test_revision_never_reaches_a_table_of_another_application(
    tmp_path: Path, postgres_url: str, empty_postgres_url: str
) -> None:
    project = Project(tmp_path / "project", postgres_url)
    add = 'op.add_column("users", sa.Column("email", sa.String()))'
    project.add_revision("002", "001", f"{add}\nop.execute(\"UPDATE users SET email = 'changed'\")")
    for url in (postgres_url, empty_postgres_url):
        fetch(url, "CREATE TABLE public.users (name TEXT)")
        fetch(url, "INSERT INTO public.users VALUES ('theirs')")
        project.url = url
        project.run("migrate.py", "upgrade")
        assert fetch(url, "SELECT * FROM public.users") == [("theirs",)]
        assert "002" in project.run("migrate.py", "current")
    columns = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'email'"
    assert fetch(postgres_url, f"{columns} AND table_schema = 'learning'") == [(1,)]
