"""A call of a migration that is killed at any moment takes effect completely or not at all.

The tests kill the backend of the connection, the process of the function, and the server.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lib.database.schema import schema_scripts
from lib.deps import Deps
from lib.errors import DatabaseUnavailable
from lib.legacy.migration import migrate
from lib.legacy.runs.pace import DEFAULT_PACE, Pace
from lib.legacy.runs.run import Phase, Run
from lib.settings import Settings
from local.servers.postgres_server import PostgresServer, running_postgres
from tests.legacy.legacy_database import ONE_SMALL_BATCH, SMALL_BATCHES, Legacy
from tests.support.legacy_data import ENCRYPTION_KEY, WILD, LegacyData, fill

ROOT = Path(__file__).resolve().parents[2]
KILLS = 10  # kills of the backend, and as many of the function
SERVER_KILLS = 5
NEVER = 600.0  # seconds
VARYING = ("before", "calls")  # prefixes of counts that differ between runs


FEW = LegacyData(40, 3, replace(WILD, no_time=0))
"""Untidy rows that one call moves in a second or two, for kills at random moments of that call."""


@pytest.fixture
def few_rows(legacy: Legacy) -> Legacy:
    """Legacy tables with the rows of FEW."""
    fill(legacy.connection, FEW)
    return legacy


def truncate(legacy: Legacy) -> None:
    legacy.connection.execute(
        "SET LOCAL stepwise.removal = 'test';TRUNCATE public.students, public.sessions CASCADE"
    )


def kill_backends(legacy: Legacy) -> None:
    legacy.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def migrate_and_kill(
    deps: Deps, seconds: float, kill: Callable[[], None], pace: Pace = DEFAULT_PACE
) -> Run | None:
    """Migrate, and call `kill` after `seconds`; return the run, or None if it was killed."""
    stopped = threading.Event()

    def wait_and_kill() -> None:
        if not stopped.wait(seconds):
            kill()

    killer = threading.Thread(target=wait_and_kill)
    killer.start()
    try:
        return migrate(deps, dry_run=False, pace=pace)
    except DatabaseUnavailable:
        return None
    finally:
        stopped.set()
        killer.join()


def migration_seconds(legacy: Legacy) -> float:
    """Return the duration of an undisturbed migration."""
    start = time.monotonic()
    legacy.run()
    return time.monotonic() - start


def test_a_killed_connection_leaves_all_or_nothing(few_rows: Legacy) -> None:
    duration = migration_seconds(few_rows)
    complete_result = few_rows.unified()
    runs = []
    rng = random.Random(1)
    for _ in range(KILLS):
        truncate(few_rows)
        seconds = rng.uniform(0.05, 1.0) * duration
        run = migrate_and_kill(few_rows.deps, seconds, lambda: kill_backends(few_rows))
        runs.append(run)
        sessions = few_rows.unified()["sessions"]
        assert sessions in ([], complete_result["sessions"])
        assert run is None or sessions
        assert few_rows.run().verified
        assert few_rows.unified() == complete_result
    assert None in runs


def test_a_run_killed_in_some_of_its_calls_continues_and_counts_the_same(
    dated_rows: Legacy,
) -> None:
    expected = dated_rows.run(pace=SMALL_BATCHES)
    complete_result = dated_rows.unified()
    truncate(dated_rows)
    rng = random.Random(3)
    run, kill_count = None, 0
    duration = 0.3  # seconds: first a guess, then the duration of the last call
    while run is None or run.phase is not Phase.DONE:
        start = time.monotonic()
        partial_run = None
        if kill_count < KILLS:
            seconds = rng.uniform(0.0, 1.2) * duration
            partial_run = migrate_and_kill(
                dated_rows.deps, seconds, lambda: kill_backends(dated_rows), ONE_SMALL_BATCH
            )
            kill_count += partial_run is None
        else:
            partial_run = migrate(dated_rows.deps, dry_run=False, pace=ONE_SMALL_BATCH)
        if partial_run is not None:
            run, duration = partial_run, time.monotonic() - start
    assert run.verified
    assert kill_count > 0
    assert dated_rows.unified() == complete_result
    names = {name for name in expected.counts if not name.startswith(VARYING)}
    assert {name: run.counts[name] for name in names} == {n: expected.counts[n] for n in names}


MOMENTS = {
    "begun": ("legacy.migration_runs", "NEW.status = 'running'"),
    "people written": ("public.students", "TRUE"),
    "sessions written": ("public.sessions", "TRUE"),
    "steps written": ("public.step_progress", "TRUE"),
    "findings written": ("legacy.migration_findings", "TRUE"),
    "cursor saved": ("legacy.migration_runs", "NEW.status = 'paused'"),
    "run completed": ("legacy.migration_runs", "NEW.status = 'completed'"),
}
"""Table and condition of a trigger that ends its own server process."""


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_at_any_boundary_undoes_only_that_call(dated_rows: Legacy, moment: str) -> None:
    expected = dated_rows.run(pace=SMALL_BATCHES)
    complete_result = dated_rows.unified()
    truncate(dated_rows)
    first = migrate(dated_rows.deps, dry_run=False, pace=ONE_SMALL_BATCH)
    table, condition = MOMENTS[moment]
    dated_rows.connection.execute(
        "CREATE FUNCTION public.die() RETURNS TRIGGER LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; "
        "RETURN NEW; END $$".encode()
    )
    dated_rows.connection.execute(
        f"CREATE TRIGGER die AFTER INSERT OR UPDATE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION public.die()".encode()
    )
    run: Run | None = first
    while run is not None:
        assert run.id == first.id
        before = dated_rows.unified(), stored_cursor(dated_rows)
        run = migrate_and_kill(dated_rows.deps, NEVER, lambda: None, ONE_SMALL_BATCH)
    assert (dated_rows.unified(), stored_cursor(dated_rows)) == before
    dated_rows.connection.execute(f"DROP TRIGGER die ON {table}".encode())
    run = dated_rows.run(pace=SMALL_BATCHES)
    assert run.verified
    assert dated_rows.unified() == complete_result
    names = {name for name in expected.counts if not name.startswith(VARYING)}
    assert {name: run.counts[name] for name in names} == {n: expected.counts[n] for n in names}


def stored_cursor(legacy: Legacy) -> Any:
    return legacy.one(
        "SELECT phase, next_hash, counts FROM legacy.migration_runs ORDER BY id DESC LIMIT 1"
    )


CALL = """
from lib.deps import Deps
from lib.legacy.migration import migrate
from lib.settings import Settings
print("begun", flush=True)
migrate(Deps(Settings.from_env()), dry_run=False)
"""


def test_a_killed_function_leaves_all_or_nothing(few_rows: Legacy, settings: Settings) -> None:
    duration = migration_seconds(few_rows)
    complete_result = few_rows.unified()
    rng = random.Random(2)
    environment = {
        **os.environ,
        "DATABASE_URL": settings.postgres_url or "",
        "ENCRYPTION_KEY": settings.encryption_key or "",
    }
    kill_count = 0
    for _ in range(KILLS):
        truncate(few_rows)
        with subprocess.Popen(
            [sys.executable, "-c", CALL], cwd=ROOT, env=environment, stdout=subprocess.PIPE
        ) as function:
            assert function.stdout is not None
            function.stdout.readline()
            time.sleep(rng.uniform(0.0, 1.5) * duration)
            kill_count += function.poll() is None
            function.send_signal(signal.SIGKILL)
        _wait_until_no_query_runs(few_rows)
        assert few_rows.unified()["sessions"] in ([], complete_result["sessions"])
        assert few_rows.run().verified
        assert few_rows.unified() == complete_result
    assert kill_count


def _wait_until_no_query_runs(legacy: Legacy) -> None:
    deadline = time.monotonic() + 30
    while legacy.one(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND state <> 'idle'"
    ):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may kill."""
    with running_postgres(durable=True) as server:
        yield server


