"""Sessions on Postgres and SQLite: pools, transactions, and errors of our own."""

import gc
import shutil
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import psycopg
import pytest
from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from sqlalchemy import NullPool, QueuePool, func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lib import deadline
from lib.database import statements
from lib.database.connection import BoundedConnection
from lib.database.queries import Query
from lib.database.statements import Statement, precede_next, register_constraint
from lib.deps import Deps
from lib.errors import (
    AppError,
    Busy,
    Conflict,
    DatabaseUnavailable,
    NotConfigured,
    SchemaMissing,
    UnstorableText,
    UnusableSetting,
)
from lib.learning import engines
from lib.learning.database import get_db, get_sqlite_db, postgres_session, sqlite_session
from lib.learning.sqlite_errors import failed_constraint, sqlite_error_for
from lib.learning.tables import StudentProfile, Topic, User
from lib.learning.tables.base import new_id
from lib.settings import Platform, Settings
from tests.conftest import installed_deps

SessionOn = Callable[[Deps], AbstractContextManager[Session]]
MORE_THAN_THE_CACHE_HOLDS = (
    "WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 900)"
    " INSERT INTO notes SELECT n, hex(randomblob(4000)) FROM numbers"
)
DATABASES = pytest.mark.parametrize("session_on", [postgres_session, sqlite_session])


def user(name: str = "mei", **values: Any) -> User:
    return User(username=name, role="student", **values)


def user_count(deps: Deps, session_on: SessionOn) -> int:
    with session_on(deps) as session:
        return session.scalar(select(func.count()).select_from(User)) or 0


class NameTaken(Conflict):
    """That name is taken."""


@contextmanager
def registered(constraint: str) -> Iterator[None]:
    register_constraint(constraint, NameTaken)
    try:
        yield
    finally:
        del statements._constraints[constraint]


@contextmanager
def preceded_by(*queries: str) -> Iterator[None]:
    """Let these statements precede the next one of this context, once."""
    waiting = [Statement(Query("test", query.encode())) for query in queries]

    def take() -> list[Statement]:
        taken, waiting[:] = list(waiting), []
        return taken

    precede_next(take)
    try:
        yield
    finally:
        precede_next(list)


@DATABASES
def test_only_what_a_service_commits_is_stored(both: Deps, session_on: SessionOn) -> None:
    with session_on(both) as session:
        session.add(user("committed"))
        session.commit()
        session.add(user("forgotten"))
        session.flush()
    assert user_count(both, session_on) == 1


@DATABASES
def test_rows_can_be_read_after_the_commit(both: Deps, session_on: SessionOn) -> None:
    with session_on(both) as session:
        mei = user()
        session.add(mei)
        session.commit()
    assert mei.username == "mei"


@DATABASES
def test_error_of_a_service_rolls_back_and_frees_the_connection(
    both: Deps, session_on: SessionOn
) -> None:
    def fail() -> None:
        with session_on(both) as session:
            session.add(user())
            session.flush()
            raise KeyError

    for _ in range(40):  # more often than a pool has connections
        with pytest.raises(KeyError):
            fail()
    assert user_count(both, session_on) == 0


@DATABASES
def test_reads_and_definitions_belong_to_the_transaction(both: Deps, session_on: SessionOn) -> None:
    with session_on(both) as session:
        session.execute(text("CREATE TABLE kept (n INT)"))
        session.rollback()
        session.execute(text("CREATE TABLE kept (n INT)"))
        session.commit()


@DATABASES
def test_savepoint_undoes_its_part_alone(both: Deps, session_on: SessionOn) -> None:
    with session_on(both) as session:
        session.add(user("kept"))
        session.flush()
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text(f"INSERT INTO {learning(session)}users (username) VALUES ('x')"))
        session.commit()
    assert user_count(both, session_on) == 1


def learning(session: Session) -> str:
    return "" if session.get_bind().dialect.name == "sqlite" else "learning."


