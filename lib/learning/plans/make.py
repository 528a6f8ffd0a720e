"""Making and reading of study plans."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from pydantic import ValidationError

from lib.learning.current_user import Call
from lib.learning.decision.priority import DAYS_WITHOUT_DATE, MASTERED, Recommendation
from lib.learning.errors import ExamOver
from lib.learning.ids import live_id
from lib.learning.plans import store
from lib.learning.plans.planner import (
    MAX_EXAM_DAYS,
    DayPlan,
    hours_missing,
    plan_days,
    weightiest,
)
from lib.learning.plans.store import PlanRow
from lib.learning.plans.wire import (
    AllocationOut,
    DailyPlanOut,
    LivePlanOut,
    LivePlansOut,
    LiveStoredPlanOut,
    PlanAnswer,
    PlanOut,
    PlansAnswer,
)
from lib.learning.recommendations.recommend import Situation, situation_of
from lib.learning.students.student import changeable_student, own_or_named, readable_student
from lib.learning.tables.base import new_id
from lib.learning.tables.closed_lists import PlanType
from lib.learning.transactions import transaction

DAYS = {PlanType.DAILY: 1, PlanType.WEEKLY: 7}
MOVED = 15.0
"""Change of a topic's mastery from which on a plan is made anew."""
WEAKEST = 2
"""Number of concepts that the goals of a topic name."""


def make_live_plan(
    call: Call, sent_id: str, plan_type: PlanType, start: date | None
) -> LivePlanOut:
    """Make a plan in the live system's shape, in place of the current one of its period.

    Raises:
        StudentClosed, StudentNotFound: As for `changeable_student`.
        ExamOver: If the plan is for an exam that is over.
    """
    student = changeable_student(call, sent_id)
    row, plan = _make(call, situation_of(call, student), plan_type, start)
    return LivePlanOut(plan_id=live_id(row.id, row.former_id), plan_type=plan_type, plan=plan)


def make_plan(call: Call, plan_type: PlanType, start: date | None) -> PlanAnswer:
    """Make a plan for the caller, in place of the current one of its period.

    Raises:
        NotStudent: If the caller is not a student.
        ExamOver: If the plan is for an exam that is over.
    """
    student = changeable_student(call, call.user.student_id)
    row, plan = _make(call, situation_of(call, student), plan_type, start)
    return _answer(row, plan, is_outdated=False)


def read_plans(call: Call, sent_id: str | None) -> PlansAnswer:
    """Return the current plans of a student; the own ones are made anew if they are outdated.

    Raises:
        NotStudent, StudentClosed, StudentNotFound: As for `own_or_named`.
    """
    student = own_or_named(call, sent_id)
    rows = store.list_plans(call.db, student.id, None, len(PlanType), active_only=True)
    situation = situation_of(call, student)
    answers = []
    for row in rows:
        is_outdated = _is_outdated(row, situation)
        if is_outdated and student.id == call.user.profile_id:
            with suppress(ExamOver):
                answers.append(_answer(*_make(call, situation, row.plan_type, None), False))
                continue
        answers.append(_answer(row, plan_of(row), is_outdated))
    return PlansAnswer(student_id=student.id, plans=answers)


def list_live_plans(
    call: Call, sent_id: str, plan_type: PlanType | None, limit: int
) -> LivePlansOut:
    """Return a student's plans in the live system's shape, newest first.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
    """
    student = readable_student(call, sent_id)
    rows = store.list_plans(call.db, student.id, plan_type, limit)
    plans = [_live_stored(row) for row in rows]
    return LivePlansOut(student_id=student.live_id, count=len(plans), plans=plans)


def plan_of(row: PlanRow) -> PlanOut:
    """Return a stored plan; of an adopted one, the topics that can be read."""
    content = row.content if isinstance(row.content, dict) else {"topics": row.content}
    with suppress(ValidationError):
        return PlanOut.model_validate(content.get("plan"))
    topics: list[AllocationOut] = []
    sent = content.get("topics")
    for each in sent if isinstance(sent, list) else []:
        with suppress(ValidationError, TypeError):
            topics.append(AllocationOut.model_validate({"goals": [], "priority_score": 0} | each))
    start, end = row.start_date.date().isoformat(), row.end_date.date().isoformat()
    return PlanOut(
        date=start,
        topics=topics,
        total_hours=sum(topic.allocated_hours for topic in topics),
        revision_topics=[],
        start_date=start,
        end_date=end,
        daily_plans=[],
        high_priority_topics=[],
        warning=None,
    )


