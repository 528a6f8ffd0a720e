"""Allocation of a student's hours to topics, day by day; pure.

A day's topics come in the order of priority. A fifth of the time is for revision, no topic gets
more than half of a day's hours, and the hours of a day are never exceeded.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import ceil
from uuid import UUID

from lib.learning.decision.priority import Recommendation

REVISION_SHARE = 0.2
TOPIC_SHARE = 0.5
REVISION_AFTER_DAYS = (1, 3, 7, 14)
REVISION_HOURS = 0.25
SHORTEST_HOURS = 0.25
"""Shortest session, unless less of a topic is left."""
MAX_EXAM_DAYS = 60
LAST_DAYS = 7
"""Days before the exam that go to the weightiest third of the topics."""
DECIMALS = 2
HUNDREDTHS = 100


@dataclass(frozen=True)
class Allocation:
    """A topic's time on a day."""

    recommendation: Recommendation
    hours: float


@dataclass(frozen=True)
class DayPlan:
    """The plan of one day, UTC."""

    date: date
    topics: tuple[Allocation, ...]
    revision: tuple[UUID, ...]
    """Topics to revise, each for a quarter of an hour."""

    @property
    def total_hours(self) -> float:
        """Hours of the day that are planned."""
        studied = sum(each.hours for each in self.topics)
        return round(studied + REVISION_HOURS * len(self.revision), DECIMALS)


@dataclass
class _Progress:
    """State of the topics after the earlier days of the plan."""

    left: dict[UUID, float]
    """Hours that each topic still needs."""
    studied: dict[UUID, date]
    """Day on which each topic was last begun or revised."""
    revisions: dict[UUID, int] = field(default_factory=dict)
    """Revisions of each topic since it was studied."""


def plan_days(
    recommendations: Sequence[Recommendation],
    hours_per_day: float,
    first_day: date,
    days: int,
    last_studied: Mapping[UUID, date],
    exam_day: date | None = None,
) -> list[DayPlan]:
    """Return a plan for each day.

    Args:
        recommendations: Open topics, the most important first.
        hours_per_day: Hours that the student can study on a day.
        first_day: First day of the plan.
        days: Number of days, 1 or more.
        last_studied: Day, UTC, of the newest answer about each topic that was practised.
        exam_day: Day of the exam; the days before it go to the weightiest topics.
    """
    needed = {each.topic.id: _hours_left(each) for each in recommendations}
    progress = _Progress(needed, dict(last_studied))
    heavy = weightiest(recommendations)
    plans = []
    for number in range(days):
        day = first_day + timedelta(days=number)
        is_last = exam_day is not None and (exam_day - day).days <= LAST_DAYS
        allowed = [it for it in recommendations if it.topic.id in heavy] if is_last else None
        plans.append(
            _plan_day(recommendations if allowed is None else allowed, hours_per_day, day, progress)
        )
    return plans


def weightiest(recommendations: Sequence[Recommendation]) -> frozenset[UUID]:
    """Return the third of the topics that carries most marks, rounded up."""
    by_weight = sorted(
        recommendations, key=lambda each: (-each.topic.exam_weightage, each.topic.order)
    )
    return frozenset(each.topic.id for each in by_weight[: ceil(len(by_weight) / 3)])


def hours_missing(recommendations: Sequence[Recommendation], plans: Sequence[DayPlan]) -> float:
    """Return the hours that the topics need beyond those of the plan."""
    needed = sum(_hours_left(each) for each in recommendations)
    planned = sum(each.hours for plan in plans for each in plan.topics)
    return max(0.0, round(needed - planned, DECIMALS))


def _plan_day(
    recommendations: Sequence[Recommendation], hours: float, day: date, progress: _Progress
) -> DayPlan:
    revision = _revision(hours, day, progress)
    left = hours - REVISION_HOURS * len(revision)
    topics = []
    for each in recommendations:
        topic_id = each.topic.id
        needed = progress.left[topic_id]
        share = _floored(min(needed, hours * TOPIC_SHARE, left))
        if share <= 0 or share < min(SHORTEST_HOURS, needed):
            continue
        topics.append(Allocation(each, share))
        left -= share
        progress.left[topic_id] = needed - share
        progress.studied[topic_id] = day
        progress.revisions[topic_id] = 0
    return DayPlan(day, tuple(topics), tuple(revision))


def _revision(hours: float, day: date, progress: _Progress) -> list[UUID]:
    """Return the topics to revise on a day, the longest overdue first, within a fifth of it."""
    most = int(hours * REVISION_SHARE / REVISION_HOURS + 1e-9)
    if most == 0 and hours >= 2 * REVISION_HOURS:
        most = 1
    due = []
    for topic_id, studied in progress.studied.items():
        done = progress.revisions.get(topic_id, 0)
        after = REVISION_AFTER_DAYS[min(done, len(REVISION_AFTER_DAYS) - 1)]
        overdue = (day - studied).days - after
        if overdue >= 0:
            due.append((-overdue, str(topic_id), topic_id))
    chosen = [topic_id for _, _, topic_id in sorted(due)[:most]]
    for topic_id in chosen:
        progress.studied[topic_id] = day
        progress.revisions[topic_id] = progress.revisions.get(topic_id, 0) + 1
    return chosen


def _hours_left(recommendation: Recommendation) -> float:
    """Return the hours that a topic still needs: those of the part that is not mastered."""
    return recommendation.topic.estimated_hours * recommendation.mastery_gap / 100


def _floored(hours: float) -> float:
    """Return hours rounded down to hundredths, so that no sum exceeds what is available."""
    return int(hours * HUNDREDTHS + 1e-9) / HUNDREDTHS
