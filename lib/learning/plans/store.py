"""Statements of study plans."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from lib.learning.insertion import insert_into
from lib.learning.tables import StudyPlan
from lib.learning.tables.closed_lists import PlanType

REPLACED_COLUMNS = ("end_date", "topics", "is_active", "created_at", "updated_at")
"""Columns that change when a plan is made again."""


@dataclass(frozen=True)
class PlanRow:
    """A stored plan."""

    id: UUID
    former_id: int | None
    plan_type: PlanType
    start_date: datetime
    end_date: datetime
    content: Any
    """Content as `plans.make` stores it; any JSON if the plan was adopted."""
    created_at: datetime
    is_active: bool


def replace_plan(db: Session, student_id: UUID, plan: PlanRow) -> None:
    """Store a plan as the student's only active plan of its type.

    Plans of one student with the same type and first day have the same id: a new one replaces the
    stored one.
    """
    db.execute(
        update(StudyPlan)
        .where(
            StudyPlan.student_id == student_id,
            StudyPlan.plan_type == plan.plan_type.value,
            StudyPlan.is_active,
        )
        .values(is_active=False, updated_at=plan.created_at)
    )
    statement = insert_into(db, StudyPlan).values(
        id=plan.id,
        student_id=student_id,
        plan_type=plan.plan_type.value,
        start_date=plan.start_date,
        end_date=plan.end_date,
        topics=plan.content,
        is_active=plan.is_active,
        created_at=plan.created_at,
        updated_at=plan.created_at,
    )
    replacement_values = {name: statement.excluded[name] for name in REPLACED_COLUMNS}
    db.execute(statement.on_conflict_do_update(index_elements=["id"], set_=replacement_values))


def list_plans(
    db: Session,
    student_id: UUID,
    plan_type: PlanType | None,
    limit: int,
    *,
    active_only: bool = False,
) -> list[PlanRow]:
    """Return a student's plans, newest first."""
    query = select(
        StudyPlan.id,
        StudyPlan.former_id,
        StudyPlan.plan_type,
        StudyPlan.start_date,
        StudyPlan.end_date,
        StudyPlan.topics,
        StudyPlan.created_at,
        StudyPlan.is_active,
    ).where(StudyPlan.student_id == student_id)
    if plan_type is not None:
        query = query.where(StudyPlan.plan_type == plan_type.value)
    if active_only:
        query = query.where(StudyPlan.is_active)
    ordered = query.order_by(StudyPlan.created_at.desc(), StudyPlan.id.desc()).limit(limit)
    return [PlanRow(row[0], row[1], PlanType(row[2]), *row[3:]) for row in db.execute(ordered)]
