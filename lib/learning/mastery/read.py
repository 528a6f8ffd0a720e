"""A student's mastery, concept by concept and topic by topic."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from lib.learning.current_user import Call
from lib.learning.decision.open_topics import exam_mastery, topic_mastery
from lib.learning.errors import ConceptNotFound
from lib.learning.ids import reference
from lib.learning.mastery import store
from lib.learning.mastery.figures import NEVER_PRACTISED, Mastery
from lib.learning.mastery.store import MasteryRow
from lib.learning.mastery.wire import (
    ConceptMasteryOut,
    LiveMasteriesOut,
    LiveMasteryDetailOut,
    LiveMasteryOut,
    StudentMasteryOut,
    TopicMasteryOut,
)
from lib.learning.students.student import own_or_named, readable_student
from lib.learning.syllabus import store as syllabus_store
from lib.learning.syllabus.syllabus import ConceptRow, Syllabus

BANDS = ((80, "excellent"), (60, "good"), (40, "fair"), (0, "needs work"))
"""Smallest mastery of each band, best first."""


@dataclass(frozen=True)
class Masteries:
    """A student's mastery by concept."""

    by_concept: Mapping[UUID, MasteryRow]

    @classmethod
    def of(cls, rows: Iterable[MasteryRow]) -> "Masteries":
        """Return the mastery in rows of one student."""
        return cls({row.concept_id: row for row in rows})

    def of_concept(self, concept_id: UUID) -> Mastery:
        """Return the mastery of a concept; `NEVER_PRACTISED` without answers."""
        row = self.by_concept.get(concept_id)
        return NEVER_PRACTISED if row is None else row.mastery

    def of_topic(self, topic_id: UUID, syllabus: Syllabus) -> float | None:
        """Return the mean mastery of a topic's concepts, 0 to 100; None if it has none."""
        return topic_mastery(syllabus, topic_id, self.score_of)

    def score_of(self, concept_id: UUID) -> float:
        """Return the mastery of a concept, 0 to 100; 0 if it was never practised."""
        return self.of_concept(concept_id).mastery_score


def band(mastery_score: float) -> str:
    """Return the name of the band that holds a mastery, 0 to 100."""
    return next(name for smallest, name in BANDS if mastery_score >= smallest)


def read_masteries(call: Call, student_id: UUID) -> Masteries:
    """Return a student's mastery of all concepts."""
    return Masteries.of(store.list_mastery(call.db, [student_id]))


def read_mastery(call: Call, sent_id: str | None) -> StudentMasteryOut:
    """Return the mastery of every topic with concepts.

    Raises:
        NotStudent, StudentClosed, StudentNotFound: As for `own_or_named`.
    """
    student = own_or_named(call, sent_id)
    syllabus = syllabus_store.read_syllabus(call.db)
    masteries = read_masteries(call, student.id)
    topics = [
        TopicMasteryOut(
            topic_id=topic.id,
            topic_name=topic.name,
            mastery_score=mastery,
            band=band(mastery),
            concepts=[_concept(it, masteries) for it in syllabus.concepts_of[topic.id]],
        )
        for topic in syllabus.topics.values()
        if (mastery := masteries.of_topic(topic.id, syllabus)) is not None
    ]
    return StudentMasteryOut(
        student_id=student.id,
        mastery_score=exam_mastery(syllabus, masteries.score_of),
        topics=topics,
    )


def list_live_mastery(call: Call, sent_id: str) -> LiveMasteriesOut:
    """Return the mastery of every concept that was practised, in the live system's shape.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
    """
    student = readable_student(call, sent_id)
    rows = store.list_mastery(call.db, [student.id])
    return LiveMasteriesOut(
        [
            LiveMasteryOut(
                concept_id=row.live_concept_id,
                mastery_score=row.mastery.mastery_score,
                total_attempts=row.mastery.total_attempts,
                accuracy=row.mastery.accuracy,
            )
            for row in rows
            if row.mastery.total_attempts
        ]
    )


def read_live_mastery(call: Call, sent_id: str, sent_concept: str) -> LiveMasteryDetailOut:
    """Return the mastery of one concept in the live system's shape.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
        ConceptNotFound: If there is no such concept.
    """
    student = readable_student(call, sent_id)
    concept = syllabus_store.find_concept(call.db, reference(sent_concept))
    if concept is None:
        raise ConceptNotFound
    return live_detail(concept.live_id, store.read_mastery(call.db, student.id, concept.id))


def live_detail(concept_id: int | UUID, row: MasteryRow | None) -> LiveMasteryDetailOut:
    """Return the mastery of a concept in the live system's shape; zeros if there is no row."""
    mastery = NEVER_PRACTISED if row is None else row.mastery
    return LiveMasteryDetailOut(
        concept_id=concept_id,
        mastery_score=mastery.mastery_score,
        total_attempts=mastery.total_attempts,
        accuracy=mastery.accuracy,
        correct_attempts=mastery.correct_attempts,
        avg_time_seconds=mastery.avg_time_seconds,
        avg_confidence=mastery.avg_confidence,
        last_updated=None if row is None else row.last_updated,
    )


def _concept(concept: ConceptRow, masteries: Masteries) -> ConceptMasteryOut:
    row = masteries.by_concept.get(concept.id)
    mastery = masteries.of_concept(concept.id)
    return ConceptMasteryOut(
        concept_id=concept.id,
        concept_name=concept.name,
        mastery_score=mastery.mastery_score,
        total_attempts=mastery.total_attempts,
        accuracy=mastery.accuracy,
        last_updated=None if row is None else row.last_updated,
        band=band(mastery.mastery_score),
    )
