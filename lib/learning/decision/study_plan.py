"""Periods of study plans, and when a plan has to be made again; pure."""

from collections.abc import Mapping
from typing import Any

from lib.learning.tables.closed_lists import PlanType

LONGEST_PLAN_DAYS = 60
"""Days after which a countdown ends, even if the exam is later."""
DAYS_WITHOUT_DATE = 180
"""Days until the exam that are assumed for a student who has set no date."""
DAYS = {PlanType.DAILY: 1, PlanType.WEEKLY: 7, PlanType.EXAM_COUNTDOWN: LONGEST_PLAN_DAYS}
"""Number of days of each type of plan; a countdown ends sooner if the exam is sooner."""
MAX_CHANGE = 15.0
"""Change of a topic's mastery, 0 to 100, above which a plan is made again."""


def is_outdated(planned_masteries: Mapping[Any, float], now: Mapping[Any, float]) -> bool:
    """Return whether the mastery of a topic has moved too much since a plan was made.

    Args:
        planned_masteries: Mastery of each topic for which the plan was made, 0 to 100.
        now: Mastery of each topic now.
    """
    return any(
        abs(mastery - planned_masteries[topic]) > MAX_CHANGE
        for topic, mastery in now.items()
        if topic in planned_masteries
    )
