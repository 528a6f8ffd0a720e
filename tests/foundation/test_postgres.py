"""The Postgres layer: faults raise the application's errors, and no change is half done."""

import pickle
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg
import pytest

from lib.database.postgres import Postgres
from lib.database.queries import Query
from lib.database.statements import Statement, register_constraint
from lib.errors import (
    AppError,
    Busy,
    Conflict,
    DatabaseUnavailable,
    InvalidInput,
    NotConfigured,
    SchemaMissing,
)


@dataclass(frozen=True)
class Row:
    n: int


def q(text: str) -> Query:
    return Query("test", text.encode())


INSERT = q("INSERT INTO things (n) VALUES (%(n)s)")
COUNT = q("SELECT count(*) FROM things")


@pytest.fixture
def db(empty_postgres_url: str) -> Iterator[Postgres]:
    postgres = Postgres(empty_postgres_url)
    postgres.execute(q("CREATE TABLE things (n INT CONSTRAINT things_n_key UNIQUE)"))
    yield postgres
    postgres.close()


def kill_backends(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_rows_are_returned_as_dataclasses(db: Postgres) -> None:
    db.execute(INSERT, {"n": 3})
    assert db.fetch_one(q("SELECT n FROM things"), None, Row) == Row(3)
    assert db.fetch_all(q("SELECT n FROM things"), None, Row) == [Row(3)]
    assert db.fetch_value(COUNT) == 1
    assert db.fetch_one(q("SELECT n FROM things WHERE n = 0"), None, Row) is None


def test_batch_is_atomic(db: Postgres) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        db.batch([Statement(INSERT, {"n": n}) for n in (1, 2, 1)])
    assert db.fetch_value(COUNT) == 0


def test_batch_returns_results_in_order(db: Postgres) -> None:
    results = db.batch(
        [
            Statement(INSERT, {"n": 1}),
            Statement(q("SELECT n FROM things"), None, Row),
            Statement(COUNT),
        ]
    )
    assert results == [[], [Row(1)], [(1,)]]


def test_reads_of_a_batch_see_one_state_of_the_database(
    db: Postgres, empty_postgres_url: str
) -> None:
    """Otherwise, a session could be read before an answer is stored, and its answers afterwards."""
    rows: list[list[list[tuple[int]]]] = []
    wait = q("SELECT pg_advisory_lock_shared(1)")
    batch = [Statement(COUNT), Statement(wait), Statement(COUNT)]
    with psycopg.connect(empty_postgres_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(1)")
        reader = threading.Thread(target=lambda: rows.append(db.batch(batch, read=True)))
        reader.start()
        waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while not other.execute(waiting).fetchall():
            assert reader.is_alive()
        other.execute("INSERT INTO things VALUES (1)")
        other.execute("SELECT pg_advisory_unlock(1)")
        reader.join()
    before, _, after = rows[0]
    assert before == after == [(0,)]
    assert db.fetch_value(COUNT) == 1


def test_read_batch_that_fails_leaves_its_connection_usable(db: Postgres) -> None:
    backend = q("SELECT pg_backend_pid()")
    before = db.fetch_value(backend)
    with pytest.raises(SchemaMissing):
        db.batch([Statement(COUNT), Statement(q("SELECT 1 FROM nowhere"))], read=True)
    assert db.batch([Statement(COUNT)], read=True) == [[(0,)]]
    assert db.fetch_value(backend) == before


class ThingExists(Conflict):
    """That thing exists."""


def test_violated_constraint_raises_its_registered_error(db: Postgres) -> None:
    register_constraint("things_n_key", ThingExists)
    try:
        db.execute(INSERT, {"n": 1})
        with pytest.raises(ThingExists, match="That thing exists"):
            db.execute(INSERT, {"n": 1})
        with pytest.raises(ThingExists):
            db.batch([Statement(INSERT, {"n": 1})])
    finally:
        from lib.database import statements

        del statements._constraints["things_n_key"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 FROM nowhere",
        "SELECT public.nothing()",
        "SELECT nothing FROM public.things",
        "DROP VIEW public.things",  # a table, where the schema has a view
        "INSERT INTO public.things VALUES (1) ON CONFLICT (nothing) DO NOTHING",
        "INSERT INTO public.things VALUES (1) ON CONFLICT ((n + 1)) DO NOTHING",
    ],
)
def test_what_the_schema_lacks_raises_schema_missing(db: Postgres, query: str) -> None:
    with pytest.raises(SchemaMissing, match="lacks parts of its schema: run `make migrate`"):
        db.fetch_value(q(query))


@pytest.mark.parametrize("error", [Busy(), Conflict(reason="Twice."), InvalidInput(reason="No.")])
def test_errors_survive_pickling(error: AppError) -> None:
    unpickled = pickle.loads(pickle.dumps(error))
    assert (type(unpickled), str(unpickled)) == (type(error), str(error))
    assert (unpickled.facts, unpickled.headers) == (error.facts, error.headers)


def test_unreachable_database_gives_503_with_a_time_to_retry() -> None:
    with pytest.raises(DatabaseUnavailable) as raised:
        Postgres("postgresql://127.0.0.1:1/none").fetch_value(q("SELECT 1"))
    assert raised.value.status == 503
    assert raised.value.headers == {"Retry-After": "2"}


@pytest.mark.parametrize("url", ["nonsense", "postgresql//user:secret@host", "postgresql://[::1"])
def test_malformed_address_is_reported_as_a_configuration_error(url: str) -> None:
    with pytest.raises(NotConfigured, match="POSTGRES_URL") as raised:
        Postgres(url).fetch_value(q("SELECT 1"))
    assert "secret" not in str(raised.value)


def test_connections_killed_while_idle_are_replaced_before_use(
    db: Postgres, empty_postgres_url: str
) -> None:
    db.execute(INSERT, {"n": 1})
    kill_backends(empty_postgres_url)
    time.sleep(0.1)
    db.execute(INSERT, {"n": 2})
    assert db.fetch_value(COUNT) == 2


def test_read_is_retried_after_its_backend_is_killed_and_a_write_is_not(
    db: Postgres, empty_postgres_url: str
) -> None:
    def kill_soon() -> None:
        time.sleep(0.3)
        kill_backends(empty_postgres_url)

    slow = q("SELECT count(*) FROM things, pg_sleep(0.8)")
    killer = threading.Thread(target=kill_soon)
    killer.start()
    assert db.fetch_value(slow, read=True) == 0
    killer.join()
    killer = threading.Thread(target=kill_soon)
    killer.start()
    with pytest.raises(DatabaseUnavailable):
        db.execute(q("INSERT INTO things SELECT 1 FROM pg_sleep(0.8)"))
    killer.join()
    assert db.fetch_value(COUNT) == 0


def test_deadlocked_batches_are_retried_until_both_succeed(db: Postgres) -> None:
    db.execute(q("INSERT INTO things VALUES (1), (2)"))
    update = q("UPDATE things SET n = n WHERE n = %(n)s")
    pause = q("SELECT pg_sleep(0.2)")

    def update_both(first: int, second: int) -> None:
        db.batch(
            [Statement(update, {"n": first}), Statement(pause), Statement(update, {"n": second})]
        )

    with ThreadPoolExecutor(2) as threads:
        for future in [threads.submit(update_both, 1, 2), threads.submit(update_both, 2, 1)]:
            future.result()


def test_held_lock_raises_busy_after_the_lock_timeout(
    db: Postgres, empty_postgres_url: str
) -> None:
    with psycopg.connect(empty_postgres_url) as holder:
        holder.execute("LOCK TABLE things")
        limit = q("SELECT set_config('lock_timeout', '100ms', true)")
        with pytest.raises(Busy):
            db.batch([Statement(limit), Statement(INSERT, {"n": 1})])
    db.execute(INSERT, {"n": 1})


def test_waiting_for_a_connection_is_bounded_and_recovers(empty_postgres_url: str) -> None:
    db = Postgres(empty_postgres_url, max_connections=1, wait_seconds=0.1)
    with db.transaction(), pytest.raises(DatabaseUnavailable):
        db.fetch_value(q("SELECT 1"))
    assert db.fetch_value(q("SELECT 1")) == 1
    db.close()


def test_many_threads_share_few_connections(db: Postgres, empty_postgres_url: str) -> None:
    with ThreadPoolExecutor(30) as threads:
        list(threads.map(lambda n: db.execute(INSERT, {"n": n}), range(90)))
    assert db.fetch_value(COUNT) == 90
    with psycopg.connect(empty_postgres_url) as connection:
        connection_count = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stepwise'"
            " AND datname = current_database()"
        ).fetchone()
    assert connection_count is not None
    assert connection_count[0] <= 10


def test_transaction_that_raises_is_rolled_back(db: Postgres) -> None:
    def fail_in_a_transaction() -> None:
        with db.transaction() as transaction:
            transaction.execute(INSERT, {"n": 1})
            raise KeyError

    with pytest.raises(KeyError):
        fail_in_a_transaction()
    assert db.fetch_value(COUNT) == 0


def test_text_that_postgres_cannot_store_raises_invalid_input(db: Postgres) -> None:
    with pytest.raises(InvalidInput):
        db.fetch_value(q("SELECT %(text)s::text"), {"text": "a\0b"})
    with pytest.raises(InvalidInput):
        db.fetch_value(q("SELECT %(text)s::text"), {"text": "\ud800"})


def test_losing_every_connection_fails_at_most_one_call(
    db: Postgres, empty_postgres_url: str
) -> None:
    db.execute(INSERT, {"n": 1})
    kill_backends(empty_postgres_url)
    failures = 0
    for n in range(2, 6):
        try:
            db.execute(INSERT, {"n": n})
        except AppError:
            failures += 1
    assert failures <= 1
    assert db.fetch_value(COUNT) == 5 - failures
