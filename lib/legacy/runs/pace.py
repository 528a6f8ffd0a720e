"""The pace of a migration: how long a call works, and how much one batch moves."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """Limits of one migration; the defaults suit the platforms."""

    call_seconds: float = 18.0
    """Seconds of work in one call; the platforms end a request after 30 s, and the commit and the
    report need time, too."""
    batch_seconds: float = 5.0
    """Intended seconds of a batch. Every batch also reads the legacy tables, so few are better."""
    batch_margin: float = 1.5
    """Greatest expected ratio of a batch's time to that of the batch before it, because other
    programs share the machine."""
    first_people: int = 50_000
    """Rows of the first batch of people, when the speed of the database is unknown."""
    first_sessions: int = 8_000
    """Rows of the first batch of sessions, which take longer than people."""
    people_growth: int = 4
    """Greatest ratio of the widths of two successive batches of people."""
    sessions_growth: int = 2
    """Greatest ratio of the widths of two successive batches of sessions."""
    fewest_batches: int = 1
    """Fewest batches of a phase."""
    most_batches: int = 512
    """Most batches of a phase, unless calls are killed; each batch has costs of its own."""
    keys_at_once: int = 5_000
    """API keys in memory while they are encrypted."""
    checking_share: float = 0.5
    """Greatest expected ratio of the final checks' time to the time of all batches; 0.25 was
    measured."""
    idle_seconds: float = 1.0
    """A call that has moved rows for less than this may still start the final checks."""


DEFAULT_PACE = Pace()
