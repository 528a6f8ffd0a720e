"""Plans of a day, of a week, and until the exam; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lib.learning.decision.memory import FloatArray
from lib.learning.decision.planning import PlannedSession, StudyTime, plan_study
from lib.learning.decision.student_model import StudentState
from lib.learning.decision.topic_graph import MINUTES_PER_HOUR, TopicGraph
from lib.learning.tables.closed_lists import PlanType

LONGEST_PLAN_DAYS = 60
"""Days after which a countdown ends, even if the exam is later."""
DAYS_WITHOUT_DATE = 180
"""Days to the exam of a student who has set no date."""
DAYS = {PlanType.DAILY: 1, PlanType.WEEKLY: 7, PlanType.EXAM_COUNTDOWN: LONGEST_PLAN_DAYS}
MOVED = 0.15
"""Change of a topic's mastery, 0 to 1, from which on a plan is made anew."""


@dataclass(frozen=True)
class StudyPlan:
    """A plan with its days."""

    plan_type: PlanType
    days: tuple[tuple[PlannedSession, ...], ...]
    """Sessions of each day; none on a day without time."""

    @property
    def minutes(self) -> float:
        """Minutes of all sessions."""
        return sum(each.minutes for day in self.days for each in day)

    @property
    def revision_minutes(self) -> float:
        """Minutes of the sessions on topics that are known by then."""
        return sum(each.minutes for day in self.days for each in day if each.is_revision)


def make_study_plan(
    graph: TopicGraph,
    state: StudentState,
    plan_type: PlanType,
    hours_per_day: float,
    days_to_exam: int | None,
    gate: FloatArray | None = None,
    attendance: float = 0.9,
) -> StudyPlan:
    """Return a plan that begins today and ends before the exam.

    Args:
        graph: The topics.
        state: The student today.
        plan_type: The length of the plan.
        hours_per_day: Hours that the student declared, 0 or more.
        days_to_exam: Days until the exam; None if there is no date. A plan has no days if it is 0
            or less.
        gate: Recorded mastery that opens topics, 0 to 1, shape (n,).
        attendance: Expected share of the declared time that is studied, above 0, at most 1.
    """
    until_exam = DAYS_WITHOUT_DATE if days_to_exam is None else max(days_to_exam, 0)
    length = min(DAYS[plan_type], until_exam)
    time = StudyTime([hours_per_day * MINUTES_PER_HOUR] * until_exam, attendance)
    days: list[list[PlannedSession]] = [[] for _ in range(length)]
    for each in plan_study(graph, state, time, length, gate):
        days[each.day].append(each)
    return StudyPlan(plan_type, tuple(tuple(day) for day in days))


def is_outdated(planned_for: Mapping[Any, float], now: Mapping[Any, float]) -> bool:
    """Return whether the mastery of a topic has moved too much since a plan was made.

    Args:
        planned_for: Mastery of each topic for which the plan was made, 0 to 1.
        now: Mastery of each topic now.
    """
    return any(
        abs(mastery - planned_for[topic]) > MOVED
        for topic, mastery in now.items()
        if topic in planned_for
    )
