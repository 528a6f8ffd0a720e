"""Bodies of recommendations."""

from uuid import UUID

from lib.learning.ids import LiveId
from lib.web.wire import Answer, Body


class LiveRecommendationOut(Body):
    """A recommended topic in the live system's shape."""

    topic_id: LiveId
    """Id of the topic."""
    topic_name: str
    """Name of the topic."""
    priority_score: float
    """Priority, 0 to 100."""
    current_mastery: float
    """Mean mastery of its concepts, 0 to 100."""
    exam_weightage: float
    """Share of the exam's marks in percent."""
    estimated_hours: float
    """Hours to study it."""
    expected_marks_gain: float
    """Marks in percent that full mastery would add."""


class NothingOut(Body):
    """The response when there is nothing to recommend."""

    message: str
    """Why there is nothing, and what to do."""


class LiveTopOut(Body):
    """The most important topics in the live system's shape."""

    student_id: LiveId
    """Id of the student."""
    count: int
    """Number of topics."""
    recommendations: list[LiveRecommendationOut]
    """The topics, the most important first."""


class ComponentsOut(Body):
    """The numbers behind a priority."""

    mastery_gap: float
    """100 minus the mastery."""
    current_mastery: float
    """Mean mastery of the topic's concepts, 0 to 100."""
    current_accuracy: float
    """Right answers about the topic in percent; 0 without answers."""
    exam_weightage: float
    """Share of the exam's marks in percent."""
    urgency_factor: float
    """0 a year or more before the exam, 100 on its day."""
    time_to_exam_days: int
    """Days to the exam; 180 if it has no date."""
    efficiency_factor: float
    """100 for a topic of an hour or less, 50 for one of two hours."""
    estimated_hours: float
    """Hours to study the topic."""
    dependencies_unlocked: int
    """Number of topics that build on it."""
    expected_marks_gain: float
    """Marks in percent that full mastery would add."""


class LiveExplanationOut(Body):
    """Why a topic has its priority."""

    topic_id: LiveId
    """Id of the topic."""
    topic_name: str
    """Name of the topic."""
    priority_score: float
    """Priority, 0 to 100."""
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


class RecommendationOut(Body):
    """A recommended topic and its reasons."""

    topic_id: UUID
    """Id of the topic."""
    topic_name: str
    """Name of the topic."""
    priority_score: float
    """Priority, 0 to 100."""
    explanation: str
    """The reasons in words."""
    components: ComponentsOut
    """The reasons as numbers."""
    unlocks: list[str]
    """Names of the topics that build on it."""


class RecommendationsAnswer(Answer):
    """The most important topics of a student."""

    student_id: UUID
    """Id of the student."""
    recommendations: list[RecommendationOut]
    """The topics, the most important first."""
    count: int
    """Number of topics."""
    message: str | None
    """Advice if there is nothing to recommend; null otherwise."""
