"""Statements of profiles."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lib.learning.tables import StudentProfile


def lock_profile(db: Session, student_id: UUID) -> datetime:
    """Lock a profile until the transaction ends, and return the time of its newest change."""
    query = (
        select(StudentProfile.updated_at).where(StudentProfile.id == student_id).with_for_update()
    )
    return db.execute(query).scalar_one()


def lock_profiles(db: Session, student_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Lock profiles until the transaction ends, and return the time of each one's newest change."""
    query = (
        select(StudentProfile.id, StudentProfile.updated_at)
        .where(StudentProfile.id.in_(student_ids))
        .order_by(StudentProfile.id)
        .with_for_update()
    )
    return {row.id: row.updated_at for row in db.execute(query)}


def change_profile(
    db: Session, student_id: UUID, changes: Mapping[str, Any], changed_at: datetime
) -> None:
    """Store changes of a profile, if there are any, with the time at which they were made."""
    if changes:
        db.execute(
            update(StudentProfile)
            .where(StudentProfile.id == student_id)
            .values(**changes, updated_at=changed_at)
        )
