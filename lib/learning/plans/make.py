"""Creation and reading of study plans."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from math import ceil, floor
from typing import Any
from uuid import UUID

from lib.learning.current_user import Call
from lib.learning.days import day_of, midnight
from lib.learning.decision.open_topics import MASTERED
from lib.learning.decision.planning import PlannedSession, StudyTime, plan_study
from lib.learning.decision.study_plan import DAYS, DAYS_WITHOUT_DATE, is_outdated
from lib.learning.decision.topic_graph import MINUTES_PER_HOUR
from lib.learning.errors import ExamOver, OwnChoice
from lib.learning.fixed_ids import uuid_of
from lib.learning.ids import live_id
from lib.learning.plan_arms.store import decides_alone
from lib.learning.plans import store
from lib.learning.plans.read import plan_of
from lib.learning.plans.store import PlanRow
from lib.learning.plans.wire import (
    AllocationOut,
    DailyPlanOut,
    LivePlanOut,
    PlanOut,
    PlansOut,
    PredictedResultOut,
    PredictionOut,
    StoredPlanOut,
)
from lib.learning.recommendations.recommend import reason_for_none
from lib.learning.students import store as student_store
from lib.learning.students.student import changeable_student, own_or_named
from lib.learning.study.prediction import PredictedResult, predict_result
from lib.learning.study.situation import Situation, situation_of
from lib.learning.syllabus.syllabus import TopicRow
from lib.learning.tables.closed_lists import PlanType
from lib.learning.transactions import transaction

MAX_GOALS = 2
"""Maximum number of concepts of a topic for which goals are given."""


def make_live_plan(
    call: Call, sent_id: str, plan_type: PlanType, start: date | None
) -> LivePlanOut:
    """Make a plan in the live system's shape, in place of the active one of its type.

    Raises:
        StudentClosed, StudentNotFound: As for `changeable_student`.
        ExamOver: If a countdown would not begin before the exam.
        OwnChoice: If the student decides alone what to study.
    """
    student = changeable_student(call, sent_id)
    row, plan = _make(call, situation_of(call, student), plan_type, start)
    return LivePlanOut(plan_id=live_id(row.id, row.former_id), plan_type=plan_type, plan=plan)


def make_plan(call: Call, plan_type: PlanType, start: date | None) -> StoredPlanOut:
    """Make a plan for the caller, in place of the active one of its type.

    Raises:
        NotStudent: If the caller is not a student.
        ExamOver: If a countdown would not begin before the exam.
        OwnChoice: If the student decides alone what to study.
    """
    student = changeable_student(call, call.user.student_id)
    row, plan = _make(call, situation_of(call, student), plan_type, start)
    return _response(row, plan, is_outdated=False)


def read_plans(call: Call, sent_id: str | None) -> PlansOut:
    """Return the current plans of a student.

    If the caller is this student, outdated plans are made again, except those that `ExamOver` or
    `OwnChoice` refuses.

    Raises:
        NotStudent, StudentClosed, StudentNotFound: As for `own_or_named`.
    """
    student = own_or_named(call, sent_id)
    rows = store.list_plans(call.db, student.id, None, len(PlanType), active_only=True)
    situation = situation_of(call, student)
    plans = []
    for row in rows:
        is_outdated = _is_outdated(row, situation)
        if is_outdated and student.id == call.user.profile_id:
            with suppress(ExamOver, OwnChoice):
                start = max(situation.today, day_of(row.start_date))
                plans.append(_response(*_make(call, situation, row.plan_type, start), False))
                continue
        plans.append(_response(row, plan_of(row), is_outdated))
    return PlansOut(
        student_id=student.id, plans=plans, prediction=_prediction_out(predict_result(situation))
    )


def _prediction_out(result: PredictedResult | None) -> PredictedResultOut | None:
    if result is None:
        return None
    with_plan, without = (
        PredictionOut(mark=round(it.mean, 1), lower=round(it.low, 1), upper=round(it.high, 1))
        for it in (result.with_plan, result.without_study)
    )
    return PredictedResultOut(days=result.days, with_plan=with_plan, without_study=without)


def _make(
    call: Call, situation: Situation, plan_type: PlanType, start: date | None
) -> tuple[PlanRow, PlanOut]:
    if decides_alone(call.db, situation.student.id):
        raise OwnChoice
    first_day = start or situation.today
    days, until_exam = _period(situation, plan_type, first_day)
    sessions = _sessions(situation, first_day, days, until_exam)
    plan = _plan_out(sessions, situation, plan_type, first_day, until_exam)
    row = PlanRow(
        id=plan_id(situation.student.id, plan_type, first_day),
        former_id=None,
        plan_type=plan_type,
        start_date=midnight(first_day),
        end_date=midnight(first_day + timedelta(days=days - 1)),
        content={
            "plan": plan.model_dump(mode="json"),
            "masteries": _masteries(situation),
            **_declarations(situation),
        },
        created_at=call.now,
        is_active=True,
    )
    with transaction(call.db):
        # The lock keeps simultaneous calls from leaving two active plans of one type.
        student_store.lock_profile(call.db, situation.student.id)
        store.replace_plan(call.db, situation.student.id, row)
    return row, plan


def plan_id(student_id: UUID, plan_type: PlanType, first_day: date) -> UUID:
    """Return the id of a plan, which is the same on the server and on all devices."""
    return uuid_of(f"study_plans:{student_id}:{plan_type.value}:{first_day.isoformat()}")


def _period(situation: Situation, plan_type: PlanType, first_day: date) -> tuple[int, int]:
    """Return the number of days of a plan, and the days from its first day to the exam.

    Without a date, and for a daily or weekly plan that begins on the day of the exam or later,
    `DAYS_WITHOUT_DATE` are assumed.

    Raises:
        ExamOver: If a countdown would begin on the day of the exam or later.
    """
    exam_date = situation.student.exam_date
    until_exam = DAYS_WITHOUT_DATE
    if exam_date is not None:
        until_exam = (day_of(exam_date) - first_day).days
    if until_exam <= 0:
        if plan_type is PlanType.EXAM_COUNTDOWN:
            raise ExamOver
        until_exam = DAYS_WITHOUT_DATE
    days = DAYS[plan_type]
    return (min(days, until_exam) if plan_type is PlanType.EXAM_COUNTDOWN else days), until_exam


def _sessions(
    situation: Situation, first_day: date, days: int, until_exam: int
) -> list[list[PlannedSession]]:
    """Return the sessions of each day; none from `until_exam` days after the first day on."""
    by_day: list[list[PlannedSession]] = [[] for _ in range(days)]
    if not situation.graph.ids:
        return by_day
    minutes = situation.student.available_hours_per_day * MINUTES_PER_HOUR
    for each in plan_study(
        situation.graph,
        situation.committee(first_day).mean(),
        StudyTime([minutes] * until_exam, situation.attendance),
        days,
        situation.gate,
    ):
        by_day[each.day].append(each)
    return by_day


def _plan_out(
    sessions: Sequence[Sequence[PlannedSession]],
    situation: Situation,
    plan_type: PlanType,
    first_day: date,
    until_exam: int,
) -> PlanOut:
    daily = [
        _day_out(first_day + timedelta(days=number), day, situation)
        for number, day in enumerate(sessions)
    ]
    is_exam = plan_type is PlanType.EXAM_COUNTDOWN
    return PlanOut(
        date=daily[0].date,
        topics=daily[0].topics,
        total_hours=round(sum(day.total_hours for day in daily), 2),
        revision_topics=daily[0].revision_topics,
        revisions=daily[0].revisions,
        start_date=daily[0].date,
        end_date=daily[-1].date,
        daily_plans=daily,
        high_priority_topics=_most_rewarding(sessions, situation) if is_exam else [],
        warning=_warning(sessions, situation, until_exam if is_exam else None),
    )


def _most_rewarding(
    sessions: Sequence[Sequence[PlannedSession]], situation: Situation
) -> list[int | UUID]:
    """Return the third of a plan's topics that bring the most marks, rounded up."""
    marks: dict[UUID, float] = {}
    for each in (session for day in sessions for session in day):
        topic_id = UUID(str(each.topic))
        marks[topic_id] = marks.get(topic_id, 0.0) + each.minutes * each.marks_per_minute
    best = sorted(marks, key=lambda it: (-marks[it], situation.syllabus.topics[it].order))
    return [situation.syllabus.topics[it].live_id for it in best[: ceil(len(best) / 3)]]