def connect(server: PostgresServer) -> Legacy:
    """Open a new connection to the database."""
    connection = psycopg.connect(server.url(), autocommit=True, prepare_threshold=None)
    connection.execute("SET TimeZone = 'UTC'")
    return Legacy(
        connection, Deps(Settings(postgres_url=server.url(), encryption_key=ENCRYPTION_KEY))
    )


def test_a_killed_server_restarts_with_all_or_nothing(own_server: PostgresServer) -> None:
    legacy = connect(own_server)
    for _, script in schema_scripts():
        legacy.connection.execute(script.encode())
    legacy.create()
    fill(legacy.connection, FEW)
    duration = migration_seconds(legacy)
    complete_result = legacy.unified()
    rng = random.Random(4)
    kill_count = 0
    for _ in range(SERVER_KILLS):
        truncate(legacy)
        kill_count += (
            migrate_and_kill(legacy.deps, rng.uniform(0.1, 1.0) * duration, own_server.kill) is None
        )
        if not own_server.running:
            legacy.connection.close()
            legacy.deps.close()
            own_server.start()
            legacy = connect(own_server)
        assert legacy.unified()["sessions"] in ([], complete_result["sessions"])
        assert legacy.run().verified
        assert legacy.unified() == complete_result
    legacy.connection.close()
    legacy.deps.close()
    assert kill_count
