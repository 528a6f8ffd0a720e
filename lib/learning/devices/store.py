"""Statements of lists of devices."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from lib.learning.tables import Class, StudentProfile, SyncDevice, User


@dataclass(frozen=True)
class DeviceRow:
    """A device with the name of its student."""

    id: UUID
    name: str | None
    student_id: UUID
    student_name: str | None
    last_sync: datetime
    pending: int
    rejected: int


def list_devices(
    db: Session,
    after: tuple[datetime, UUID] | None,
    limit: int,
    *,
    student_id: UUID | None = None,
    class_id: UUID | None = None,
    teacher_id: UUID | None = None,
) -> list[DeviceRow]:
    """Return a page of the devices of a student, of a class, of a teacher's classes, or all.

    Args:
        db: The session.
        after: Last sync and id of the last device of the page before; None for the first page.
        limit: Maximum number of devices to return.
        student_id: Student whose devices are wanted.
        class_id: Class of the students whose devices are wanted.
        teacher_id: Teacher of the students whose devices are wanted.
    """
    query = (
        select(
            SyncDevice.id,
            SyncDevice.name,
            SyncDevice.student_id,
            User.username,
            SyncDevice.last_sync,
            SyncDevice.pending,
            SyncDevice.rejected,
        )
        .join(StudentProfile, StudentProfile.id == SyncDevice.student_id)
        .outerjoin(User, User.id == StudentProfile.user_id)
        .outerjoin(Class, Class.id == StudentProfile.class_id)
    )
    if student_id is not None:
        query = query.where(SyncDevice.student_id == student_id)
    if class_id is not None:
        query = query.where(StudentProfile.class_id == class_id)
    if teacher_id is not None:
        query = query.where(Class.teacher_id == teacher_id)
    if after is not None:
        query = query.where(tuple_(SyncDevice.last_sync, SyncDevice.id) < after)
    newest_first = (SyncDevice.last_sync.desc(), SyncDevice.id.desc())
    return [DeviceRow(*row) for row in db.execute(query.order_by(*newest_first).limit(limit))]
