"""Statements of calibrations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session

from lib.learning.mastery_model.calibration import Calibration
from lib.learning.tables import MasteryCalibration, QuestionAttempt, StudentSkill
from lib.learning.tables.base import new_id


@dataclass(frozen=True)
class StudentAnswers:
    """Number of answers of a student."""

    student_id: UUID
    answers: int


def count_answers(db: Session) -> list[StudentAnswers]:
    """Return the students with answers, those with the newest answer first."""
    newest = func.max(QuestionAttempt.timestamp)
    rows = db.execute(
        select(QuestionAttempt.student_id, func.count())
        .group_by(QuestionAttempt.student_id)
        .order_by(newest.desc(), QuestionAttempt.student_id)
    )
    return [StudentAnswers(*row) for row in rows]


def last_total(db: Session) -> int:
    """Return the number of answers that existed at the last calibration; 0 before the first."""
    newest = (MasteryCalibration.created_at.desc(), MasteryCalibration.id.desc())
    query = select(MasteryCalibration.attempts).order_by(*newest).limit(1)
    return db.execute(query).scalar() or 0


def add_calibration(db: Session, calibration: Calibration, total: int, now: datetime) -> None:
    """Store a calibration, which is the one in use from now on.

    Args:
        db: The session.
        calibration: The calibration.
        total: Number of answers that exist now.
        now: Time of the call.
    """
    db.execute(
        insert(MasteryCalibration).values(
            id=new_id(),
            version=calibration.version,
            attempts=total,
            coefficients=calibration.to_values(),
            created_at=now,
            updated_at=now,
        )
    )


def list_stale(db: Session, version: str, among: Sequence[UUID]) -> list[UUID]:
    """Return the students whose mastery was not computed with the calibration in use.

    Args:
        db: The session.
        version: Version of the calibration in use.
        among: Students to check; they keep their order.
    """
    is_stale = or_(StudentSkill.calibration.is_(None), StudentSkill.calibration != version)
    rows = db.execute(
        select(QuestionAttempt.student_id)
        .outerjoin(StudentSkill, StudentSkill.student_id == QuestionAttempt.student_id)
        .where(QuestionAttempt.student_id.in_(among), is_stale)
        .distinct()
    )
    stale = set(rows.scalars())
    return [student_id for student_id in among if student_id in stale]
