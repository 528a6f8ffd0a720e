"""One migration, over as many calls as it takes: its lock, its cursor, its sums."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from lib.database.advisory_lock import lock_tables
from lib.database.queries import load_queries, load_script
from lib.database.schema import OLD_OVERLOADS
from lib.database.statements import as_jsonb
from lib.legacy.errors import UnifiedSchemaNotFound

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

FIRST_HASH, END_OF_HASHES = -(2**31), 2**31  # of Postgres's hashtext()
FIRST_BATCH_ROWS = 50_000  # of people; nobody knows yet how fast the database is
FIRST_SESSION_ROWS = 8_000  # the same for sessions, which cost more
BATCH_SECONDS = 5.0  # of work; each batch reads the legacy tables besides, so few are better
MOST_BATCHES = 512  # of a phase, unless a call was killed: each costs time of its own besides
CHECKSUM_BITS = 64

SCRIPTS = (
    "legacy/schema/tables.sql",
    "legacy/schema/merging.sql",
    "legacy/schema/sources.sql",
    "legacy/schema/old_tables.sql",
    OLD_OVERLOADS,
)

queries = load_queries("legacy/runs.sql")


class Phase(StrEnum):
    """What the cursor runs over."""

    PEOPLE = "people"
    SESSIONS = "sessions"
    CHECKING = "checking"
    DONE = "done"


WIDEST_STEPS = {Phase.PEOPLE: 4, Phase.SESSIONS: 2}
"""How much wider a batch may be than the one before it, which tells little of much wider ones."""
PHASE_SPANS = {
    Phase.PEOPLE: (0.0, 0.2),
    Phase.SESSIONS: (0.2, 0.95),
    Phase.CHECKING: (0.95, 1.0),
    Phase.DONE: (1.0, 1.0),
}
"""Shares of the work, roughly: where a phase begins and ends, 0 to 1."""


@dataclass(frozen=True)
class Run:
    """A row of legacy.migration_runs."""

    id: int
    dry_run: bool
    status: str
    phase: Phase
    next_hash: int
    batch_hashes: int
    counts: dict[str, int]
    """Sums over all batches, such as `sessions.created`; names are those of verification.sql."""
    sources: dict[str, int | None]
    """Rows of each legacy table when it was last counted; None where the table is absent."""
    verified: bool | None
    interruptions: int
    calls: int
    """That have worked on it, this one included."""
    started_at: datetime

    def __post_init__(self) -> None:
        """The database gives the phase as text."""
        object.__setattr__(self, "phase", Phase(self.phase))

    @property
    def batch_end(self) -> int:
        """Hash at which the next batch ends."""
        return min(self.next_hash + self.batch_hashes, END_OF_HASHES)

    @property
    def in_parts(self) -> bool:
        """Whether its parts were rolled back one by one, so that nothing sees them together."""
        return self.dry_run and self.calls > 1

    @property
    def fraction_done(self) -> float:
        """0 to 1, over all phases."""
        begins, ends = PHASE_SPANS[self.phase]
        return begins + (ends - begins) * (self.next_hash - FIRST_HASH) / (
            END_OF_HASHES - FIRST_HASH
        )

    def advanced(self, counted: "Counts", seconds: float) -> "Run":
        """The run after a batch that took so long, reading the legacy tables not counted.

        A narrower batch reads all of them, too: if that counted, a slow disk would make batches
        narrower without end, and the run would never be over. For what else a batch costs whatever
        its width, MOST_BATCHES sets a limit.
        """
        end = self.batch_end
        done = end == END_OF_HASHES
        following = Phase.SESSIONS if self.phase is Phase.PEOPLE else Phase.CHECKING
        return replace(
            self,
            counts=counted.added_to(self.counts),
            phase=following if done else self.phase,
            next_hash=FIRST_HASH if done else end,
            batch_hashes=min(
                _next_width(self.batch_hashes, seconds),
                self.batch_hashes * WIDEST_STEPS[self.phase],
            ),
        )


@dataclass
class Counts:
    """Sums of one batch."""

    sums: dict[str, int] = field(default_factory=dict)
    reading_seconds: float = 0.0
    """Of the batch's time: what it took to find its rows in the legacy tables."""

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Time a statement that reads the legacy tables."""
        began = time.monotonic()
        yield
        self.reading_seconds += time.monotonic() - began

    def add(self, name: str, value: int) -> None:
        """Add to a sum."""
        self.sums[name] = self.sums.get(name, 0) + int(value)

    def added_to(self, before: dict[str, int]) -> dict[str, int]:
        """The sums of all batches; checksums wrap around."""
        total = dict(before)
        for name, value in self.sums.items():
            total[name] = total.get(name, 0) + value
            if name.startswith("checksum."):
                total[name] %= 2**CHECKSUM_BITS
        return total


def prepare(transaction: "Transaction") -> None:
    """Lock, and make the tables and functions of this context.

    Raises:
        AlreadyRunning: If something else holds the lock.
        UnifiedSchemaNotFound: If there is nothing to move to.
    """
    lock_tables(transaction)
    if not unified_schema_exists(transaction):
        raise UnifiedSchemaNotFound
    make_schema(transaction)


def unified_schema_exists(transaction: "Transaction") -> bool:
    """Whether the tables to move to are there, and up to date."""
    return bool(transaction.fetch_value(queries["unified_schema_exists"]))


def make_schema(transaction: "Transaction") -> None:
    """Make the tables and functions of this context; may run again and again."""
    for script in SCRIPTS:
        transaction.execute_script(load_script(script))


def begin(
    transaction: "Transaction", *, dry_run: bool, before: Callable[[], dict[str, int]]
) -> Run:
    """The run to go on with, or a new one that counts what is there before it; now running."""
    if not dry_run:
        transaction.execute(queries["forget_paused_dry_runs"])
    run = transaction.fetch_one(queries["open_run"], {"dry_run": dry_run}, Run)
    if run is None:
        if dry_run:
            transaction.execute(queries["forget_dry_runs"])
        rows = transaction.fetch_value(queries["count_rows_to_move"])
        started = transaction.fetch_one(
            queries["start_run"],
            {
                "dry_run": dry_run,
                "batch_hashes": _width(FIRST_BATCH_ROWS, rows),
                "counts": as_jsonb(before()),
            },
            Run,
        )
        assert started is not None  # noqa: S101 INSERT … RETURNING gives a row
        return started
    if run.status == "running":  # nobody holds the lock, so that call was killed
        run = replace(
            run,
            interruptions=run.interruptions + 1,
            batch_hashes=max(1, run.batch_hashes // 2),
        )
    run = replace(run, calls=run.calls + 1)
    marks = ("id", "batch_hashes", "interruptions", "calls")
    transaction.execute(queries["mark_running"], {name: getattr(run, name) for name in marks})
    return run


def begin_sessions(transaction: "Transaction", run: Run) -> Run:
    """The run with a first batch of sessions that is safe on a slow machine.

    What people cost tells nothing of them: a session has JSON, steps and keys.
    """
    rows = transaction.fetch_value(queries["count_rows_to_move"])
    return replace(run, batch_hashes=min(run.batch_hashes, _width(FIRST_SESSION_ROWS, rows)))


def save(transaction: "Transaction", run: Run) -> None:
    """Store how far it is."""
    params: dict[str, Any] = {
        "id": run.id,
        "status": "completed" if run.phase is Phase.DONE else "paused",
        "phase": run.phase.value,
        "next_hash": run.next_hash,
        "batch_hashes": run.batch_hashes,
        "counts": as_jsonb(run.counts),
        "sources": as_jsonb(run.sources),
        "verified": run.verified,
    }
    transaction.execute(queries["save_run"], params)


def prefixed(prefix: str, row: dict[str, Any], names: Iterable[str]) -> dict[str, int]:
    """`{"<prefix>.<name>": value}` of some columns."""
    return {f"{prefix}.{name}": int(row[name]) for name in names}


def _width(wanted: int, rows: int) -> int:
    """Hashes that so many of the legacy tables' rows have, about."""
    hashes = END_OF_HASHES - FIRST_HASH
    return min(hashes, max(1, hashes * wanted // max(rows, 1)))


def _next_width(width: int, seconds: float) -> int:
    hashes = END_OF_HASHES - FIRST_HASH
    factor = max(1 / 32, BATCH_SECONDS / max(seconds, 0.001))
    return min(hashes, max(int(width * factor), min(width, hashes // MOST_BATCHES)))