def _make(
    call: Call, situation: Situation, plan_type: PlanType, start: date | None
) -> tuple[PlanRow, PlanOut]:
    first_day = start or call.now.astimezone(UTC).date()
    days, exam_day = _period(situation, plan_type, first_day)
    ranked = situation.ranked(MASTERED)
    practised = store.last_practised(call.db, situation.student.id)
    last_studied = {topic: moment.astimezone(UTC).date() for topic, moment in practised.items()}
    hours = situation.student.available_hours_per_day
    day_plans = plan_days(ranked, hours, first_day, days, last_studied, exam_day)
    plan = _plan_out(day_plans, ranked, situation, plan_type)
    row = PlanRow(
        id=new_id(),
        former_id=None,
        plan_type=plan_type,
        start_date=_midnight(first_day),
        end_date=_midnight(day_plans[-1].date),
        content={"plan": plan.model_dump(mode="json"), "masteries": _masteries(situation)},
        created_at=call.now,
        is_active=True,
    )
    with transaction(call.db):
        store.replace_plan(call.db, situation.student.id, row)
    return row, plan


def _period(situation: Situation, plan_type: PlanType, first_day: date) -> tuple[int, date | None]:
    """Return the number of days of a plan, and the day of the exam if the plan leads to it."""
    if plan_type is not PlanType.EXAM_COUNTDOWN:
        return DAYS[plan_type], None
    exam_date = situation.student.exam_date
    exam_day = (
        exam_date.astimezone(UTC).date()
        if exam_date is not None
        else first_day + timedelta(days=DAYS_WITHOUT_DATE)
    )
    days = (exam_day - first_day).days
    if days <= 0:
        raise ExamOver
    return min(days, MAX_EXAM_DAYS), exam_day


def _plan_out(
    day_plans: Sequence[DayPlan],
    ranked: Sequence[Recommendation],
    situation: Situation,
    plan_type: PlanType,
) -> PlanOut:
    daily = [_day_out(plan, situation) for plan in day_plans]
    is_exam = plan_type is PlanType.EXAM_COUNTDOWN
    heavy = weightiest(ranked) if is_exam else frozenset()
    return PlanOut(
        date=daily[0].date,
        topics=daily[0].topics,
        total_hours=round(sum(day.total_hours for day in daily), 2),
        revision_topics=daily[0].revision_topics,
        start_date=daily[0].date,
        end_date=daily[-1].date,
        daily_plans=daily,
        high_priority_topics=[it.topic.live_id for it in ranked if it.topic.id in heavy],
        warning=_warning(day_plans, ranked, situation, is_exam=is_exam),
    )


def _warning(
    day_plans: Sequence[DayPlan],
    ranked: Sequence[Recommendation],
    situation: Situation,
    *,
    is_exam: bool,
) -> str | None:
    if not ranked:
        return situation.lack(MASTERED)
    missing = hours_missing(ranked, day_plans)
    if is_exam and missing > 0:
        return f"The hours until the exam are too few by {missing:g} for the topics that are open."
    return None


def _day_out(plan: DayPlan, situation: Situation) -> DailyPlanOut:
    topics = situation.syllabus.topics
    return DailyPlanOut(
        date=plan.date.isoformat(),
        topics=[
            AllocationOut(
                topic_id=each.recommendation.topic.live_id,
                topic_name=each.recommendation.topic.name,
                allocated_hours=each.hours,
                priority_score=each.recommendation.priority_score,
                goals=_goals(each.recommendation, situation),
            )
            for each in plan.topics
        ],
        total_hours=plan.total_hours,
        revision_topics=[topics[topic].live_id for topic in plan.revision if topic in topics],
    )


def _goals(recommendation: Recommendation, situation: Situation) -> list[str]:
    """Return what to reach in a topic: its weakest concepts first."""
    score_of = situation.masteries.score_of
    concepts = sorted(
        situation.syllabus.concepts_of[recommendation.topic.id], key=lambda it: score_of(it.id)
    )
    return [
        f"Practise “{concept.name}” until its mastery is above {MASTERED:.0f}"
        f" (now {score_of(concept.id):.0f})."
        for concept in concepts[:WEAKEST]
    ]


def _masteries(situation: Situation) -> dict[str, float]:
    return {
        str(topic_id): mastery
        for topic_id in situation.syllabus.topics
        if (mastery := situation.masteries.of_topic(topic_id, situation.syllabus)) is not None
    }


def _is_outdated(row: PlanRow, situation: Situation) -> bool:
    """Return whether a topic's mastery has moved much since the plan was made."""
    content: Any = row.content
    before = content.get("masteries") if isinstance(content, dict) else None
    if not isinstance(before, dict):
        return False
    now = _masteries(situation)
    return any(
        topic in before and abs(mastery - before[topic]) > MOVED for topic, mastery in now.items()
    )


def _answer(row: PlanRow, plan: PlanOut, is_outdated: bool) -> PlanAnswer:
    return PlanAnswer(
        plan_id=row.id,
        plan_type=row.plan_type,
        created_at=row.created_at,
        plan=plan,
        outdated=is_outdated,
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


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
