"""Migrations of a Postgres that is in use: locks, indexes without locks, and running servers."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lib.database.schema import upgrade_schema
from lib.deps import Deps
from lib.learning.database import postgres_session
from lib.learning.tables import Topic, User
from tests.learning.migrated_project import Project
from tests.support.scripts import Completed

ADD_EMAIL = 'op.add_column("users", sa.Column("email", sa.String()))'
DROP_EMAIL = 'op.drop_column("users", "email")'
ADD_INDEX = """
with op.get_context().autocommit_block():
    op.create_index("ix_users_email", "users", ["email"], postgresql_concurrently=True)
"""
INDEX_OF_ROLES = ADD_INDEX.replace("email", "role")
ADD_UNIQUE_INDEX = """
with op.get_context().autocommit_block():
    op.create_index(
        "idx_topics_name", "topics", ["name"], unique=True, postgresql_concurrently=True
    )
"""
INDEX_STATE = """
    SELECT indisvalid, indisunique FROM pg_index
    WHERE indexrelid = to_regclass('learning.idx_topics_name')
"""


def fetch(url: str, text: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def project(tmp_path: Path, postgres_url: str) -> Project:
    project = Project(tmp_path / "project", postgres_url)
    project.run("migrate.py", "stamp")
    return project


@contextmanager
def running(work: Callable[[], Completed]) -> Iterator[list[Completed]]:
    """Run a command beside the block; its result is in the list after the block."""
    results: list[Completed] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    try:
        yield results
    finally:
        thread.join()


def wait_until(url: str, condition: str) -> None:
    for _ in range(600):
        if fetch(url, f"SELECT {condition}") == [(True,)]:
            return
        threading.Event().wait(0.05)
    pytest.fail(f"never became true: {condition}")


WAITS_FOR_LOCK = """EXISTS (
    SELECT FROM pg_locks WHERE NOT granted AND relation = 'learning.users'::regclass)"""


@pytest.mark.parametrize("first", ["pass", INDEX_OF_ROLES], ids=["alone", "after an index"])
def test_upgrade_that_waits_for_a_long_reader_gives_up_and_lets_others_read(
    first: str, project: Project, postgres_url: str
) -> None:
    project.add_revision("002", "001", first)
    project.add_revision("003", "002", ADD_EMAIL)
    with psycopg.connect(postgres_url) as reader:
        reader.execute("SELECT count(*) FROM learning.users")
        with running(lambda: project.run_unchecked("migrate.py", "upgrade")) as results:
            wait_until(postgres_url, WAITS_FOR_LOCK)
            with psycopg.connect(postgres_url, autocommit=True) as second:
                second.execute("SET statement_timeout = '30s'")
                count = second.execute("SELECT count(*) FROM learning.users").fetchone()
                assert count == (0,)
            # The first reader's transaction stays open until the upgrade has given up.
        (process,) = results
        assert process.returncode == 1
        assert "Another connection holds a lock that the change needs" in process.stderr
        assert f"learning.users is held by process {reader.info.backend_pid}" in process.stderr
        assert "Traceback" not in process.stderr
    assert "003" not in project.run("migrate.py", "current")
    project.run("migrate.py", "upgrade")
    assert fetch(postgres_url, "SELECT email FROM learning.users") == []


def test_concurrent_index_waits_for_older_transactions_beyond_the_lock_timeout(
    project: Project, postgres_url: str
) -> None:
    project.add_revision("002", "001", ADD_UNIQUE_INDEX)
    project.replace("sql/database/migrations.sql", "'5s'", "'300ms'")
    with psycopg.connect(postgres_url) as writer:
        writer.execute(
            "INSERT INTO learning.topics (id, name, exam_weightage, estimated_hours)"
            " VALUES (gen_random_uuid(), 'Limits', 1, 1)"
        )
        with running(lambda: project.run_unchecked("migrate.py", "upgrade")) as results:
            wait_until(postgres_url, "to_regclass('learning.idx_topics_name') IS NOT NULL")
            threading.Event().wait(1.5)
            assert fetch(postgres_url, INDEX_STATE) == [(False, True)]
            fetch(postgres_url, "UPDATE learning.topics SET name = name")
            writer.commit()
    (process,) = results
    assert process.returncode == 0, process.stderr
    assert fetch(postgres_url, INDEX_STATE) == [(True, True)]


def add_topics(url: str, *names: str) -> None:
    for name in names:
        fetch(
            url,
            "INSERT INTO learning.topics (id, name, exam_weightage, estimated_hours)"
            f" VALUES (gen_random_uuid(), '{name}', 1, 1)",
        )


def test_index_that_failed_halfway_is_rebuilt_by_its_revision(
    project: Project, postgres_url: str
) -> None:
    add_topics(postgres_url, "Limits", "Limits")
    project.add_revision("002", "001", ADD_UNIQUE_INDEX)
    for _ in range(2):
        process = project.run_unchecked("migrate.py", "upgrade")
        assert process.returncode == 1
        assert "could not create unique index" in process.stderr
        assert fetch(postgres_url, INDEX_STATE) == [(False, True)]
        assert "001" in project.run("migrate.py", "current")
    fetch(postgres_url, "UPDATE learning.topics SET name = id::text")
    project.run("migrate.py", "upgrade")
    assert fetch(postgres_url, INDEX_STATE) == [(True, True)]
    assert "002" in project.run("migrate.py", "current")
    add_topics(postgres_url, "Limits")
    with pytest.raises(psycopg.errors.UniqueViolation):
        add_topics(postgres_url, "Limits")


def leave_invalid_index(url: str) -> None:
    add_topics(url, "Limits", "Limits")
    with pytest.raises(psycopg.errors.UniqueViolation):
        fetch(url, "CREATE UNIQUE INDEX CONCURRENTLY idx_topics_name ON learning.topics (name)")
    assert fetch(url, INDEX_STATE) == [(False, True)]


INVALID_INDEXES = """
    SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid WHERE NOT indisvalid
