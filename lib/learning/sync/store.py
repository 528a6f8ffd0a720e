"""Statements of synchronisation."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from lib.learning.tables import StudentProfile, SyncOperation


@dataclass(frozen=True)
class Received:
    """An operation that the server has received."""

    id: UUID
    student_id: UUID
    operation_type: str
    table_name: str
    record_id: str
    data: dict[str, Any]
    timestamp: datetime


def was_received(db: Session, operation_id: UUID) -> bool:
    """Return whether an operation was applied before."""
    query = select(SyncOperation.id).where(SyncOperation.id == operation_id, SyncOperation.synced)
    return db.execute(query).first() is not None


def record_operation(db: Session, operation: Received, error: str | None, now: datetime) -> None:
    """Store an operation with its outcome, or the outcome of another try."""
    known = db.execute(
        update(SyncOperation)
        .where(SyncOperation.id == operation.id)
        .values(
            synced=error is None,
            last_error=error,
            retry_count=SyncOperation.retry_count + 1,
            updated_at=now,
        )
        .returning(SyncOperation.id)
    ).first()
    if known is None:
        db.execute(
            insert(SyncOperation).values(
                id=operation.id,
                student_id=operation.student_id,
                operation_type=operation.operation_type,
                table_name=operation.table_name,
                record_id=operation.record_id,
                data=operation.data,
                timestamp=operation.timestamp,
                synced=error is None,
                last_error=error,
                created_at=now,
                updated_at=now,
            )
        )


def read_status(db: Session, student_id: UUID) -> tuple[int, datetime | None]:
    """Return the number of operations that were not applied, and the time of the newest upload."""
    failed = func.count().filter(SyncOperation.synced.is_(False))
    query = select(failed, func.max(SyncOperation.updated_at)).where(
        SyncOperation.student_id == student_id
    )
    row = db.execute(query).one()
    return row[0], row[1]


def profile_changed_at(db: Session, student_id: UUID) -> datetime:
    """Return the time of the newest change of a profile, which is locked until the end."""
    query = (
        select(StudentProfile.updated_at).where(StudentProfile.id == student_id).with_for_update()
    )
    return db.execute(query).scalar_one()


def change_profile(
    db: Session, student_id: UUID, changes: dict[str, Any], changed_at: datetime
) -> None:
    """Store changes of a profile with the time at which they were made."""
    db.execute(
        update(StudentProfile)
        .where(StudentProfile.id == student_id)
        .values(**changes, updated_at=changed_at)
    )
