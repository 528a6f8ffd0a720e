"""Statements of the syllabus."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from lib.learning.ids import Reference
from lib.learning.syllabus.syllabus import ConceptRow, PrerequisiteRow, Syllabus, TopicRow
from lib.learning.tables import Concept, Question, Topic, TopicPrerequisite
from lib.learning.tables.base import ONE_STATEMENT, new_id


@dataclass(frozen=True)
class QuestionRow:
    """A practice question with its answer."""

    id: UUID
    former_id: int | None
    concept_id: UUID
    question_text: str
    question_type: str
    options: list[Any] | None
    correct_answer: str
    difficulty: str
    expected_time_seconds: int


LOCK_NAME = "stepwise.syllabus"
_QUESTION = (
    Question.id,
    Question.former_id,
    Question.concept_id,
    Question.question_text,
    Question.question_type,
    Question.options,
    Question.correct_answer,
    Question.difficulty,
    Question.expected_time_seconds,
)


def lock_syllabus(db: Session) -> None:
    """Wait for other changes of the syllabus, and keep new ones waiting until the transaction ends.

    Each of two simultaneous changes might otherwise store half of a cycle of prerequisites, or
    scale the weightages to 100 without the topic that the other adds.
    """
    if db.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time
        db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(LOCK_NAME, 0))))


def read_syllabus(db: Session) -> Syllabus:
    """Return all topics, prerequisites and concepts."""
    topics = [
        TopicRow(*row)
        for row in db.execute(
            select(
                Topic.id,
                Topic.former_id,
                Topic.name,
                Topic.parent_id,
                Topic.exam_weightage,
                Topic.estimated_hours,
                Topic.description,
            )
        )
    ]
    prerequisites = [
        PrerequisiteRow(*row)
        for row in db.execute(
            select(
                TopicPrerequisite.topic_id,
                TopicPrerequisite.prerequisite_topic_id,
                TopicPrerequisite.minimum_mastery,
            ).order_by(TopicPrerequisite.created_at, TopicPrerequisite.id)
        )
    ]
    concepts = [
        ConceptRow(*row)
        for row in db.execute(
            select(
                Concept.id, Concept.former_id, Concept.topic_id, Concept.name, Concept.description
            ).order_by(Concept.former_id, Concept.id)
        )
    ]
    by_id = {topic.id: topic for topic in sorted(topics, key=lambda topic: topic.order)}
    return Syllabus(by_id, prerequisites, concepts)


def stated_weightages(db: Session) -> dict[UUID, float]:
    """Return the weightage of each topic as it was given."""
    rows = db.execute(select(Topic.id, Topic.stated_weightage, Topic.exam_weightage))
    return {row[0]: row[2] if row[1] is None else row[1] for row in rows}


def set_weightages(
    db: Session, stated: Mapping[UUID, float], shares: Mapping[UUID, float], now: datetime
) -> None:
    """Store the weightages as they were given, and the shares that add up to 100.

    Args:
        db: The session.
        stated: Weightage as it was given, by topic.
        shares: Share in percent, by topic.
        now: Time of the change.
    """
    rows = [
        {
            "id": topic_id,
            "exam_weightage": share,
            "stated_weightage": stated[topic_id],
            "updated_at": now,
        }
        for topic_id, share in shares.items()
    ]
    if rows:
        db.execute(update(Topic), rows)


def add_topics(db: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store new topics."""
    if rows:
        db.execute(insert(Topic), list(rows), execution_options=ONE_STATEMENT)


def change_topics(db: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store changes of topics, by their `id`; each row has the same columns."""
    if rows:
        db.execute(update(Topic), list(rows))


def replace_prerequisites(
    db: Session, minimums_of: Mapping[UUID, Mapping[UUID, float]], now: datetime
) -> None:
    """Store the prerequisites of topics in place of those they have.

    Args:
        db: The session.
        minimums_of: Minimum mastery by prerequisite, for each topic.
        now: Time of the change.
    """
    db.execute(delete(TopicPrerequisite).where(TopicPrerequisite.topic_id.in_(minimums_of)))
    rows = [
        {
            "id": new_id(),
            "topic_id": topic_id,
            "prerequisite_topic_id": prerequisite,
            "minimum_mastery": minimum,
            "created_at": now,
            "updated_at": now,
        }
        for topic_id, minimums in minimums_of.items()
        for prerequisite, minimum in minimums.items()
    ]
    if rows:
        db.execute(insert(TopicPrerequisite), rows)


def add_concepts(db: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store new concepts."""
    if rows:
        db.execute(insert(Concept), list(rows), execution_options=ONE_STATEMENT)


def change_concepts(db: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store changes of concepts, by their `id`."""
    if rows:
        db.execute(update(Concept), list(rows))


def add_questions(db: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store new questions."""
    if rows:
        db.execute(insert(Question), list(rows), execution_options=ONE_STATEMENT)


def change_questions(db: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store changes of questions, by their `id`."""
    if rows:
        db.execute(update(Question), list(rows))


def find_question(db: Session, reference: Reference) -> QuestionRow | None:
    """Return a question; None if there is none with this id."""
    row = db.execute(select(*_QUESTION).where(reference.of(Question))).one_or_none()
    return None if row is None else QuestionRow(*row)


def find_questions(db: Session, references: Collection[Reference]) -> dict[Reference, QuestionRow]:
    """Return the questions that exist, by their ids and, if adopted, by their former ids, too."""
    is_referenced = or_(
        Question.id.in_({each.id for each in references} - {None}),
        Question.former_id.in_({each.former_id for each in references} - {None}),
    )
    rows = [QuestionRow(*row) for row in db.execute(select(*_QUESTION).where(is_referenced))]
    adopted = [row for row in rows if row.former_id is not None]
    by_number = {Reference(former_id=row.former_id): row for row in adopted}
    return {Reference(id=row.id): row for row in rows} | by_number


def list_questions(
    db: Session, concept_ids: Sequence[UUID] | None, after: UUID | None, limit: int
) -> list[QuestionRow]:
    """Return a page of questions in the order of their ids.

    Args:
        db: The session.
        concept_ids: Concepts whose questions are wanted; None for all.
        after: Id after which the page begins; None for the first page.
        limit: Maximum number of questions to return.
    """
    query = select(*_QUESTION).order_by(Question.id).limit(limit)
    if concept_ids is not None:
        query = query.where(Question.concept_id.in_(concept_ids))
    if after is not None:
        query = query.where(Question.id > after)
    return [QuestionRow(*row) for row in db.execute(query)]


def find_concept(db: Session, reference: Reference) -> ConceptRow | None:
    """Return a concept; None if there is none with this id."""
    row = db.execute(
        select(
            Concept.id, Concept.former_id, Concept.topic_id, Concept.name, Concept.description
        ).where(reference.of(Concept))
    ).one_or_none()
    return None if row is None else ConceptRow(*row)


def question_ids_by_text(db: Session) -> dict[tuple[UUID, str], UUID]:
    """Return the id of each question by its concept and text."""
    rows = db.execute(select(Question.concept_id, Question.question_text, Question.id))
    return {(row[0], row[1]): row[2] for row in rows}
