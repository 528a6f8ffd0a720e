"""The figures of a class, from the mastery of its students; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from uuid import UUID

from lib.learning.decision.open_topics import MasteryOf, exam_mastery, topic_mastery
from lib.learning.syllabus.syllabus import Syllabus, TopicRow

WEAK = 40.0
"""Mastery below which a topic is weak and a student's risk high."""
MEDIUM_RISK = 60.0
"""Mastery below which a student's risk is medium."""
CRITICAL_SHARE = 0.5
"""Share of the marks; the weightiest topics are critical until together they reach it."""
HIGH_CONFIDENCE, MEDIUM_CONFIDENCE = 100, 30
"""Numbers of rows of mastery above which the confidence in a prediction is high or medium."""


@dataclass(frozen=True)
class Figures:
    """The mastery of each student of a class by topic."""

    syllabus: Syllabus
    topics: tuple[TopicRow, ...]
    """Included topics; each has concepts."""
    by_student: Mapping[UUID, Mapping[UUID, float]]
    """Mastery, 0 to 100, by student and topic."""
    exam_mastery: Mapping[UUID, float]
    """Mean mastery of each student, 0 to 100, weighted by the topics' shares of the exam."""

    @property
    def mean(self) -> float:
        """Mean of the students' weighted mastery, 0 to 100; 0 without students."""
        return fmean(self.exam_mastery.values()) if self.exam_mastery else 0.0

    def of_topic(self, topic_id: UUID) -> list[float]:
        """Return each student's mastery of a topic."""
        return [masteries[topic_id] for masteries in self.by_student.values()]

    def mean_of_topic(self, topic_id: UUID) -> float:
        """Return the mean over the students; 0 without students."""
        masteries = self.of_topic(topic_id)
        return fmean(masteries) if masteries else 0.0


def figures(
    syllabus: Syllabus, mastery_by_student: Mapping[UUID, MasteryOf], topic_id: UUID | None = None
) -> Figures:
    """Return the figures of a class.

    Args:
        syllabus: All topics.
        mastery_by_student: Mastery of the concepts, by student.
        topic_id: The only topic of `topics` and `by_student`; None for all. It does not restrict
            `exam_mastery`.
    """
    topics = tuple(
        topic
        for topic in syllabus.topics.values()
        if syllabus.concepts_of[topic.id] and topic_id in {None, topic.id}
    )
    by_student = {
        student_id: {
            topic.id: topic_mastery(syllabus, topic.id, score_of) or 0.0 for topic in topics
        }
        for student_id, score_of in mastery_by_student.items()
    }
    exam = {
        student_id: exam_mastery(syllabus, score_of)
        for student_id, score_of in mastery_by_student.items()
    }
    return Figures(syllabus, topics, by_student, exam)


def critical_topics(topics: Sequence[TopicRow]) -> list[TopicRow]:
    """Return the weightiest topics that make up half of the marks; all if none has a weight."""
    by_weight = sorted(topics, key=lambda topic: (-topic.exam_weightage, topic.order))
    total = sum(topic.exam_weightage for topic in topics)
    if total <= 0:
        return by_weight
    critical, weight_sum = [], 0.0
    for topic in by_weight:
        if weight_sum >= CRITICAL_SHARE * total:
            break
        critical.append(topic)
        weight_sum += topic.exam_weightage
    return critical
