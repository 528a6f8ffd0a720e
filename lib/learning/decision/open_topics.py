"""Mastery of topics, and which of them are open to a student; pure."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from lib.learning.syllabus.syllabus import Syllabus, TopicRow

MASTERED = 60.0
"""Mastery from which a topic counts as mastered."""

MasteryOf = Callable[[UUID], float]
"""The mastery of a concept, 0 to 100; 0 if it was never practised."""


@dataclass(frozen=True)
class OpenTopic:
    """A topic that a student can study now."""

    topic: TopicRow
    current_mastery: float


def open_topics(
    syllabus: Syllabus, mastery_of: MasteryOf, threshold: float = MASTERED
) -> list[OpenTopic]:
    """Return the topics whose prerequisites are met and that are not mastered yet.

    A prerequisite is met when each of its concepts has the mastery that it requires. Topics
    without concepts cannot be studied.
    """
    topics = []
    for topic in syllabus.topics.values():
        mastery = topic_mastery(syllabus, topic.id, mastery_of)
        if mastery is not None and mastery < threshold and is_open(syllabus, topic.id, mastery_of):
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
    """Return the mean mastery of all topics, 0 to 100, weighted by their share of the exam.

    If none has a share, all count alike.
    """
    weighted = [
        (topic.exam_weightage, mastery)
        for topic in syllabus.topics.values()
        if (mastery := topic_mastery(syllabus, topic.id, score_of)) is not None
    ]
    total = sum(weight for weight, _ in weighted)
    if total > 0:
        return sum(weight * mastery for weight, mastery in weighted) / total
    return sum(mastery for _, mastery in weighted) / max(len(weighted), 1)