def _warning(
    sessions: Sequence[Sequence[PlannedSession]], situation: Situation, until_exam: int | None
) -> str | None:
    if not any(sessions):
        return reason_for_none(situation, MASTERED)
    if until_exam is None:
        return None
    topics = situation.syllabus.topics
    needed_hours = sum(
        topics[topic_id].estimated_hours * (100 - mastery) / 100
        for topic_id, mastery in _mastery_by_topic(situation).items()
        if mastery < MASTERED
    )
    missing_hours = needed_hours - until_exam * situation.student.available_hours_per_day
    if missing_hours > 0:
        return (
            f"Mastering every topic takes {missing_hours:.1f} hours more than are left until the"
            " exam."
        )
    return None


def _day_out(day: date, sessions: Sequence[PlannedSession], situation: Situation) -> DailyPlanOut:
    best = max((each.marks_per_minute for each in sessions), default=0.0)
    allocations = {
        is_revision: [
            _allocation(each, best, situation)
            for each in sessions
            if each.is_revision is is_revision
        ]
        for is_revision in (False, True)
    }
    return DailyPlanOut(
        date=day.isoformat(),
        topics=allocations[False],
        total_hours=round(sum(it.allocated_hours for one in allocations.values() for it in one), 2),
        revision_topics=[it.topic_id for it in allocations[True]],
        revisions=allocations[True],
    )


