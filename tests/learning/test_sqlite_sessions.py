"""Sessions on SQLite: one writer, a safe file, and errors that are named."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import QueuePool, func, select, text
from sqlalchemy.orm import Session

from lib.deps import Deps
from lib.errors import (
    AppError,
    Busy,
    DatabaseUnavailable,
    UnusableSetting,
)
from lib.learning import engines
from lib.learning.database import sqlite_session
from lib.learning.sqlite_errors import failed_constraint, sqlite_error_for
from lib.learning.tables import User
from lib.settings import Settings
from tests.conftest import installed_deps
from tests.learning.sessions import user, user_count

MORE_THAN_THE_CACHE_HOLDS = (
    "WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < 900)"
    " INSERT INTO notes SELECT n, hex(randomblob(4000)) FROM numbers"
)


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
def test_write_ahead_log_needs_a_version_that_cannot_corrupt_it(
    version: tuple[int, int, int], safe: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    assert engines.wal_is_safe() is safe


def test_sqlite_has_one_connection_for_which_calls_wait(deps_of_both: Deps) -> None:
    pool = engines.sqlite_engine(deps_of_both).pool
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
def test_error_codes_of_sqlite_become_our_errors(code: int, kind: type[AppError]) -> None:
    error = sqlite3.OperationalError("it failed")
    error.sqlite_errorcode = code
    assert type(sqlite_error_for(error)) is kind


def test_many_threads_write_to_sqlite_one_after_the_other(deps_of_both: Deps) -> None:
    def add(number: int) -> None:
        with sqlite_session(deps_of_both) as session:
            count = session.scalar(select(func.count()).select_from(User)) or 0
            session.add(user(f"user {count} of {number}"))
            session.commit()

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(add, range(60)))
    assert user_count(deps_of_both, sqlite_session) == 60


def test_two_engines_that_read_and_then_write_wait_for_each_other(
    deps_of_both: Deps, sqlite_file: Path
) -> None:
    other = Deps(replace(deps_of_both.settings, sqlite_url=f"sqlite:///{sqlite_file}"))
    meeting = threading.Barrier(2, timeout=10)

    def add(deps: Deps) -> None:
        meeting.wait()
        for number in range(20):
            with sqlite_session(deps) as session:
                session.scalar(select(func.count()).select_from(User))
                session.add(user(f"{number} {id(deps)}"))
                session.commit()

    with closing(other), ThreadPoolExecutor(2) as threads:
        list(threads.map(add, [deps_of_both, other]))
    assert user_count(deps_of_both, sqlite_session) == 40


def test_sqlite_that_another_connection_holds_raises_busy_and_recovers(
    deps_of_both: Deps, sqlite_file: Path
) -> None:
    user_count(deps_of_both, sqlite_session)
    driver: Any = engines.sqlite_engine(deps_of_both).pool.connect()
    driver.execute("PRAGMA busy_timeout = 100")
    driver.close()
    with closing(sqlite3.connect(sqlite_file, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Busy):
            user_count(deps_of_both, sqlite_session)
        holder.execute("ROLLBACK")
        assert user_count(deps_of_both, sqlite_session) == 0


@pytest.mark.parametrize(
    ("path", "words"), [("none/local.db", "its folder"), ("notes.txt", "not a SQLite database")]
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


def test_sqlite_that_may_not_be_written_is_named(deps_of_both: Deps) -> None:
    with sqlite_session(deps_of_both) as session:
        session.execute(text("PRAGMA query_only = ON"))
        session.add(user())
        with pytest.raises(UnusableSetting, match="cannot be written"):
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
