"""What cleanup-sessions answers."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from lib.web.wire import CamelBody
from lib.workshop.cleanup.clean_up import Run


class CleanupOut(CamelBody):
    """Rows touched by this run."""

    success: Literal[True] = True
    message: str
    closed_sessions: Annotated[int, Field(description="Expired: key removed, closed.")]
    deleted_sessions: Annotated[int, Field(description="Past their retention: removed.")]
    deleted_students: int
    deleted_reports: int
    pruned_keys: int
    done: Annotated[bool, Field(description="False when more is left for the next run.")]
    audit_intact: bool | None
    timestamp: datetime

    @classmethod
    def of(cls, run: Run) -> "CleanupOut":
        """Answer for a run."""
        return cls(
            message="already running" if run.already_running else "cleaned up",
            closed_sessions=run.counts.closed_sessions,
            deleted_sessions=run.counts.deleted_sessions,
            deleted_students=run.counts.deleted_students,
            deleted_reports=run.counts.deleted_reports,
            pruned_keys=run.counts.pruned_keys,
            done=run.done,
            audit_intact=run.audit_intact,
            timestamp=datetime.now(UTC),
        )
