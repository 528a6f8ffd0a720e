"""Stored study plans."""

from contextlib import suppress

from pydantic import ValidationError

from lib.learning.current_user import Call
from lib.learning.ids import live_id
from lib.learning.plans import store
from lib.learning.plans.store import PlanRow
from lib.learning.plans.wire import AllocationOut, LivePlansOut, LiveStoredPlanOut, PlanOut
from lib.learning.students.student import readable_student
from lib.learning.tables.closed_lists import PlanType
from lib.web.response_size import within


def list_live_plans(
    call: Call, sent_id: str, plan_type: PlanType | None, limit: int
) -> LivePlansOut:
    """Return a student's plans in the live system's shape, newest first.

    The oldest are left out if the response would become too large.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
    """
    student = readable_student(call, sent_id)
    rows = store.list_plans(call.db, student.id, plan_type, limit)
    plans = list(within(_live_stored(row) for row in rows))
    return LivePlansOut(student_id=student.live_id, count=len(plans), plans=plans)


def plan_of(row: PlanRow) -> PlanOut:
    """Return a stored plan; an adopted one has only the topics that can be read."""
    content = row.content if isinstance(row.content, dict) else {"topics": row.content}
    with suppress(ValidationError):
        return PlanOut.model_validate(content.get("plan"))
    topics: list[AllocationOut] = []
    stored_topics = content.get("topics")
    for each in stored_topics if isinstance(stored_topics, list) else []:
        with suppress(ValidationError, TypeError):
            topics.append(AllocationOut.model_validate({"goals": [], "priority_score": 0} | each))
    start, end = row.start_date.date().isoformat(), row.end_date.date().isoformat()
    return PlanOut(
        date=start,
        topics=topics,
        total_hours=sum(topic.allocated_hours for topic in topics),
        revision_topics=[],
        revisions=[],
        start_date=start,
        end_date=end,
        daily_plans=[],
        high_priority_topics=[],
        warning=None,
    )


def _live_stored(row: PlanRow) -> LiveStoredPlanOut:
    plan = plan_of(row)
    return LiveStoredPlanOut(
        plan_id=live_id(row.id, row.former_id),
        plan_type=row.plan_type,
        plan=plan,
        start_date=row.start_date,
        end_date=row.end_date,
        created_at=row.created_at,
        is_active=row.is_active,
        topics=plan.topics,
    )
