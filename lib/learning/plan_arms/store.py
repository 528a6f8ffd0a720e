"""Statements of arms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from lib.learning.classes.store import MarkRow
from lib.learning.fixed_ids import uuid_of
from lib.learning.tables import ExamMark, PlanArm
from lib.learning.tables.closed_lists import Arm


@dataclass(frozen=True)
class ArmRow:
    """The arm of a student."""

    student_id: UUID
    arm: Arm
    is_drawn: bool
    since: datetime


Arms = Mapping[UUID, ArmRow]
"""Arms by student."""


def arm_id(student_id: UUID) -> UUID:
    """Return the id of the row with a student's arm."""
    return uuid_of(f"plan_arms:{student_id}")


def decides_alone(db: Session, student_id: UUID) -> bool:
    """Return whether a student decides what to study, without recommendations."""
    arm = db.execute(select(PlanArm.arm).where(PlanArm.student_id == student_id)).scalar()
    return arm == Arm.OWN.value


def list_arms(db: Session, student_ids: Sequence[UUID]) -> Arms:
    """Return the arms of those students who belong to one."""
    rows = db.execute(
        select(PlanArm.student_id, PlanArm.arm, PlanArm.is_drawn, PlanArm.since).where(
            PlanArm.student_id.in_(student_ids)
        )
    )
    return {row[0]: ArmRow(row[0], Arm(row[1]), *row[2:]) for row in rows}


def list_marks(db: Session, student_ids: Sequence[UUID]) -> list[MarkRow]:
    """Return marks of exams that students took after joining their arms, newest exam first."""
    rows = db.execute(
        select(ExamMark.student_id, ExamMark.exam, ExamMark.exam_date, ExamMark.mark)
        .join(PlanArm, PlanArm.student_id == ExamMark.student_id)
        .where(ExamMark.student_id.in_(student_ids), ExamMark.exam_date > PlanArm.since)
        .order_by(ExamMark.exam_date.desc(), ExamMark.exam, ExamMark.student_id)
    )
    return [MarkRow(*row) for row in rows]


def replace_arms(
    db: Session, arms: Mapping[UUID, Arm | None], *, is_drawn: bool, by: UUID, now: datetime
) -> None:
    """Store the arms of students; None ends a student's part in a comparison."""
    db.execute(delete(PlanArm).where(PlanArm.student_id.in_(arms)))
    rows = [
        {
            "id": arm_id(student_id),
            "student_id": student_id,
            "arm": arm.value,
            "is_drawn": is_drawn,
            "since": now,
            "assigned_by": by,
            "created_at": now,
            "updated_at": now,
        }
        for student_id, arm in arms.items()
        if arm is not None
    ]
    if rows:
        db.execute(insert(PlanArm), rows)
