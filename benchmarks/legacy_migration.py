"""What the move from the legacy tables costs, beside a bare INSERT … SELECT of the same rows.

`make bench ARGS=legacy_migration` moves 10,000 and 100,000 people, with PEOPLE=1000000 a million
instead (half an hour, 25 GB of disk); several sizes stand between commas.
The floor writes the very rows that the migration made, ready in three tables, into the same
unified tables with the same indexes, constraints and triggers. "CPU" is the time that Postgres
computed (with the function's own added for the migration, but not the start of Python): other
programs on the machine stretch the clock far more than that. They stretch it, too, by a fifth and
more, so that up to 100,000 people both are measured three times, in turns, and the line is that of
the run whose ratio is in the middle.
"""

import multiprocessing
import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from lib.database.queries import load_queries
from lib.database.schema import schema_scripts
from lib.deps import Deps
from lib.legacy.migration import migrate
from lib.legacy.runs.run import Phase
from lib.legacy.verification.verdict import objections
from lib.settings import Settings
from local.servers.postgres_server import PostgresServer, running_postgres
from tests.support.legacy_data import ENCRYPTION_KEY, TABLES, LegacyData, create_tables, fill

SIZES = (10_000, 100_000)
AGAIN_UP_TO = 10_000  # people
THRICE_UP_TO = 100_000  # people
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
floor = load_queries(str(Path(__file__).with_name("legacy_floor.sql")))


@dataclass(frozen=True)
class Moved:
    """One migration."""

    seconds: float
    cpu: float
    """Seconds, of Postgres and of the function."""
    calls: int
    slowest_call: float
    """Seconds; the platforms allow 30."""
    megabytes: float
    """Largest resident memory of the process that ran it."""
    complaints: list[str]


@dataclass(frozen=True)
class Compared:
    """A migration and the floor right after it, of the same rows."""

    moved: Moved
    again: Moved | None
    seconds: float
    cpu: float
    """Seconds of the floor."""

    @property
    def ratio(self) -> float:
        """Of the CPU times."""
        return self.moved.cpu / self.cpu


def main() -> None:
    """Print one line for each size."""
    asked = os.environ.get("PEOPLE")
    sizes = tuple(map(int, asked.split(","))) if asked else SIZES
    print(
        "people     legacy rows  migration     CPU  calls  slowest   floor     CPU  ratio  CPU"
        "  memory"
    )
    with running_postgres() as server:
        for people in sizes:
            print(measure(server, people), flush=True)


def measure(server: PostgresServer, people: int) -> str:
    """Generate once, then move, move again, and write the same rows bare, thrice."""
    template = f"legacy_{people}"
    rows = prepare(server.create_database(template), people)
    times = 3 if people <= THRICE_UP_TO else 1
    runs = sorted((compare(server, template, people) for _ in range(times)), key=_ratio)
    server.drop_database(template)
    middle = runs[times // 2]
    spread = f" ({runs[0].ratio:.2f} to {runs[-1].ratio:.2f})" if times > 1 else ""
    return f"{people:<11,}{rows:<13,}{line(middle)}{spread}"


def _ratio(run: Compared) -> float:
    return run.ratio


def compare(server: PostgresServer, template: str, people: int) -> Compared:
    """One migration of a copy, and the floor; the largest databases are not copied."""
    copied = people <= THRICE_UP_TO
    name = f"{template}_copy" if copied else template
    url = server.create_database(name, template) if copied else server.url(name)
    moved = in_a_process_of_its_own(url, dry_run=False)
    again = in_a_process_of_its_own(url, dry_run=False) if people <= AGAIN_UP_TO else None
    seconds, cpu = write_bare(url)
    if copied:
        server.drop_database(name)
    return Compared(moved, again, seconds, cpu)


def line(run: Compared) -> str:
    """What is printed of a run."""
    moved, again = run.moved, run.again
    complaints = [*moved.complaints, *(again.complaints if again else [])]
    return (
        f"{moved.seconds:6.1f} s {moved.cpu:6.1f} s  {moved.calls:5} {moved.slowest_call:6.1f} s"
        f" {run.seconds:6.1f} s {run.cpu:5.1f} s  {moved.seconds / run.seconds:5.2f}"
        f" {run.ratio:4.2f}  {moved.megabytes:3.0f} MB  {complaints or 'verified'}"
        + (f"; again {again.seconds:.1f} s, {again.cpu:.1f} s CPU" if again else "")
    )


def prepare(url: str, people: int) -> int:
    """Make a legacy database beside an empty unified schema; return its number of rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        for _, script in schema_scripts():
            connection.execute(script.encode())
        create_tables(connection)
        fill(connection, LegacyData(people))
        connection.execute("VACUUM ANALYZE")
        counts = [
            connection.execute(f"SELECT count(*) FROM public.{table}".encode()).fetchone()  # noqa: S608 our own names
            for table in TABLES
        ]
    return sum(count[0] for count in counts if count)


def in_a_process_of_its_own(url: str, *, dry_run: bool) -> Moved:
    """Call until it is done, as an admin would; a fresh process shows what a function needs."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(move, (url, dry_run))


def move(url: str, dry_run: bool) -> Moved:
    """The calls of one migration."""
    deps = Deps(Settings(postgres_url=url, encryption_key=ENCRYPTION_KEY))
    calls: list[float] = []
    python_before = time.process_time()
    while True:
        started = time.perf_counter()
        run = migrate(deps, dry_run=dry_run)
        calls.append(time.perf_counter() - started)
        if run.phase is Phase.DONE:
            break
    with deps.postgres.transaction() as transaction:  # every call used this connection
        cpu = cpu_of(transaction.connection) + time.process_time() - python_before
    deps.close()
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Moved(sum(calls), cpu, len(calls), max(calls), kilobytes / 1024, objections(run))


def write_bare(url: str) -> tuple[float, float]:
    """Seconds and CPU seconds of the floor, in one transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(floor["keep_result"].text)
        connection.execute(floor["empty_unified"].text)
        connection.execute("VACUUM ANALYZE")
        started, before = time.perf_counter(), cpu_of(connection)
        with connection.transaction():
            for name in ("insert_students", "insert_sessions", "insert_step_progress"):
                connection.execute(floor[name].text)
        return time.perf_counter() - started, cpu_of(connection) - before


def cpu_of(connection: psycopg.Connection[Any]) -> float:
    """CPU seconds of the server's process behind a connection so far; Linux tells them."""
    stat = Path(f"/proc/{connection.info.backend_pid}/stat").read_text(encoding="ascii")
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / CLOCK_TICKS


if __name__ == "__main__":
    main()