"""


def test_upgrade_rebuilds_invalid_indexes_or_reports_the_obstacle(
    project: Project, postgres_url: str
) -> None:
    leave_invalid_index(postgres_url)
    for _ in range(2):
        printed = project.run("migrate.py", "upgrade")
        assert "idx_topics_name: this unique index of learning.topics is invalid" in printed
        assert "remove the repeated rows, then upgrade again" in printed
        assert printed.count("idx_topics_name") == 1
        assert fetch(postgres_url, INVALID_INDEXES) == [("idx_topics_name",)]
    fetch(postgres_url, "UPDATE learning.topics SET name = id::text")
    printed = project.run("migrate.py", "upgrade")
    assert "this index of learning.topics was invalid and has been rebuilt" in printed
    assert fetch(postgres_url, INDEX_STATE) == [(True, True)]
    assert "idx_topics_name" not in project.run("migrate.py", "upgrade")


def test_upgrade_without_alembic_reports_invalid_indexes(postgres_url: str) -> None:
    leave_invalid_index(postgres_url)
    report = "learning.idx_topics_name: this index of learning.topics is invalid"
    with psycopg.connect(postgres_url) as connection:
        (line,) = upgrade_schema(connection).reports
    assert line == f"{report}; `python migrate.py upgrade` rebuilds it"
    fetch(postgres_url, "DROP INDEX learning.idx_topics_name")
    with psycopg.connect(postgres_url) as connection:
        assert upgrade_schema(connection).reports == []


def test_invalid_index_whose_table_is_held_is_left_alone_and_reported(
    project: Project, postgres_url: str
) -> None:
    leave_invalid_index(postgres_url)
    fetch(postgres_url, "UPDATE learning.topics SET name = id::text")
    project.replace("sql/database/migrations.sql", "'5s'", "'300ms'")
    with psycopg.connect(postgres_url) as holder:
        holder.execute("LOCK TABLE learning.topics IN SHARE MODE")
        printed = project.run("migrate.py", "upgrade")
        assert "other connections hold the table; upgrade again" in printed
    assert "has been rebuilt" in project.run("migrate.py", "upgrade")


def test_invalid_indexes_of_other_applications_are_left_alone(
    project: Project, postgres_url: str
) -> None:
    fetch(postgres_url, "CREATE TABLE public.theirs AS SELECT 1 AS n FROM generate_series(1, 2)")
    with pytest.raises(psycopg.errors.UniqueViolation):
        fetch(postgres_url, "CREATE UNIQUE INDEX CONCURRENTLY theirs_n ON public.theirs (n)")
    fetch(postgres_url, "DELETE FROM public.theirs")
    project.run("migrate.py", "upgrade")
    assert fetch(postgres_url, INVALID_INDEXES) == [("theirs_n",)]


def test_running_server_keeps_answering_during_an_additive_change(
    project: Project, deps: Deps, postgres_url: str
) -> None:
    """The server has the models from before the change, and writes during each step up and down."""
    stop = threading.Event()
    names: list[str] = []
    errors: list[BaseException] = []

    def serve() -> None:
        while not stop.is_set():
            try:
                with postgres_session(deps) as session:
                    names.append(one_request(session, len(names)))
            except Exception as error:  # noqa: BLE001 the test shows it
                errors.append(error)
                return

    project.add_revision("002", "001", ADD_EMAIL, DROP_EMAIL)
    project.add_revision("003", "002", ADD_INDEX, 'op.drop_index("ix_users_email", "users")')
    server = threading.Thread(target=serve)
    server.start()
    try:
        project.run("migrate.py", "upgrade", "+1")
        count_at_002 = len(names)
        project.run("migrate.py", "upgrade")
        count_at_003 = len(names)
        project.run("migrate.py", "downgrade", "001")
    finally:
        stop.set()
        server.join()
    assert errors == []
    assert 0 < count_at_002 < count_at_003 < len(names)
    assert fetch(postgres_url, "SELECT count(*) FROM learning.users") == [(len(names),)]


def one_request(session: Session, number: int) -> str:
    """Add a user, change it, and read the topics, as a handler does; return the user's name."""
    name = f"user {number}"
    session.add(User(username=name, role="student"))
    session.commit()
    user = session.scalars(select(User).where(User.username == name)).one()
    user.role = "teacher"
    session.commit()
    assert session.scalars(select(Topic)).all() == []
    return name


