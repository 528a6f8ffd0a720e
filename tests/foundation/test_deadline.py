"""A request whose database hangs gets our own 503 before the platform's time limit ends it."""

import time
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import TypeVar

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from lib import deadline
from lib.access.endpoint import CRON_SECONDS, OPERATOR_SECONDS, REQUEST_SECONDS, Access, Endpoint
from lib.database.postgres import Postgres
from lib.database.queries import Query
from lib.database.statements import Statement
from lib.deps import Deps, install_deps
from lib.errors import DatabaseUnavailable
from lib.settings import Settings
from lib.web.app import create_app, lambda_entry
from tests.conftest import ADMIN_PASSWORD, CRON_SECRET

T = TypeVar("T")
HANGING_QUERY = Query("hanging", b"SELECT pg_sleep(60)")
COUNT_RUNNING = Query(
    "count_running",
    b"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    b" AND state <> 'idle' AND pid <> pg_backend_pid()",
)
ONE = Query("one", b"SELECT 1")
SHORT_LIMIT = deadline.MARGIN_SECONDS + 0.2


@pytest.fixture
def db(empty_postgres_url: str) -> Iterator[Postgres]:
    postgres = Postgres(empty_postgres_url)
    yield postgres
    postgres.close()


def within(limit: float, work: Callable[[], T]) -> T:
    """Do the work as a request with this time limit."""

    def request() -> T:
        deadline.start(limit)
        return work()

    return copy_context().run(request)


def wait_until_nothing_runs(db: Postgres) -> None:
    """Wait until the query is cancelled; otherwise, it would run for a minute."""
    for _ in range(500):
        if db.fetch_value(COUNT_RUNNING) == 0:
            return
        time.sleep(0.01)
    raise AssertionError("the cancelled query is still running")


def hang_in_transaction(db: Postgres) -> None:
    with db.transaction() as transaction:
        transaction.execute(HANGING_QUERY)


@pytest.mark.parametrize(
    "work",
    [
        lambda db: db.execute(HANGING_QUERY),
        lambda db: db.fetch_value(HANGING_QUERY, read=True),
        lambda db: db.batch([Statement(ONE), Statement(HANGING_QUERY), Statement(ONE)]),
        hang_in_transaction,
    ],
    ids=["write", "read", "batch", "transaction"],
)
def test_hanging_query_is_cancelled_and_the_next_one_succeeds(
    db: Postgres, work: Callable[[Postgres], object]
) -> None:
    with pytest.raises(DatabaseUnavailable):
        within(SHORT_LIMIT, lambda: work(db))
    wait_until_nothing_runs(db)
    assert within(REQUEST_SECONDS, lambda: db.fetch_value(ONE)) == 1


def test_read_beyond_the_deadline_is_not_retried(
    db: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DatabaseUnavailable):
        within(SHORT_LIMIT, lambda: db.fetch_value(HANGING_QUERY, read=True))
    assert capsys.readouterr().err.count('"postgres_error"') == 1


def test_outside_of_requests_there_is_no_deadline(db: Postgres) -> None:
    assert deadline.seconds_left() is None
    assert db.fetch_value(Query("short", b"SELECT 1 FROM pg_sleep(0.3)")) == 1


@pytest.mark.parametrize(
    ("row", "limit"),
    [
        (Endpoint("/api/clock", "clock", ("GET",), Access.PUBLIC), REQUEST_SECONDS),
        (Endpoint("/api/clock", "clock", ("GET",), Access.INSTRUCTOR), OPERATOR_SECONDS),
        (Endpoint("/api/clock", "clock", ("GET",), Access.OPERATOR), OPERATOR_SECONDS),
        (Endpoint("/api/clock", "clock", ("GET",), Access.CRON), CRON_SECONDS),
    ],
)
def test_a_handler_has_less_time_than_the_platform_gives(
    row: Endpoint, limit: int, settings: Settings
) -> None:
    deps = Deps(settings)
    install_deps(deps)
    client = TestClient(clock(row))
    secret = CRON_SECRET if row.access is Access.CRON else ADMIN_PASSWORD
    headers = {"Authorization": f"Bearer {secret}"}
    seconds = client.get("/api/clock", headers=headers).json()
    install_deps(None)
    deps.close()
    assert 0 < seconds <= limit - deadline.MARGIN_SECONDS
    assert seconds > REQUEST_SECONDS or limit == REQUEST_SECONDS


def clock(row: Endpoint) -> FastAPI:
    """Make a function that returns how many seconds it has left."""
    app = create_app("clock", rows=(row,))

    @app.get("/api/clock")
    def seconds_left() -> float | None:
        return deadline.seconds_left()

    return app


def test_scheduled_run_has_a_deadline_of_its_own_and_leaves_none_behind() -> None:
    entry = lambda_entry(create_app("workshop.cleanup_sessions"), scheduled=deadline.seconds_left)
    seconds = entry({"source": "aws.events"}, None)
    assert seconds is not None
    assert 0 < seconds <= CRON_SECONDS - deadline.MARGIN_SECONDS
    assert deadline.seconds_left() is None


def test_part_of_a_run_has_at_most_the_time_that_is_left() -> None:
    def run() -> None:
        deadline.start(REQUEST_SECONDS)
        seconds = deadline.seconds_left()
        assert seconds is not None
        with deadline.at_most(1):
            assert 0 < (deadline.seconds_left() or 0) <= 1
        with deadline.at_most(2 * seconds):
            assert 1 < (deadline.seconds_left() or 0) <= seconds

    copy_context().run(run)
