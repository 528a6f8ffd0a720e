"""Sessions on Postgres: the pool, deadlines, and lost connections."""

import gc
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import NullPool, QueuePool, select, text

from lib import deadline
from lib.database.connection import BoundedConnection
from lib.database.queries import Query
from lib.database.statements import Statement, precede_next
from lib.deps import Deps
from lib.errors import (
    AppError,
    Busy,
    DatabaseUnavailable,
)
from lib.learning import engines
from lib.learning.database import postgres_session, sqlite_session
from lib.learning.tables import User
from lib.settings import Platform, Settings
from tests.conftest import installed_deps
from tests.learning.sessions import NameTaken, SessionOn, name_taken, user, user_count


@contextmanager
def preceded_by(*queries: str) -> Iterator[None]:
    """Let these statements run once, before the next statement of the block."""
    pending = [Statement(Query("test", query.encode())) for query in queries]

    def take() -> list[Statement]:
        statements, pending[:] = list(pending), []
        return statements

    precede_next(take)
    try:
        yield
    finally:
        precede_next(list)


def test_postgres_is_pooled_on_a_local_server_but_not_in_functions(deps_of_both: Deps) -> None:
    engine = engines.postgres_engine(deps_of_both)
    assert isinstance(engine.pool, QueuePool)
    assert (engine.pool.size(), engine.pool._max_overflow) == (10, 20)
    assert engine.pool._timeout == 5
    assert engine.pool._pre_ping
    for platform in (Platform.VERCEL, Platform.LAMBDA):
        deployed = Deps(replace(deps_of_both.settings, platform=platform))
        assert isinstance(engines.postgres_engine(deployed).pool, NullPool)
        deployed.close()


def test_sessions_use_the_connections_of_the_other_contexts(deps_of_both: Deps) -> None:
    with postgres_session(deps_of_both) as session:
        driver = session.connection().connection.driver_connection
        assert isinstance(driver, BoundedConnection)
        assert driver.prepare_threshold is None
        assert session.scalar(text("SHOW application_name")) == "stepwise"
        assert driver.info.get_parameters()["tcp_user_timeout"] == "10000"


def test_statement_ends_with_the_deadline_of_the_request(deps_of_both: Deps) -> None:
    with (
        postgres_session(deps_of_both) as session,
        deadline.at_most(0.3),
        pytest.raises(DatabaseUnavailable),
    ):
        session.execute(text("SELECT pg_sleep(20)"))
    assert user_count(deps_of_both, postgres_session) == 0


def test_lost_connections_are_replaced(deps_of_both: Deps) -> None:
    user_count(deps_of_both, postgres_session)
    with psycopg.connect(str(deps_of_both.settings.postgres_url), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert user_count(deps_of_both, postgres_session) == 0


def test_connection_lost_in_a_transaction_raises_database_unavailable(deps_of_both: Deps) -> None:
    with postgres_session(deps_of_both) as session:
        session.execute(text("SELECT 1"))
        with psycopg.connect(
            str(deps_of_both.settings.postgres_url), autocommit=True
        ) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        with pytest.raises(DatabaseUnavailable):
            session.execute(text("SELECT 1"))
    assert user_count(deps_of_both, postgres_session) == 0


def test_unreachable_postgres_raises_database_unavailable(settings: Settings) -> None:
    url = "postgresql://127.0.0.1:1/none"
    with (
        installed_deps(replace(settings, postgres_url=url)) as deps,
        postgres_session(deps) as session,
        pytest.raises(DatabaseUnavailable),
    ):
        session.execute(text("SELECT 1"))


@pytest.mark.parametrize(
    ("session_on", "size", "error"),
    [(postgres_session, 30, DatabaseUnavailable), (sqlite_session, 1, Busy)],
)
def test_exhausted_pool_refuses_calls_in_time_and_recovers(
    deps_of_both: Deps, session_on: SessionOn, size: int, error: type[AppError]
) -> None:
    with all_connections_in_use(deps_of_both, session_on, size), ThreadPoolExecutor() as threads:
        calls = [threads.submit(user_count, deps_of_both, session_on) for _ in range(3)]
        assert [type(call.exception(timeout=30)) for call in calls] == [error] * 3
    with all_connections_in_use(deps_of_both, session_on, size):
        pass
    assert user_count(deps_of_both, session_on) == 0


@contextmanager
def all_connections_in_use(deps: Deps, session_on: SessionOn, size: int) -> Iterator[None]:
    """Hold as many sessions in a transaction as the pool has connections."""
    with ExitStack() as sessions:
        for _ in range(size):
            sessions.enter_context(session_on(deps)).execute(text("SELECT 1"))
        yield


def test_preceding_statements_are_stored_even_if_the_session_is_rolled_back(
    deps_of_both: Deps,
) -> None:
    insert = (
        "INSERT INTO learning.users (id, username, role)"
        " VALUES (gen_random_uuid(), 'counted', 'admin')"
    )
    with preceded_by(insert), postgres_session(deps_of_both) as session:
        names = select(User.username)
        assert session.scalars(names).all() == ["counted"]
        session.add(user("lost"))
        session.flush()
    assert user_count(deps_of_both, postgres_session) == 1


def test_refusal_by_a_preceding_statement_prevents_the_commit(deps_of_both: Deps) -> None:
    refuse = (
        "DO $$ BEGIN RAISE EXCEPTION 'no'"
        " USING CONSTRAINT = 'limit_of_test', ERRCODE = '23514'; END $$"
    )
    with name_taken("limit_of_test"):
        with preceded_by(refuse), postgres_session(deps_of_both) as session:
            session.add(user())
            with pytest.raises(NameTaken):
                session.commit()
        assert user_count(deps_of_both, postgres_session) == 0


def test_preceding_statements_that_the_schema_cannot_run_are_skipped(deps_of_both: Deps) -> None:
    with preceded_by("SELECT nothing.at_all()"), postgres_session(deps_of_both) as session:
        session.add(user())
        session.commit()
    assert user_count(deps_of_both, postgres_session) == 1


def test_dependencies_have_one_engine_for_each_database_and_close_both(deps_of_both: Deps) -> None:
    assert engines.postgres_engine(deps_of_both) is engines.postgres_engine(deps_of_both)
    assert engines.sqlite_engine(deps_of_both) is engines.sqlite_engine(deps_of_both)
    assert engines.postgres_engine(deps_of_both) is not engines.postgres_engine(
        Deps(deps_of_both.settings)
    )
    user_count(deps_of_both, postgres_session)
    user_count(deps_of_both, sqlite_session)
    pools = [engines.postgres_engine(deps_of_both).pool, engines.sqlite_engine(deps_of_both).pool]
    assert [pool.checkedin() for pool in pools if isinstance(pool, QueuePool)] == [1, 1]
    deps_of_both.close()
    pools = [engines.postgres_engine(deps_of_both).pool, engines.sqlite_engine(deps_of_both).pool]
    assert [pool.checkedin() for pool in pools if isinstance(pool, QueuePool)] == [0, 0]


def test_engines_do_not_keep_their_dependencies_alive(settings: Settings) -> None:
    deps = Deps(settings)
    user_count(deps, postgres_session)
    reference = weakref.ref(deps)
    deps.close()
    del deps
    gc.collect()
    assert reference() is None
