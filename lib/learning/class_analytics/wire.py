"""Bodies of class analytics, in the live system's shapes."""

from typing import Literal
from uuid import UUID

from pydantic import RootModel

from lib.learning.ids import LiveId
from lib.learning.tables.closed_lists import Arm
from lib.web.wire import Body, SuccessOut

RiskLevel = Literal["high", "medium"]
ConfidenceLevel = Literal["high", "medium", "low"]


class TopicAverageOut(Body):
    """A class's mastery of a topic."""

    topic_id: LiveId
    """Id of the topic."""
    topic_name: str
    """Name of the topic."""
    avg_mastery: float
    """Mean over the students, 0 to 100."""
    student_count: int
    """Number of students."""


class WeakTopicOut(TopicAverageOut):
    """A topic in which a class is weak."""

    struggling_students: int
    """Number of students below the threshold."""


class WeakTopicOfStudentOut(Body):
    """A topic in which a student is weak."""

    topic_id: LiveId
    """Id of the topic."""
    topic_name: str
    """Name of the topic."""
    mastery_score: float
    """Mastery, 0 to 100."""


class AtRiskOut(Body):
    """A student who needs help."""

    student_id: LiveId
    """Id of the student."""
    student_name: str
    """Name of the account; `(no account)` if the adopted profile has none."""
    avg_mastery: float
    """Mean mastery of the critical topics, 0 to 100."""
    risk_level: RiskLevel
    """`high` below 40, `medium` below 60; students with a `low` risk are not listed."""
    weak_topics: list[WeakTopicOfStudentOut]
    """Topics below 40, the weakest first."""


class IntervalOut(Body):
    """An interval around a prediction."""

    lower: float
    """Lower end, 0 to 100."""
    upper: float
    """Upper end, 0 to 100."""


class LiveClassOut(Body):
    """A class's mastery by topic in the live system's shape."""

    class_id: LiveId
    """Id of the class."""
    class_name: str
    """Name of the class."""
    student_count: int
    """Number of students of the class whom the filters include."""
    avg_mastery: float
    """Mean over students and topics, weighted by the topics' shares of the exam, 0 to 100."""
    avg_mastery_by_topic: list[TopicAverageOut]
    """Every topic with concepts."""


class LiveWeakTopicsOut(RootModel[list[WeakTopicOut]]):
    """The topics in which a class is weak, the weakest first, as a bare list."""


class LiveAtRiskOut(RootModel[list[AtRiskOut]]):
    """The students of a class who need help, the weakest first, as a bare list."""


class LivePredictionsOut(Body):
    """The predicted exam result of a class."""

    class_id: LiveId
    """Id of the class."""
    predicted_avg_score: float
    """Predicted mean mark in percent if the exam were today, 0 to 100."""
    confidence_interval: IntervalOut
    """Interval of 95 % around the mean."""
    confidence_level: ConfidenceLevel
    """`high` above 100 rows of mastery, `medium` above 30, otherwise `low`."""
    data_points: int
    """Number of rows of mastery in the chosen days, by which the confidence is graded."""


class TopicComparisonOut(Body):
    """A student compared with the class in a topic."""

    topic_id: LiveId
    """Id of the topic."""
    topic_name: str
    """Name of the topic."""
    student_mastery: float
    """The student's mastery, 0 to 100."""
    class_avg_mastery: float
    """Mean of the class, 0 to 100."""
    difference: float
    """The student's mastery minus the class's mean."""
    marked: bool
    """Whether the difference is 10 points or more, in either direction."""


class LiveComparisonOut(Body):
    """A student compared with the class."""

    student_id: LiveId
    """Id of the student."""
    student_name: str
    """Name of the account; `(no account)` if the adopted profile has none."""
    avg_mastery: float
    """The student's mean mastery, 0 to 100."""
    class_avg_mastery: float
    """Mean of the class, 0 to 100."""
    rank: int
    """Place of the student in the class, from 1; equal means share a place."""
    total_students: int
    """Number of students of the class."""
    topic_comparison: list[TopicComparisonOut]
    """The topics."""


class StudentPredictionOut(Body):
    """A student's predicted result if the exam were today."""

    student_id: LiveId
    """Id of the student."""
    student_name: str
    """Name of the account; `(no account)` if the adopted profile has none."""
    predicted_score: float
    """Predicted mark in percent, 0 to 100."""
    confidence_interval: IntervalOut
    """Interval of 95 % around it."""


class PlanArmOut(Body):
    """One arm of a comparison."""

    arm: Arm
    """`planner` if recommendations and plans decide what is studied, `own` if the student does."""
    student_count: int
    """Number of students of the class in this arm."""
    mark_count: int
    """Number of these students who have a mark in the exam."""
    avg_mark: float | None
    """Mean of these marks in percent; null without marks."""


class DifferenceIntervalOut(Body):
    """An interval of 95 % around a difference of means."""

    lower: float
    """Lower end, in percent of the marks."""
    upper: float
    """Upper end, in percent of the marks."""


class PlanArmsOut(Body):
    """Marks with and without plans."""

    exam: str | None
    """The newest exam after the beginning of the comparison; null without marks."""
    exam_date: str | None
    """Day of the exam, UTC."""
    is_drawn: bool
    """Whether every arm was drawn at random."""
    arms: list[PlanArmOut]
    """The arms."""
    difference: float | None
    """Mean mark with plans minus the mean without; null with fewer than two marks in an arm."""
    confidence_interval: DifferenceIntervalOut | None
    """95 % interval of the difference by Welch's t-test, which allows for unequal variances."""
    note: str
    """Conclusion that the data permit."""


class ClassAnalyticsOut(SuccessOut):
    """All figures of a class for its teacher."""

    class_id: UUID
    """Id of the class."""
    class_name: str
    """Name of the class."""
    student_count: int
    """Number of students of the class whom the filters include."""
    avg_mastery: float
    """Mean over students and topics, weighted by the topics' shares of the exam, 0 to 100."""
    topics: list[TopicAverageOut]
    """Every topic with concepts, the weakest first."""
    weak_topics: list[WeakTopicOut]
    """Topics below 40, the weakest first."""
    at_risk_students: list[AtRiskOut]
    """Students who need help, the weakest first."""
    predicted_avg_score: float
    """Predicted mean mark in percent if the exam were today, 0 to 100; from all answers of
    the included students, whatever topic and days were chosen."""
    confidence_interval: IntervalOut
    """Interval of 95 % around the prediction."""
    confidence_level: ConfidenceLevel
    """`high` above 100 rows of mastery, `medium` above 30, otherwise `low`."""
    predictions: list[StudentPredictionOut]
    """Predicted results of the students, the lowest first."""
    plan_arms: PlanArmsOut | None
    """Marks with and without plans; null unless the class compares them."""
    avg_mark: float | None
    """Mean of the marks that were entered for the newest exam; null without marks."""
