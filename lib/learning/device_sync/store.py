"""Statements of the synchronisation with devices."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lib.learning.insertion import insert_into
from lib.learning.tables import Class, StudentProfile, StudentSkill, SyncDevice, SyncOperation
from lib.learning.tables.base import ONE_STATEMENT, new_id


@dataclass(frozen=True)
class StoredOutcome:
    """The outcome of a change that was received before."""

    student_id: UUID | None
    was_applied: bool


@dataclass(frozen=True)
class ReceivedChange:
    """A change that the server has decided on."""

    id: UUID
    student_id: UUID
    kind: str
    table_name: str
    row_id: UUID
    content: Mapping[str, Any]
    """Columns, clock and device."""
    timestamp: datetime
    error: str | None
    """Reason of the refusal; None if the change was applied."""


@dataclass(frozen=True)
class StoredDevice:
    """A device that has synchronised before."""

    student_id: UUID
    syncs: int


@dataclass(frozen=True)
class StudentClass:
    """The class of a student."""

    id: UUID
    name: str
    grade: int


def list_outcomes(db: Session, change_ids: Collection[UUID]) -> dict[UUID, StoredOutcome]:
    """Return the outcomes of those changes that were received before."""
    query = select(SyncOperation.id, SyncOperation.student_id, SyncOperation.synced)
    rows = db.execute(query.where(SyncOperation.id.in_(change_ids)))
    return {row[0]: StoredOutcome(row[1], row[2]) for row in rows}


def record_change(db: Session, change: ReceivedChange, now: datetime) -> None:
    """Store a change with its outcome, or the outcome of another try."""
    statement = insert_into(db, SyncOperation)
    replacement_values = {
        name: statement.excluded[name] for name in ("synced", "last_error", "updated_at")
    }
    replacement_values["retry_count"] = SyncOperation.retry_count + 1
    db.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_=replacement_values),
        [
            {
                "id": change.id,
                "student_id": change.student_id,
                "operation_type": change.kind,
                "table_name": change.table_name,
                "record_id": str(change.row_id),
                "data": dict(change.content),
                "timestamp": change.timestamp,
                "synced": change.error is None,
                "last_error": change.error,
                "created_at": now,
                "updated_at": now,
            }
        ],
        execution_options=ONE_STATEMENT,
    )


def mark_stale(db: Session, student_id: UUID, now: datetime) -> None:
    """Mark a student's figures of mastery as stale, so that all answers are counted anew.

    It waits for a call that counts the answers at the moment, since that call cannot see the answer
    that this transaction stores. So the statement has no condition on what is stored already.
    """
    db.execute(
        insert_into(db, StudentSkill)
        .values(id=new_id(), student_id=student_id, created_at=now, updated_at=now)
        .on_conflict_do_update(
            index_elements=["student_id"], set_={"calibration": None, "updated_at": now}
        )
    )


def read_extra(db: Session, student_id: UUID) -> dict[str, Any]:
    """Return the values of a profile for which there is no column."""
    query = select(StudentProfile.extra).where(StudentProfile.id == student_id)
    return dict(db.execute(query).scalar() or {})


def write_extra(db: Session, student_id: UUID, extra: Mapping[str, Any]) -> None:
    """Store the values of a profile for which there is no column."""
    db.execute(
        update(StudentProfile).where(StudentProfile.id == student_id).values(extra=dict(extra))
    )


def find_device(db: Session, device_id: UUID) -> StoredDevice | None:
    """Return a device; None if it has never synchronised."""
    query = select(SyncDevice.student_id, SyncDevice.syncs).where(SyncDevice.id == device_id)
    row = db.execute(query).one_or_none()
    return None if row is None else StoredDevice(*row)


def put_device(
    db: Session, device_id: UUID, student_id: UUID, values: Mapping[str, Any], now: datetime
) -> None:
    """Store the description that a device sends of itself, with the time of its sync."""
    description = {**values, "last_sync": now, "updated_at": now}
    statement = insert_into(db, SyncDevice).values(
        id=device_id, student_id=student_id, created_at=now, **description
    )
    db.execute(
        statement.on_conflict_do_update(
            index_elements=["id"], set_=description, where=SyncDevice.student_id == student_id
        )
    )


def read_class(db: Session, student_id: UUID) -> StudentClass | None:
    """Return the class of a student; None if there is none."""
    row = db.execute(
        select(Class.id, Class.name, Class.grade)
        .join(StudentProfile, StudentProfile.class_id == Class.id)
        .where(StudentProfile.id == student_id)
    ).one_or_none()
    return None if row is None else StudentClass(*row)
