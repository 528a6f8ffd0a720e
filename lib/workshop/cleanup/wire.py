"""Response of cleanup-sessions."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from lib.web.wire import CamelBody
from lib.workshop.cleanup.clean_up import CleanupResult


class WorkshopCleanupOut(CamelBody):
    """Number of rows that this run changed or removed."""

    success: Literal[True] = True
    message: str
    closed_sessions: Annotated[
        int, Field(description="Expired sessions that were closed, and their API keys removed.")
    ]
    deleted_sessions: Annotated[
        int, Field(description="Sessions that were removed after their retention time.")
    ]
    deleted_students: int
    deleted_reports: int
    pruned_keys: int
    done: Annotated[bool, Field(description="False if rows are left for the next run.")]
    audit_intact: bool | None
    timestamp: datetime

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