@DATABASES
def test_violated_constraint_raises_the_same_error_where_the_statement_stands(
    both: Deps, session_on: SessionOn
) -> None:
    with registered("users_username_key"), session_on(both) as session:
        session.add(user())
        session.commit()
        session.add(user())
        with pytest.raises(NameTaken):
            session.flush()
        session.rollback()
        session.add(user("another"))
        session.commit()
    assert user_count(both, session_on) == 2


@DATABASES
def test_violated_check_raises_the_same_error(both: Deps, session_on: SessionOn) -> None:
    with registered("topics_exam_weightage_check"), session_on(both) as session:
        session.add(Topic(name="Limits", exam_weightage=101, estimated_hours=1))
        with pytest.raises(NameTaken):
            session.flush()


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("UNIQUE constraint failed: users.username", "users_username_key"),
        ("UNIQUE constraint failed: users.id", "users_pkey"),
        (
            "UNIQUE constraint failed: concept_mastery.student_id, concept_mastery.concept_id",
            "idx_mastery_student_concept",
        ),
        ("UNIQUE constraint failed: index 'by_expression'", "by_expression"),
        ("CHECK constraint failed: users_role_check", "users_role_check"),
        ("NOT NULL constraint failed: users.role", None),
        ("FOREIGN KEY constraint failed", None),
    ],
)
def test_names_of_constraints_are_found_in_messages_of_sqlite(
    message: str, name: str | None
) -> None:
    assert failed_constraint(message) == name


@DATABASES
def test_foreign_keys_are_enforced(both: Deps, session_on: SessionOn) -> None:
    with session_on(both) as session:
        session.add(StudentProfile(user_id=new_id(), grade=9, target_exam="A"))
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()
        mei = user()
        session.add(mei)
        session.flush()
        session.add(StudentProfile(user_id=mei.id, grade=9, target_exam="A"))
        session.commit()
        session.delete(mei)
        session.commit()
        assert session.scalar(select(func.count()).select_from(StudentProfile)) == 0


@DATABASES
def test_missing_table_raises_schema_missing(both: Deps, session_on: SessionOn) -> None:
    with session_on(both) as session:
        users = f"{learning(session)}users"
        for query in ("SELECT 1 FROM nowhere", f"SELECT absent FROM {users}"):
            with pytest.raises(SchemaMissing):
                session.execute(text(query))
            session.rollback()


@DATABASES
def test_text_that_cannot_be_stored_is_refused(both: Deps, session_on: SessionOn) -> None:
    with session_on(both) as session:
        session.add(user("\ud800"))
        with pytest.raises(UnstorableText):
            session.flush()


@DATABASES
def test_error_shows_no_parameter(both: Deps, session_on: SessionOn) -> None:
    with session_on(both) as session:
        same_id = new_id()
        rows = [
            {"id": same_id, "username": name, "role": "student", "password_hash": "secret-1"}
            for name in ("mei", "lee")
        ]
        with pytest.raises(IntegrityError) as raised:
            session.execute(insert(User), rows)
    assert "secret-1" not in str(raised.value)


def test_postgres_of_a_local_server_is_pooled_and_of_a_function_is_not(both: Deps) -> None:
    engine = engines.postgres_engine(both)
    assert isinstance(engine.pool, QueuePool)
    assert (engine.pool.size(), engine.pool._max_overflow) == (10, 20)
    assert engine.pool._timeout == 5
    assert engine.pool._pre_ping
    for platform in (Platform.VERCEL, Platform.LAMBDA):
        deployed = Deps(replace(both.settings, platform=platform))
        assert isinstance(engines.postgres_engine(deployed).pool, NullPool)
        deployed.close()


def test_postgres_is_reached_through_the_same_kind_of_connection(both: Deps) -> None:
    with postgres_session(both) as session:
        driver = session.connection().connection.driver_connection
        assert isinstance(driver, BoundedConnection)
        assert driver.prepare_threshold is None
        assert session.scalar(text("SHOW application_name")) == "stepwise"
        assert driver.info.get_parameters()["tcp_user_timeout"] == "10000"


