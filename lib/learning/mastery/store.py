"""Statements of mastery."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lib.learning.ids import live_id
from lib.learning.mastery.formula import Answered, Mastery
from lib.learning.tables import Concept, ConceptMastery, Question, QuestionAttempt
from lib.learning.tables.base import new_id


@dataclass(frozen=True)
class MasteryRow:
    """A student's mastery of a concept."""

    student_id: UUID
    concept_id: UUID
    concept_former_id: int | None
    mastery: Mastery
    last_updated: datetime | None

    @property
    def live_concept_id(self) -> int | UUID:
        """Id of the concept that pages of the live system know."""
        return live_id(self.concept_id, self.concept_former_id)


def list_mastery(db: Session, student_ids: Sequence[UUID]) -> list[MasteryRow]:
    """Return every concept of which students have mastery, in the order of the concepts' ids."""
    query = _rows().where(ConceptMastery.student_id.in_(student_ids))
    ordered = query.order_by(
        ConceptMastery.student_id, Concept.former_id, ConceptMastery.concept_id
    )
    return [_row(*row) for row in db.execute(ordered)]


def read_mastery(db: Session, student_id: UUID, concept_id: UUID) -> MasteryRow | None:
    """Return a student's mastery of a concept; None if there is none yet."""
    row = db.execute(
        _rows().where(
            ConceptMastery.student_id == student_id, ConceptMastery.concept_id == concept_id
        )
    ).one_or_none()
    return None if row is None else _row(*row)


def lock_mastery(db: Session, student_id: UUID, concept_id: UUID, now: datetime) -> None:
    """Lock a student's mastery of a concept until the transaction ends; create it if needed.

    Answers of one student to one concept are stored one after the other, so that each sees those
    before it.
    """
    dialect: Any = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    db.execute(
        dialect.insert(ConceptMastery)
        .values(
            id=new_id(),
            student_id=student_id,
            concept_id=concept_id,
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing()
    )
    db.execute(
        select(ConceptMastery.id)
        .where(ConceptMastery.student_id == student_id, ConceptMastery.concept_id == concept_id)
        .with_for_update()
    )


def write_mastery(
    db: Session, student_id: UUID, concept_id: UUID, mastery: Mastery, now: datetime
) -> None:
    """Store the mastery of a concept; `lock_mastery` has created its row."""
    db.execute(
        update(ConceptMastery)
        .where(ConceptMastery.student_id == student_id, ConceptMastery.concept_id == concept_id)
        .values(**asdict(mastery), last_updated=now, updated_at=now)
    )


def list_answers(db: Session, student_id: UUID, concept_id: UUID) -> list[Answered]:
    """Return a student's answers to questions about a concept, oldest first."""
    rows = db.execute(
        select(
            QuestionAttempt.is_correct,
            QuestionAttempt.time_taken_seconds,
            Question.expected_time_seconds,
            QuestionAttempt.confidence,
        )
        .join(Question, Question.id == QuestionAttempt.question_id)
        .where(QuestionAttempt.student_id == student_id, Question.concept_id == concept_id)
        .order_by(QuestionAttempt.timestamp, QuestionAttempt.id)
    )
    return [Answered(*row) for row in rows]


def _rows() -> "Select[*tuple[Any, ...]]":
    return select(
        ConceptMastery.student_id,
        ConceptMastery.concept_id,
        Concept.former_id,
        ConceptMastery.total_attempts,
        ConceptMastery.correct_attempts,
        ConceptMastery.avg_time_seconds,
        ConceptMastery.avg_confidence,
        ConceptMastery.mastery_score,
        ConceptMastery.last_updated,
    ).join(Concept, Concept.id == ConceptMastery.concept_id)


def _row(student_id: UUID, concept_id: UUID, former_id: int | None, *values: Any) -> MasteryRow:
    return MasteryRow(student_id, concept_id, former_id, Mastery(*values[:5]), values[5])
