"""Tables that only a device has, besides those of the learning context.

`sync_operations` takes the place of the server's table of that name, which holds the changes that
it has received. These tables have no foreign keys, so that an operation in a damaged file can be
saved without the row that it changes.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, MetaData, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from lib.learning.tables.base import JSON_DOCUMENT, Base, UtcDateTime, new_id
from lib.learning.tables.closed_lists import OperationType, one_of


class OperationState(StrEnum):
    """Outcome of an operation at the server."""

    PENDING = "pending"  # not decided yet
    APPLIED = "applied"  # the server holds it
    REJECTED = "rejected"  # the server refused it; kept for the user to see


class DeviceBase(DeclarativeBase):
    """Base of the device's own tables."""

    metadata = MetaData(naming_convention=Base.metadata.naming_convention)
    type_annotation_map = {  # noqa: RUF012 SQLAlchemy declares it so
        datetime: UtcDateTime(),
        UUID: Uuid(),
        dict[str, Any]: JSON_DOCUMENT,
    }


class Operation(DeviceBase):
    """A change of one row, written in the transaction that changes the row."""

    __tablename__ = "sync_operations"
    __table_args__ = (
        CheckConstraint(one_of("kind", OperationType), "kind"),
        CheckConstraint(one_of("state", OperationState), "state"),
        # Serves the lists of pending and rejected operations, and the count of each state.
        Index("idx_operations_state", "state", "sequence"),
        {"sqlite_autoincrement": True},
    )

    sequence: Mapped[int] = mapped_column(primary_key=True)
    """Place in the order of the changes on this device; never used twice."""
    id: Mapped[UUID] = mapped_column(unique=True, default=new_id)
    """Id by which the server recognises repetitions."""
    table_name: Mapped[str]
    row_id: Mapped[str]
    kind: Mapped[str]
    columns: Mapped[dict[str, Any]]
    """New values by column; empty for a deletion."""
    clock: Mapped[str]
    """Reading of the clock at the change, as text; sorting these texts puts changes in order."""
    created_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default=OperationState.PENDING.value)
    code: Mapped[str | None]
    """Code of the server's refusal."""
    reason: Mapped[str | None]
    """The server's refusal, for people."""


class StoredValue(DeviceBase):
    """A value about the device itself, stored in the transaction that changes what it describes."""

    __tablename__ = "device_values"

    name: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]


class SetAsideRow(DeviceBase):
    """A row or column of an imported file that no table here can hold."""

    __tablename__ = "device_set_aside"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    """Id made from the file's device, the table, the row and the reason, so that importing again
    adds nothing."""
    origin: Mapped[str]
    """Device of the imported file."""
    table_name: Mapped[str]
    content: Mapped[dict[str, Any]]
    reason: Mapped[str]
