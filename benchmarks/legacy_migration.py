"""The cost of a migration, compared with a bare INSERT … SELECT of the same rows.

`make bench ARGS=legacy_migration` migrates 10,000 and 100,000 people; PEOPLE=1000000 migrates a
million instead (half an hour, 25 GB of disk), and several sizes are separated by commas.
For the bare insert, called the floor here, the rows that the migration made are copied into three
plain tables; the insert stores them in the same unified tables, with the same indexes, constraints
and triggers. "CPU" is the CPU time of Postgres; for a migration it includes the function's, but not
the start of Python. Other programs on the machine lengthen the elapsed time a lot, and the CPU time
by a fifth or more. Up to 100,000 people, migration and floor are therefore measured three times, in
turns, and the line printed is that of the run with the median ratio of CPU times, which is printed
after the ratio of elapsed times.
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
REPETITION_UP_TO = 10_000  # people
THRICE_UP_TO = 100_000  # people
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
floor = load_queries(str(Path(__file__).with_name("legacy_floor.sql")))


@dataclass(frozen=True)
class MigrationCost:
    """Cost and outcome of one migration."""

    seconds: float
    cpu: float
    """CPU seconds of Postgres and of the function."""
    calls: int
    slowest_call: float
    """Seconds of the slowest call; the platforms allow 30."""
    megabytes: float
    """Largest resident memory of the process that ran it."""
    objections: list[str]


@dataclass(frozen=True)
class Comparison:
    """A migration, and the floor measured right after it with the same rows."""

    migration: MigrationCost
    repetition: MigrationCost | None
    """A second migration of the same rows, which changes nothing."""
    seconds: float
    """Seconds of the floor."""
    cpu: float
    """CPU seconds of the floor."""

    @property
    def ratio(self) -> float:
        """Return the ratio of the CPU times."""
        return self.migration.cpu / self.cpu


def main() -> None:
    """Print one line for each size."""
    people = os.environ.get("PEOPLE")
    sizes = tuple(map(int, people.split(","))) if people else SIZES
    print(
        "people     legacy rows  migration     CPU  calls  slowest   floor     CPU  ratio  CPU"
        "  memory"
    )
    with running_postgres() as server:
        for size in sizes:
            print(measure(server, size), flush=True)


def measure(server: PostgresServer, people: int) -> str:
    """Generate a database, then compare migration and floor up to three times; return the line."""
    template = f"legacy_{people}"
    rows = prepare(server.create_database(template), people)
    times = 3 if people <= THRICE_UP_TO else 1
    runs = sorted((compare(server, template, people) for _ in range(times)), key=_ratio)
    server.drop_database(template)
    median = runs[times // 2]
    spread = f" ({runs[0].ratio:.2f} to {runs[-1].ratio:.2f})" if times > 1 else ""
    return f"{people:<11,}{rows:<13,}{line(median)}{spread}"


def _ratio(run: Comparison) -> float:
    return run.ratio


def compare(server: PostgresServer, template: str, people: int) -> Comparison:
    """Measure one migration and the floor, in a copy of the database unless it is too large."""
    is_copied = people <= THRICE_UP_TO
    name = f"{template}_copy" if is_copied else template
    url = server.create_database(name, template) if is_copied else server.url(name)
    migration = migrate_in_new_process(url, dry_run=False)
    repetition = migrate_in_new_process(url, dry_run=False) if people <= REPETITION_UP_TO else None
    seconds, cpu = write_bare(url)
    if is_copied:
        server.drop_database(name)
    return Comparison(migration, repetition, seconds, cpu)


def line(run: Comparison) -> str:
    """Return the line that is printed."""
    migration, repetition = run.migration, run.repetition
    all_objections = [*migration.objections, *(repetition.objections if repetition else [])]
    return (
        f"{migration.seconds:6.1f} s {migration.cpu:6.1f} s  {migration.calls:5}"
        f" {migration.slowest_call:6.1f} s"
        f" {run.seconds:6.1f} s {run.cpu:5.1f} s  {migration.seconds / run.seconds:5.2f}"
        f" {run.ratio:4.2f}  {migration.megabytes:3.0f} MB  {all_objections or 'verified'}"
        + (f"; again {repetition.seconds:.1f} s, {repetition.cpu:.1f} s CPU" if repetition else "")
    )


def prepare(url: str, people: int) -> int:
    """Create a legacy database beside an empty unified schema; return its number of rows."""
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


def migrate_in_new_process(url: str, *, dry_run: bool) -> MigrationCost:
    """Migrate in a new process, whose memory is like that of a deployed function."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure_migration, (url, dry_run))


def measure_migration(url: str, dry_run: bool) -> MigrationCost:
    """Call `migrate` until the migration is done; return the cost."""
    deps = Deps(Settings(postgres_url=url, encryption_key=ENCRYPTION_KEY))
    calls: list[float] = []
    python_before = time.process_time()
    while True:
        start = time.perf_counter()
        run = migrate(deps, dry_run=dry_run)
        calls.append(time.perf_counter() - start)
        if run.phase is Phase.DONE:
            break
    with deps.postgres.transaction() as transaction:  # every call used this connection
        cpu = cpu_of(transaction.connection) + time.process_time() - python_before
    deps.close()
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return MigrationCost(sum(calls), cpu, len(calls), max(calls), kilobytes / 1024, objections(run))


def write_bare(url: str) -> tuple[float, float]:
    """Return the seconds and the CPU seconds of the floor."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(floor["keep_result"].text)
        connection.execute(floor["empty_unified"].text)
        connection.execute("VACUUM ANALYZE")
        start, cpu_before = time.perf_counter(), cpu_of(connection)
        with connection.transaction():
            for name in ("insert_students", "insert_sessions", "insert_step_progress"):
                connection.execute(floor[name].text)
        return time.perf_counter() - start, cpu_of(connection) - cpu_before


def cpu_of(connection: psycopg.Connection[Any]) -> float:
    """Return the CPU seconds of the connection's server process, from Linux's /proc."""
    stat = Path(f"/proc/{connection.info.backend_pid}/stat").read_text(encoding="ascii")
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / CLOCK_TICKS


if __name__ == "__main__":
    main()
