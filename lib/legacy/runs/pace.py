"""The pace of a migration: how long a call works, and how much one batch moves."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Limits of one migration; the defaults suit the platforms."""

    call_seconds: float = 18.0
    """Seconds of work in one call; the platforms end a request after 30 s, and the commit and the
    report need time, too."""
    batch_seconds: float = 5.0
    """Intended seconds of a batch. Every batch also reads the legacy tables, so fewer batches are
    faster."""
    batch_margin: float = 1.5
    """Factor for the expected time of the next batch, in case other programs slow it down; a call
    starts a batch only if this time is left."""
    first_people: int = 50_000
    """Rows of the first batch of people, when the speed of the database is unknown."""
    first_sessions: int = 8_000
    """Rows of the first batch of sessions, which take longer than people."""
    people_growth: int = 4
    """Maximum ratio of the widths, in hash values, of two successive batches of people."""
    sessions_growth: int = 2
    """Maximum ratio of the widths, in hash values, of two successive batches of sessions."""
    min_batches: int = 1
    """Minimum number of batches of a phase."""
    max_batches: int = 512
    """Maximum number of batches of a phase, unless calls are killed; a batch has a fixed cost."""
    keys_at_once: int = 5_000
    """Maximum number of API keys in memory while they are encrypted."""
    checking_share: float = 0.5
    """Maximum expected ratio of the final checks' time to the time of all batches, by which the
    first call decides whether to start them; 0.25 was measured."""
    idle_seconds: float = 1.0
    """Seconds that a later call may have spent on moving rows and still start the final checks;
    the first call of a run decides by `checking_share`."""


DEFAULT_PACE = Pace()
