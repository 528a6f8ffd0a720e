"""Changes that devices have queued for the server."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from lib.learning.tables.base import SCHEMA, Adoptable, Base
from lib.learning.tables.closed_lists import OperationType, one_of


class SyncOperation(Adoptable, Base):
    """A change of one row: waiting on a device, or received by the server."""

    __tablename__ = "sync_operations"
    __table_args__ = (
        CheckConstraint(one_of("operation_type", OperationType), "operation_type"),
        # Serves the changes that are still to be sent, oldest first.
        Index("idx_sync_pending", "synced", "timestamp"),
    )

    student_id: Mapped[UUID | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.student_profiles.id", ondelete="CASCADE"), index=True
    )
    """Student whose row it is; null for adopted operations, which do not say."""
    operation_type: Mapped[str]
    table_name: Mapped[str]
    record_id: Mapped[str]
    """Id of the changed row: a UUID, or the number that an old device gave it."""
    data: Mapped[dict[str, Any]]
    timestamp: Mapped[datetime]
    """Time of the change by the clock of the device."""
    synced: Mapped[bool] = mapped_column(server_default=false())
    retry_count: Mapped[int] = mapped_column(server_default=text("0"))
    last_error: Mapped[str | None]
