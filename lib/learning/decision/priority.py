"""Which topics are open to a student, and in which order to study them; pure.

The priority is the live system's: 0.4 of the mastery gap, 0.3 of the weightage, 0.2 of the urgency
and 0.1 of the efficiency, each from 0 to 100.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from lib.learning.syllabus.syllabus import Syllabus, TopicRow

GAP, WEIGHTAGE, URGENCY, EFFICIENCY = 0.4, 0.3, 0.2, 0.1
"""Weights of the four parts; they add up to 1."""
YEAR_DAYS = 365
DAYS_WITHOUT_DATE = 180
"""Days to the exam of a student who has set no date."""
MASTERED = 60.0
"""Mastery from which a topic is no longer recommended."""

MasteryOf = Callable[[UUID], float]
"""The mastery of a concept, 0 to 100; 0 if it was never practised."""


@dataclass(frozen=True)
class Recommendation:
    """A topic to study, with the numbers that speak for it."""

    topic: TopicRow
    priority_score: float
    """0 to 100."""
    current_mastery: float
    """Mean mastery of the topic's concepts, 0 to 100."""
    expected_marks_gain: float
    """Marks in percent that full mastery would add."""
    mastery_gap: float
    """100 minus the mastery."""
    urgency_factor: float
    """0 a year or more before the exam, 100 on its day."""
    efficiency_factor: float
    """100 for a topic of an hour or less, 50 for one of two hours."""
    time_to_exam_days: int
    unlocks: tuple[TopicRow, ...]
    """Topics that build on this one."""

    @property
    def order(self) -> tuple[float, tuple[bool, int, UUID]]:
        """Key by which recommendations are sorted: the highest priority, then the smaller id."""
        return (-self.priority_score, self.topic.order)


@dataclass(frozen=True)
class OpenTopic:
    """A topic that a student can study now."""

    topic: TopicRow
    current_mastery: float


def open_topics(
    syllabus: Syllabus, mastery_of: MasteryOf, mastered: float = MASTERED
) -> list[OpenTopic]:
    """Return the topics whose prerequisites are met and that are not mastered yet.

    A prerequisite is met when each of its concepts has the mastery that it requires. Topics
    without concepts cannot be studied.
    """
    topics = []
    for topic in syllabus.topics.values():
        mastery = topic_mastery(syllabus, topic.id, mastery_of)
        if mastery is not None and mastery < mastered and is_open(syllabus, topic.id, mastery_of):
            topics.append(OpenTopic(topic, mastery))
    return topics


def is_open(syllabus: Syllabus, topic_id: UUID, mastery_of: MasteryOf) -> bool:
    """Return whether the prerequisites of a topic are met."""
    return all(
        mastery_of(concept.id) >= edge.minimum_mastery
        for edge in syllabus.prerequisites_of[topic_id]
        for concept in syllabus.concepts_of[edge.prerequisite_topic_id]
    )


def topic_mastery(syllabus: Syllabus, topic_id: UUID, mastery_of: MasteryOf) -> float | None:
    """Return the mean mastery of a topic's concepts, 0 to 100; None if it has none."""
    concepts = syllabus.concepts_of[topic_id]
    if not concepts:
        return None
    return sum(mastery_of(concept.id) for concept in concepts) / len(concepts)


def exam_mastery(syllabus: Syllabus, score_of: MasteryOf) -> float:
    """Return the mean mastery of all topics, 0 to 100, weighted with their share of the exam."""
    weighted = [
        (topic.exam_weightage, mastery)
        for topic in syllabus.topics.values()
        if (mastery := topic_mastery(syllabus, topic.id, score_of)) is not None
    ]
    total = sum(weight for weight, _ in weighted)
    return sum(weight * mastery for weight, mastery in weighted) / total if total else 0.0


def recommendations(
    syllabus: Syllabus,
    mastery_of: MasteryOf,
    days_to_exam: int | None,
    mastered: float = MASTERED,
) -> list[Recommendation]:
    """Return the open topics, the most important first.

    Args:
        syllabus: All topics.
        mastery_of: The student's mastery.
        days_to_exam: Days to the exam; None if it has no date.
        mastered: Mastery from which a topic is no longer recommended, 0 to 100.
    """
    judged = [
        judge(syllabus, it.topic, it.current_mastery, days_to_exam)
        for it in open_topics(syllabus, mastery_of, mastered)
    ]
    return sorted(judged, key=lambda each: each.order)


def judge(
    syllabus: Syllabus, topic: TopicRow, current_mastery: float, days_to_exam: int | None
) -> Recommendation:
    """Return what speaks for a topic, whether it is open or not."""
    days = DAYS_WITHOUT_DATE if days_to_exam is None else days_to_exam
    gap = 100 - current_mastery
    urgency = 100 * (1 - min(max(days, 0), YEAR_DAYS) / YEAR_DAYS)
    efficiency = min(100.0, 100 / topic.estimated_hours)
    return Recommendation(
        topic=topic,
        priority_score=GAP * gap
        + WEIGHTAGE * topic.exam_weightage
        + URGENCY * urgency
        + EFFICIENCY * efficiency,
        current_mastery=current_mastery,
        expected_marks_gain=gap * topic.exam_weightage / 100,
        mastery_gap=gap,
        urgency_factor=urgency,
        efficiency_factor=efficiency,
        time_to_exam_days=days,
        unlocks=tuple(syllabus.topics[it] for it in syllabus.dependents_of[topic.id]),
    )
