"""Bodies of recommendations."""

from uuid import UUID

from lib.learning.ids import LiveId
from lib.web.wire import Body, SuccessOut


class LiveRecommendationOut(Body):
    """A recommended topic in the live system's shape."""

    topic_id: LiveId
    """Id of the topic."""
    topic_name: str
    """Name of the topic."""
    priority_score: float
    """Marks per minute of study as a percentage of the best topic's, 0 to 100."""
    current_mastery: float
    """Mean mastery of its concepts, 0 to 100."""
    exam_weightage: float
    """Share of the exam's marks in percent."""
    estimated_hours: float
    """Hours to study it."""
    expected_marks_gain: float
    """Marks in percent that studying it adds on the day of the exam."""


class NothingOut(Body):
    """The response when there is nothing to recommend."""

    message: str
    """The reason why there is nothing to recommend."""


class LiveTopOut(Body):
    """The most important topics in the live system's shape."""

    student_id: LiveId
    """Id of the student."""
    count: int
    """Number of topics."""
    recommendations: list[LiveRecommendationOut]
    """The topics, the most important first."""


class ComponentsOut(Body):
    """The numbers behind a priority; a closed topic brings no marks before it is open."""

    mastery_gap: float
    """100 minus the mastery."""
    current_mastery: float
    """Mean mastery of the topic's concepts, 0 to 100."""
    current_accuracy: float
    """Right answers about the topic in percent; 0 without answers."""
    exam_weightage: float
    """Share of the exam's marks in percent."""
    time_to_exam_days: int
    """Days to the exam; 0 if it is over, 180 if it has no date."""
    estimated_hours: float
    """Hours to study the topic, as its author estimates."""
    hours_to_learn: float
    """Hours that the best way to study it takes this student."""
    dependencies_unlocked: int
    """Number of topics that build on it."""
    expected_marks_gain: float
    """Marks in percent that studying it for these hours adds on the day of the exam."""
    session_minutes: float
    """Minutes of the session that is recommended next."""
    session_marks: float
    """Marks in percent that this session adds, directly or through what the topic leads to."""
    marks_per_hour: float
    """Expected gain from an hour of study, in percent of the marks."""
    knowledge_today: float
    """Expected knowledge today in percent, with what was forgotten since the last answer."""
    knowledge_at_exam: float
    """Expected knowledge on the day of the exam in percent without further study."""
    is_revision: bool
    """Whether the topic is learned already, so that studying it is revision."""


class LiveExplanationOut(Body):
    """The reasons for a topic's priority."""

    topic_id: LiveId
    """Id of the topic."""
    topic_name: str
    """Name of the topic."""
    priority_score: float
    """Marks per minute of study as a percentage of the best topic's, 0 to 100."""
    explanation: str
    """The reasons in words."""
    components: ComponentsOut
    """The reasons as numbers."""


class LiveConceptOut(Body):
    """A concept to practise within a topic."""

    concept_id: LiveId
    """Id of the concept."""
    concept_name: str
    """Name of the concept."""
    current_mastery: float
    """Mastery, 0 to 100."""
    priority: float
    """100 minus the mastery."""


class LiveConceptsOut(Body):
    """The concepts of a topic, the least mastered first."""

    student_id: LiveId
    """Id of the student."""
    topic_id: LiveId
    """Id of the topic."""
    count: int
    """Number of concepts."""
    concepts: list[LiveConceptOut]
    """The concepts."""


class AlternativeOut(Body):
    """Another topic that could be studied in the same time."""

    topic_id: UUID
    """Id of the topic."""
    topic_name: str
    """Name of the topic."""
    session_marks: float
    """Marks in percent that a session on it would add."""


class RecommendationOut(Body):
    """A recommended topic and its reasons."""

    topic_id: UUID
    """Id of the topic."""
    topic_name: str
    """Name of the topic."""
    priority_score: float
    """Marks per minute of study as a percentage of the best topic's, 0 to 100."""
    explanation: str
    """The reasons in words."""
    components: ComponentsOut
    """The reasons as numbers."""
    unlocks: list[str]
    """Names of the topics that build on it."""
    leads_to: str | None
    """Name of the topic that this one leads to, if that topic brings more marks per minute than
    this one alone; null otherwise."""
    alternatives: list[AlternativeOut]
    """Other topics, the best first."""


class RecommendationsOut(SuccessOut):
    """The most important topics of a student."""

    student_id: UUID
    """Id of the student."""
    recommendations: list[RecommendationOut]
    """The topics, the most important first."""
    count: int
    """Number of topics."""
    message: str | None
    """The reason why nothing is recommended; null otherwise."""