def test_statement_ends_with_the_deadline_of_the_request(both: Deps) -> None:
    with (
        postgres_session(both) as session,
        deadline.at_most(0.3),
        pytest.raises(DatabaseUnavailable),
    ):
        session.execute(text("SELECT pg_sleep(20)"))
    assert user_count(both, postgres_session) == 0


def test_lost_connections_are_replaced(both: Deps) -> None:
    user_count(both, postgres_session)
    with psycopg.connect(str(both.settings.postgres_url), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert user_count(both, postgres_session) == 0


def test_connection_lost_in_a_transaction_raises_database_unavailable(both: Deps) -> None:
    with postgres_session(both) as session:
        session.execute(text("SELECT 1"))
        with psycopg.connect(str(both.settings.postgres_url), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        with pytest.raises(DatabaseUnavailable):
            session.execute(text("SELECT 1"))
    assert user_count(both, postgres_session) == 0


def test_unreachable_postgres_raises_database_unavailable(settings: Settings) -> None:
    url = "postgresql://127.0.0.1:1/none"
    with (
        installed_deps(replace(settings, postgres_url=url)) as deps,
        postgres_session(deps) as session,
        pytest.raises(DatabaseUnavailable),
    ):
        session.execute(text("SELECT 1"))


@pytest.mark.parametrize(
    ("session_on", "error"), [(postgres_session, DatabaseUnavailable), (sqlite_session, Busy)]
)
def test_exhausted_pool_is_refused_in_time_and_recovers(
    both: Deps, session_on: SessionOn, error: type[AppError], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("POOL_SIZE", 1), ("MAX_OVERFLOW", 0)):
        monkeypatch.setattr(engines, name, value)
    for name in ("WAIT_SECONDS", "BUSY_SECONDS"):
        monkeypatch.setattr(engines, name, 0.1)
    with closing(Deps(both.settings)) as deps:
        for _ in range(3):
            with session_on(deps) as first:
                first.execute(text("SELECT 1"))
                with pytest.raises(error), session_on(deps) as second:
                    second.execute(text("SELECT 1"))
        assert user_count(deps, session_on) == 0


def test_preceding_statements_count_even_if_the_session_is_rolled_back(both: Deps) -> None:
    insert = "INSERT INTO learning.users (id, username, role) VALUES (%s, %s, 'admin')"
    insert = insert.replace("%s", "gen_random_uuid()", 1).replace("%s", "'counted'")
    with preceded_by(insert), postgres_session(both) as session:
        names = select(User.username)
        assert session.scalars(names).all() == ["counted"]
        session.add(user("lost"))
        session.flush()
    assert user_count(both, postgres_session) == 1


def test_refusal_by_a_preceding_statement_keeps_the_session_from_its_own(both: Deps) -> None:
    refuse = (
        "DO $$ BEGIN RAISE EXCEPTION 'no'"
        " USING CONSTRAINT = 'limit_of_test', ERRCODE = '23514'; END $$"
    )
    with registered("limit_of_test"):
        with preceded_by(refuse), postgres_session(both) as session:
            session.add(user())
            with pytest.raises(NameTaken):
                session.commit()
        assert user_count(both, postgres_session) == 0


def test_preceding_statements_that_the_schema_lacks_are_left_out(both: Deps) -> None:
    with preceded_by("SELECT nothing.at_all()"), postgres_session(both) as session:
        session.add(user())
        session.commit()
    assert user_count(both, postgres_session) == 1


def test_each_dependencies_have_one_engine_that_is_closed_with_them(both: Deps) -> None:
    assert engines.postgres_engine(both) is engines.postgres_engine(both)
    assert engines.sqlite_engine(both) is engines.sqlite_engine(both)
    assert engines.postgres_engine(both) is not engines.postgres_engine(Deps(both.settings))
    user_count(both, postgres_session)
    user_count(both, sqlite_session)
    pools = [engines.postgres_engine(both).pool, engines.sqlite_engine(both).pool]
    assert [pool.checkedin() for pool in pools if isinstance(pool, QueuePool)] == [1, 1]
    both.close()
    pools = [engines.postgres_engine(both).pool, engines.sqlite_engine(both).pool]
    assert [pool.checkedin() for pool in pools if isinstance(pool, QueuePool)] == [0, 0]


def test_engines_do_not_keep_their_dependencies_alive(settings: Settings) -> None:
    deps = Deps(settings)
    user_count(deps, postgres_session)
    reference = weakref.ref(deps)
    deps.close()
    del deps
    gc.collect()
    assert reference() is None


def test_missing_addresses_are_named(settings: Settings) -> None:
    with installed_deps(replace(settings, postgres_url=None)) as deps:
        with pytest.raises(NotConfigured, match="POSTGRES_URL is not set"):
            user_count(deps, postgres_session)
        with pytest.raises(NotConfigured, match="SQLITE_DATABASE_URL is not set"):
            user_count(deps, sqlite_session)
    problem = "SQLITE_DATABASE_URL: it names no file"
    with (
        installed_deps(replace(settings, sqlite_problem=problem)) as deps,
        pytest.raises(UnusableSetting, match=problem),
    ):
        user_count(deps, sqlite_session)


@pytest.fixture
def app_of_both(both: Deps) -> TestClient:  # noqa: ARG001 it installs them
    """An application whose handlers declare sessions as FastAPI's users do."""
    app = FastAPI()

    @app.exception_handler(AppError)
    def answer(_request: Request, error: AppError) -> JSONResponse:
        return JSONResponse(str(error), error.status)

    @app.post("/{database}/{name}")
    def add(
        database: str,
        name: str,
        db: Annotated[Session, Depends(get_db)],
        local: Annotated[Session, Depends(get_sqlite_db)],
    ) -> dict[str, int]:
        session = db if database == "postgres" else local
        session.add(user(name))
        session.flush()
        if name == "stop":
            raise SchemaMissing
        session.commit()
        return {"users": session.scalar(select(func.count()).select_from(User)) or 0}

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("database", ["postgres", "sqlite"])
def test_handlers_get_sessions_from_depends(app_of_both: TestClient, database: str) -> None:
    with registered("users_username_key"):
        for _ in range(40):
            assert app_of_both.post(f"/{database}/stop").status_code == 503
        assert app_of_both.post(f"/{database}/mei").json() == {"users": 1}
        response = app_of_both.post(f"/{database}/mei")
        assert response.status_code == 409
        assert app_of_both.post(f"/{database}/lee").json() == {"users": 2}


def pragma(session: Session, name: str) -> object:
    return session.scalar(text(f"PRAGMA {name}"))


@pytest.mark.parametrize("wal", [False, True])
def test_sqlite_is_set_up_for_safety(sqlite_file: Path, wal: bool) -> None:
    engine = engines.create_sqlite_engine(f"sqlite:///{sqlite_file}", wal=wal)
    with closing_pool(engine), Session(engine) as session:
        assert pragma(session, "journal_mode") == ("wal" if wal else "delete")
        assert pragma(session, "synchronous") == 2  # FULL
        assert pragma(session, "foreign_keys") == 1
        assert pragma(session, "busy_timeout") == 5000
        assert pragma(session, "cache_spill") == 0


@contextmanager
def closing_pool(engine: Any) -> Iterator[None]:
    try:
        yield
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    ("version", "safe"),
    [((3, 40, 1), False), ((3, 51, 2), False), ((3, 51, 3), True), ((4, 0, 0), True)],
)
def test_write_ahead_log_needs_a_version_without_the_fault(
    version: tuple[int, int, int], safe: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    assert engines.may_keep_log() is safe


def test_sqlite_has_one_connection_that_is_waited_for(both: Deps) -> None:
    pool = engines.sqlite_engine(both).pool
    assert isinstance(pool, QueuePool)
    assert (pool.size(), pool._max_overflow, pool._timeout, pool._pre_ping) == (1, 0, 5, True)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Busy),
        (sqlite3.SQLITE_LOCKED_SHAREDCACHE, Busy),
        (sqlite3.SQLITE_FULL, DatabaseUnavailable),
        (sqlite3.SQLITE_IOERR_WRITE, DatabaseUnavailable),
        (sqlite3.SQLITE_CANTOPEN_ISDIR, UnusableSetting),
        (sqlite3.SQLITE_READONLY_DBMOVED, UnusableSetting),
    ],
)
def test_error_codes_of_sqlite_have_errors_of_ours(code: int, kind: type[AppError]) -> None:
    error = sqlite3.OperationalError("it failed")
    error.sqlite_errorcode = code
    assert type(sqlite_error_for(error)) is kind