def test_additive_index_is_built_in_a_revision_of_its_own(
    project: Project, postgres_url: str
) -> None:
    project.add_revision("002", "001", ADD_EMAIL)
    project.add_revision("003", "002", ADD_INDEX)
    printed = project.run("migrate.py", "upgrade")
    assert "The database went from revision 001 to 003." in printed
    definition = "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_users_email'"
    assert fetch(postgres_url, definition) == [
        ("CREATE INDEX ix_users_email ON learning.users USING btree (email)",)
    ]
    assert "Its tables, functions and views now match the scripts in sql/." in printed


def test_concurrent_upgrades_both_succeed(project: Project, postgres_url: str) -> None:
    project.add_revision("002", "001", ADD_EMAIL)
    upgrade = "migrate.py", "upgrade"
    with running(lambda: project.run_unchecked(*upgrade)) as first:
        second = project.run_unchecked(*upgrade)
    assert [process.returncode for process in (*first, second)] == [0, 0]
    assert fetch(postgres_url, "SELECT version_num FROM stepwise.schema_version") == [("002",)]


def test_sqlite_takes_the_same_revisions(project: Project, tmp_path: Path) -> None:
    project.url, project.sqlite = "", tmp_path / "local.db"
    project.add_revision("002", "001", ADD_EMAIL)
    project.add_revision("003", "002", ADD_INDEX)
    project.run("migrate.py", "upgrade")
    assert "003" in project.run("migrate.py", "current")
