"""Bodies of study plans, in the live system's shapes."""

from uuid import UUID

from pydantic import Field

from lib.learning.days import Day
from lib.learning.ids import LiveId
from lib.learning.tables.closed_lists import PlanType
from lib.web.wire import Body, StrictBody, SuccessOut, UtcTime


class PlanIn(StrictBody):
    """A plan to make for the caller."""

    plan_type: PlanType
    """Period of the plan."""
    start_date: Day = None
    """First day, UTC; today by default."""


class LiveDailyIn(Body):
    """A plan to make for a day."""

    date: Day = None
    """The day, UTC; today by default."""


class LiveWeeklyIn(Body):
    """A plan to make for a week."""

    start_date: Day = None
    """First of the seven days, UTC; today by default."""


class AllocationOut(Body):
    """A topic's time on a day."""

    topic_id: LiveId
    """Id of the topic."""
    topic_name: str
    """Name of the topic."""
    allocated_hours: float
    """Hours planned for the topic."""
    priority_score: float
    """Marks per minute of study as a percentage of the best topic's on that day, 0 to 100."""
    goals: list[str]
    """Goals for these hours, as sentences."""


class DailyPlanOut(Body):
    """The plan of one day, UTC."""

    date: str
    """The day, UTC."""
    topics: list[AllocationOut]
    """Topics to learn, in the order of their priority; those to revise are in `revisions`."""
    total_hours: float
    """Hours that are planned, revision included."""
    revision_topics: list[LiveId]
    """Topics to revise: those that are expected to be learned by then."""
    revisions: list[AllocationOut] = Field(default_factory=list)
    """The topics of `revision_topics`, with their hours."""


class PlanOut(DailyPlanOut):
    """A plan; `daily_plans` holds its days.

    `total_hours` is the sum over all days; the other fields of `DailyPlanOut` are those of the
    first day.
    """

    start_date: str
    """First day, UTC."""
    end_date: str
    """Last day, UTC."""
    daily_plans: list[DailyPlanOut]
    """The days."""
    high_priority_topics: list[LiveId]
    """The third of the plan's topics that bring the most marks; empty unless the plan runs until
    the exam."""
    warning: str | None
    """Reason why nothing is planned, or why time is too short for all topics; otherwise null."""


class LivePlanOut(Body):
    """A stored plan in the live system's shape."""

    plan_id: LiveId
    """Id of the plan."""
    plan_type: PlanType
    """Period of the plan."""
    plan: PlanOut
    """The plan."""


class LiveStoredPlanOut(LivePlanOut):
    """A plan in a list."""

    start_date: UtcTime
    """First day, UTC."""
    end_date: UtcTime
    """Last day, UTC."""
    created_at: UtcTime
    """Time at which it was made."""
    is_active: bool
    """Whether it is the current plan of its period."""
    topics: list[AllocationOut]
    """Topics to learn on the first day; all topics of an adopted plan."""


class LivePlansOut(Body):
    """A student's plans, newest first."""

    student_id: LiveId
    """Id of the student."""
    count: int
    """Number of plans."""
    plans: list[LiveStoredPlanOut]
    """The plans."""


class StoredPlanOut(SuccessOut):
    """A plan."""

    plan_id: UUID
    """Id of the plan."""
    plan_type: PlanType
    """Period of the plan."""
    created_at: UtcTime
    """Time at which it was made."""
    plan: PlanOut
    """The plan; its days are in UTC."""
    outdated: bool
    """Whether it should be made again: it is over, the student's hours or exam date have changed,
    or a topic's mastery has moved by more than 15 since then."""


class PredictionOut(Body):
    """A predicted result in percent of the marks, with its interval of 95 %."""

    mark: float
    """Expected result, 0 to 100."""
    lower: float
    """Lower end of the interval, 0 to 100."""
    upper: float
    """Upper end of the interval, 0 to 100."""


class PredictedResultOut(Body):
    """The predicted result of the exam."""

    days: int
    """Days until the exam, at most 60; 0 if it is over, 60 if it has no date."""
    with_plan: PredictionOut
    """Result if the student studies by the plan as regularly as in the last four weeks."""
    without_study: PredictionOut
    """Result if the student stops today."""


class PlansOut(SuccessOut):
    """The current plans of a student."""

    student_id: UUID
    """Id of the student."""
    plans: list[StoredPlanOut]
    """The current plan of each period, if there is one."""
    prediction: PredictedResultOut | None
    """The predicted result of the exam; null without topics."""