def _allocation(session: PlannedSession, best: float, situation: Situation) -> AllocationOut:
    topic = situation.syllabus.topics[UUID(str(session.topic))]
    share = session.marks_per_minute / best if best > 0 else 0.0
    return AllocationOut(
        topic_id=topic.live_id,
        topic_name=topic.name,
        allocated_hours=_round_down(session.minutes / MINUTES_PER_HOUR),
        priority_score=100 * share,
        goals=_goals(topic, situation),
    )


def _round_down(hours: float) -> float:
    """Return hours rounded down to hundredths, so that no sum exceeds what is available."""
    return int(hours * 100 + 1e-9) / 100


def _goals(topic: TopicRow, situation: Situation) -> list[str]:
    """Return the goals of a session on a topic, one for each of the weakest concepts."""
    score_of = situation.masteries.score_of
    concepts = sorted(situation.syllabus.concepts_of[topic.id], key=lambda it: score_of(it.id))
    return [_goal(concept.name, score_of(concept.id)) for concept in concepts[:MAX_GOALS]]


def _goal(name: str, mastery: float) -> str:
    if mastery >= MASTERED:
        return f"Revise “{name}” (mastery {floor(mastery)})."
    return f"Practise “{name}” until its mastery is above {MASTERED:.0f} (now {floor(mastery)})."


def _mastery_by_topic(situation: Situation) -> dict[UUID, float]:
    return {
        topic_id: mastery
        for topic_id in situation.syllabus.topics
        if (mastery := situation.masteries.of_topic(topic_id, situation.syllabus)) is not None
    }


def _masteries(situation: Situation) -> dict[str, float]:
    return {str(topic_id): mastery for topic_id, mastery in _mastery_by_topic(situation).items()}


def _declarations(situation: Situation) -> dict[str, Any]:
    """Return what the student has declared about hours and exam."""
    student = situation.student
    exam = None if student.exam_date is None else day_of(student.exam_date).isoformat()
    return {"hours_per_day": student.available_hours_per_day, "exam_date": exam}


def _is_outdated(row: PlanRow, situation: Situation) -> bool:
    """Return whether a plan is over, or made for other hours, another exam or other masteries.

    An adopted plan never counts as outdated, since it does not record these.
    """
    content: Any = row.content
    planned_masteries = content.get("masteries") if isinstance(content, dict) else None
    if not isinstance(planned_masteries, dict):
        return False
    declared = _declarations(situation)
    if day_of(row.end_date) < situation.today or declared != {
        name: content.get(name, value) for name, value in declared.items()
    }:
        return True
    return is_outdated(planned_masteries, _masteries(situation))


def _response(row: PlanRow, plan: PlanOut, is_outdated: bool) -> StoredPlanOut:
    return StoredPlanOut(
        plan_id=row.id,
        plan_type=row.plan_type,
        created_at=row.created_at,
        plan=plan,
        outdated=is_outdated,
    )
