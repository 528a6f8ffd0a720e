"""Changes that devices have queued for the server, the log of changes, and the devices."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, false, text
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
    """Student whose row is changed; null for adopted operations, which name no student."""
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


class SyncCounter(Base):
    """The number of a student's last transaction; a lock keeps numbers in the order of commits."""

    __tablename__ = "sync_counters"

    student_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.student_profiles.id", ondelete="CASCADE"), unique=True
    )
    number: Mapped[int] = mapped_column(BigInteger)
    is_complete: Mapped[bool] = mapped_column(server_default=false())
    """Whether the log also contains the rows that were stored before it existed."""


class SyncChange(Base):
    """The last change of a row of a student."""

    __tablename__ = "sync_changes"
    __table_args__ = (
        # At most one entry for each row.
        Index("idx_changes_row", "student_id", "table_name", "row_id", unique=True),
        # Serves the changes that a device does not have yet, in their order.
        Index("idx_changes_number", "student_id", "number", "id"),
    )

    student_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.student_profiles.id", ondelete="CASCADE")
    )
    table_name: Mapped[str]
    row_id: Mapped[UUID]
    number: Mapped[int] = mapped_column(BigInteger)
    """Number of the student's transaction that changed the row."""
    clocks: Mapped[dict[str, Any]]
    """Hybrid logical clocks of the last changes of columns that a device may set; empty before the
    first such change."""
    is_deleted: Mapped[bool] = mapped_column(server_default=false())
    """Whether the row is deleted; its entry remains, so that devices delete it, too."""


class SyncDevice(Base):
    """A device of a student, as its last sync described it."""

    __tablename__ = "sync_devices"
    __table_args__ = (
        CheckConstraint("pending >= 0 AND rejected >= 0 AND syncs >= 0", "counts"),
        Index("idx_devices_student", "student_id", "last_sync"),
    )

    student_id: Mapped[UUID] = mapped_column(
        ForeignKey(f"{SCHEMA}.student_profiles.id", ondelete="CASCADE")
    )
    name: Mapped[str | None]
    """Name of the device, such as that of the browser."""
    schema_version: Mapped[int]
    syncs: Mapped[int]
    """Number of syncs that the device had completed; if it reports fewer, it is an older copy."""
    pending: Mapped[int]
    """Number of changes that the device kept after the last sync: not sent yet, or not decided."""
    rejected: Mapped[int]
    """Number of changes that the device keeps because the server has refused them."""
    last_sync: Mapped[datetime]
