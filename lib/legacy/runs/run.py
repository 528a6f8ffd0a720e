"""The state of one migration, which may take many calls."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from lib.legacy.runs.counts import Counts
from lib.legacy.runs.pace import Pace

LEGACY_TABLES = ("workshop_students", "student_configs", "workshop_sessions")
FIRST_HASH, END_OF_HASHES = -(2**31), 2**31  # the range of Postgres's hashtext()
ALL_HASHES = END_OF_HASHES - FIRST_HASH


class Phase(StrEnum):
    """The part of a run that its cursor is in."""

    PEOPLE = "people"
    SESSIONS = "sessions"
    CHECKING = "checking"
    DONE = "done"


PHASE_SPANS = {
    Phase.PEOPLE: (0.0, 0.2),
    Phase.SESSIONS: (0.2, 0.95),
    Phase.CHECKING: (0.95, 1.0),
    Phase.DONE: (1.0, 1.0),
}
"""Approximate finished shares of the work at the start and at the end of each phase, 0 to 1."""


@dataclass(frozen=True)
class Run:
    """A row of legacy.migration_runs."""

    id: int
    dry_run: bool
    status: str
    phase: Phase
    next_hash: int
    """Cursor of the phase: e-mails or tokens with a lower hash are finished."""
    batch_hashes: int
    """Width of the next batch, in hash values."""
    counts: dict[str, int]
    """Sums over all batches, such as `sessions.created`."""
    sources: dict[str, int | None]
    """Number of rows of each legacy table at the last count; None if the table is absent."""
    verified: bool | None
    interruptions: int
    """Number of calls that were killed."""
    calls: int
    """Number of calls that have worked on the run, including the present one."""
    started_at: datetime

    def __post_init__(self) -> None:
        """Convert the phase, which the database returns as text."""
        object.__setattr__(self, "phase", Phase(self.phase))

    @property
    def batch_end(self) -> int:
        """Hash at which the next batch ends."""
        return min(self.next_hash + self.batch_hashes, END_OF_HASHES)

    @property
    def in_parts(self) -> bool:
        """Whether this is a dry run of several calls, each of which was rolled back."""
        return self.dry_run and self.calls > 1

    @property
    def fraction_done(self) -> float:
        """Finished share of the work of all phases, 0 to 1."""
        start, end = PHASE_SPANS[self.phase]
        return start + (end - start) * (self.next_hash - FIRST_HASH) / ALL_HASHES

    def advanced(self, counts: Counts, seconds: float, pace: Pace) -> "Run":
        """Return the run after a batch.

        Args:
            counts: Sums of the batch.
            seconds: Time of the batch without reading the legacy tables. A narrower batch reads all
                of them, too: if that counted, a slow disk would make batches ever narrower, and the
                run would never end.
            pace: Limits of the next batch's width.
        """
        end = self.batch_end
        done = end == END_OF_HASHES
        next_phase = Phase.SESSIONS if self.phase is Phase.PEOPLE else Phase.CHECKING
        growth = pace.people_growth if self.phase is Phase.PEOPLE else pace.sessions_growth
        return replace(
            self,
            counts=counts.added_to(self.counts),
            phase=next_phase if done else self.phase,
            next_hash=FIRST_HASH if done else end,
            batch_hashes=min(
                _next_width(self.batch_hashes, seconds, pace), self.batch_hashes * growth
            ),
        )

    def interrupted(self) -> "Run":
        """Return the run after a call on it was killed, with a batch of half the width."""
        return replace(
            self,
            interruptions=self.interruptions + 1,
            batch_hashes=max(1, self.batch_hashes // 2),
        )


def width_for(rows: int, all_rows: int) -> int:
    """Return how many hashes a batch of about that many rows has."""
    return min(ALL_HASHES, max(1, ALL_HASHES * rows // max(all_rows, 1)))


def _next_width(width: int, seconds: float, pace: Pace) -> int:
    # A batch is at least a 32nd as wide as the one before it, however slow that was.
    factor = max(1 / 32, pace.batch_seconds / max(seconds, 0.001))
    narrowest = min(width, ALL_HASHES // pace.max_batches)
    return min(ALL_HASHES // pace.min_batches, max(int(width * factor), narrowest))