def test_many_threads_write_to_sqlite_one_after_the_other(both: Deps) -> None:
    def add(number: int) -> None:
        with sqlite_session(both) as session:
            count = session.scalar(select(func.count()).select_from(User)) or 0
            session.add(user(f"user {count} of {number}"))
            session.commit()

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(add, range(60)))
    assert user_count(both, sqlite_session) == 60


def test_two_processes_that_read_and_then_write_wait_for_each_other(
    both: Deps, sqlite_file: Path
) -> None:
    other = Deps(replace(both.settings, sqlite_url=f"sqlite:///{sqlite_file}"))
    meeting = threading.Barrier(2, timeout=10)

    def add(deps: Deps) -> None:
        meeting.wait()
        for number in range(20):
            with sqlite_session(deps) as session:
                session.scalar(select(func.count()).select_from(User))
                session.add(user(f"{number} {id(deps)}"))
                session.commit()

    with closing(other), ThreadPoolExecutor(2) as threads:
        list(threads.map(add, [both, other]))
    assert user_count(both, sqlite_session) == 40


def test_sqlite_that_another_process_holds_raises_busy_and_recovers(
    both: Deps, sqlite_file: Path
) -> None:
    user_count(both, sqlite_session)
    driver: Any = engines.sqlite_engine(both).pool.connect()
    driver.execute("PRAGMA busy_timeout = 100")
    driver.close()
    with closing(sqlite3.connect(sqlite_file, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Busy):
            user_count(both, sqlite_session)
        holder.execute("ROLLBACK")
        assert user_count(both, sqlite_session) == 0


@pytest.mark.parametrize(
    ("path", "words"), [("none/local.db", "its folder"), ("notes.txt", "no SQLite database")]
)
def test_sqlite_that_cannot_be_used_is_named(
    path: str, words: str, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("These are notes, and no database. " * 40)
    with (
        installed_deps(replace(settings, sqlite_url=f"sqlite:///{tmp_path / path}")) as deps,
        pytest.raises(UnusableSetting, match=words),
    ):
        user_count(deps, sqlite_session)


def test_sqlite_that_may_not_be_written_is_named(both: Deps) -> None:
    with sqlite_session(both) as session:
        session.execute(text("PRAGMA query_only = ON"))
        session.add(user())
        with pytest.raises(UnusableSetting, match="may not be written"):
            session.flush()


@pytest.mark.parametrize("wal", [False, True])
def test_copy_of_the_open_file_is_complete_and_holds_nothing_uncommitted(
    sqlite_file: Path, wal: bool
) -> None:
    engine = engines.create_sqlite_engine(f"sqlite:///{sqlite_file}", wal=wal)
    copy = sqlite_file.with_suffix(".db.backup")
    with closing_pool(engine):
        with Session(engine) as session:
            session.execute(text("CREATE TABLE notes (n INTEGER, filling TEXT)"))
            session.execute(text("INSERT INTO notes VALUES (1, '')"))
            session.commit()
        with Session(engine) as session:
            session.execute(text(MORE_THAN_THE_CACHE_HOLDS))
            shutil.copy(sqlite_file, copy)
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT n FROM notes").fetchall() == [(1,)]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
