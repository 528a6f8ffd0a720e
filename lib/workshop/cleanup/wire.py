"""Response of cleanup-sessions."""

from datetime import UTC, datetime

from lib.web.wire import CamelSuccessOut, UtcTime
from lib.workshop.cleanup.clean_up import CleanupResult


class WorkshopCleanupOut(CamelSuccessOut):
    """Number of rows that this run changed or removed."""

    message: str
    closed_sessions: int
    """Expired sessions that were closed; their API keys and auth tokens were removed."""
    deleted_sessions: int
    """Sessions that were removed after their retention time."""
    deleted_students: int
    """Students without a session and without a recent enrollment who were removed."""
    deleted_reports: int
    """Events without a session, such as bug reports, removed after their retention time."""
    pruned_keys: int
    """Idempotency keys that were removed after 24 hours."""
    done: bool
    """False if rows may be left for the next run."""
    audit_intact: bool | None
    """Whether no entry of the audit trail was changed; null if the run ended before it was
    verified."""
    timestamp: UtcTime
    """Time of the run's end."""

    @classmethod
    def from_result(cls, result: CleanupResult) -> "WorkshopCleanupOut":
        """Return the response for a run."""
        return cls(
            message="already running" if result.already_running else "cleaned up",
            closed_sessions=result.counts.closed_sessions,
            deleted_sessions=result.counts.deleted_sessions,
            deleted_students=result.counts.deleted_students,
            deleted_reports=result.counts.deleted_reports,
            pruned_keys=result.counts.pruned_keys,
            done=result.done,
            audit_intact=result.audit_intact,
            timestamp=datetime.now(UTC),
        )
