"""Statements of mastery."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from lib.learning.ids import live_id
from lib.learning.insertion import insert_into
from lib.learning.mastery.answers import as_attempt
from lib.learning.mastery.figures import ConceptFigures, Mastery
from lib.learning.mastery_model.attempts import Attempt, canonical
from lib.learning.tables import (
    Concept,
    ConceptMastery,
    ConceptSkill,
    Question,
    QuestionAttempt,
    StudentSkill,
)
from lib.learning.tables.base import Base, new_id


@dataclass(frozen=True)
class SkillRow:
    """A row of `student_skills`: a student's ability, and how far the answers are counted."""

    student_id: UUID
    ability: float
    """Overall ability, logits."""
    attempts: int
    calibration: str | None
    """Version of the calibration that counted the answers; None if the figures are stale."""
    last: tuple[str, str] | None
    """Clock and id of the last answer."""


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
        """Id of the concept in the live system's shapes: its number there, or else the UUID."""
        return live_id(self.concept_id, self.concept_former_id)


def list_mastery(db: Session, student_ids: Sequence[UUID]) -> list[MasteryRow]:
    """Return the stored mastery of students, ordered by student, then by the concept's ids."""
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


def lock_student(db: Session, student_id: UUID, now: datetime) -> SkillRow:
    """Lock a student's figures until the transaction ends, and return how far they are counted.

    Answers of one student are stored one after the other, so that each sees those before it.
    """
    db.execute(
        insert_into(db, StudentSkill)
        .values(id=new_id(), student_id=student_id, created_at=now, updated_at=now)
        .on_conflict_do_nothing()
    )
    ability, attempts, calibration, clock, attempt_id = db.execute(
        select(
            StudentSkill.ability,
            StudentSkill.attempts,
            StudentSkill.calibration,
            StudentSkill.last_clock,
            StudentSkill.last_attempt_id,
        )
        .where(StudentSkill.student_id == student_id)
        .with_for_update()
    ).one()
    last_position = None if clock is None else (clock, str(attempt_id))
    return SkillRow(student_id, ability, attempts, calibration, last_position)


def write_student(db: Session, skill_row: SkillRow, now: datetime) -> None:
    """Store how far a student's answers are counted; `lock_student` has created the row."""
    clock, attempt_id = skill_row.last or (None, None)
    db.execute(
        update(StudentSkill)
        .where(StudentSkill.student_id == skill_row.student_id)
        .values(
            ability=skill_row.ability,
            attempts=skill_row.attempts,
            calibration=skill_row.calibration,
            last_clock=clock,
            last_attempt_id=None if attempt_id is None else UUID(attempt_id),
            updated_at=now,
        )
    )


def read_figures(db: Session, student_id: UUID, concept_id: UUID) -> ConceptFigures | None:
    """Return a student's figures of a concept; None if there are none yet."""
    row = db.execute(
        select(
            ConceptMastery.total_attempts,
            ConceptMastery.correct_attempts,
            ConceptMastery.avg_time_seconds,
            ConceptMastery.avg_confidence,
            ConceptMastery.mastery_score,
            ConceptSkill.skill,
            ConceptSkill.streak,
            ConceptSkill.known_confidences,
        )
        .join(
            ConceptSkill,
            (ConceptSkill.student_id == ConceptMastery.student_id)
            & (ConceptSkill.concept_id == ConceptMastery.concept_id),
        )
        .where(ConceptMastery.student_id == student_id, ConceptMastery.concept_id == concept_id)
    ).one_or_none()
    return None if row is None else ConceptFigures(Mastery(*row[:5]), *row[5:])


def write_figures(
    db: Session,
    student_id: UUID,
    figures: Mapping[UUID, tuple[ConceptFigures, Attempt]],
    now: datetime,
) -> None:
    """Store the figures of concepts, each with the time of the newest answer about it."""
    if not figures:
        return
    times = {"created_at": now, "updated_at": now}
    masteries, skills = [], []
    for concept_id, (each, newest) in figures.items():
        key = {"student_id": student_id, "concept_id": concept_id, **times}
        at = now if newest.time is None else datetime.fromtimestamp(newest.time, UTC)
        masteries.append({"id": new_id(), **key, **asdict(each.mastery), "last_updated": at})
        counts = {"streak": each.streak, "known_confidences": each.known_confidences}
        skills.append({"id": new_id(), **key, "skill": each.skill, **counts})
    _upsert(db, ConceptMastery, masteries)
    _upsert(db, ConceptSkill, skills)


def repeated_questions(db: Session, student_id: UUID, attempt: Attempt) -> set[str]:
    """Return the id of an answer's question as a set; empty if no other answer to it is stored."""
    item = attempt.question.item
    others = select(QuestionAttempt.id).where(
        QuestionAttempt.student_id == student_id,
        QuestionAttempt.question_id == UUID(item),
        QuestionAttempt.id != UUID(attempt.id),
    )
    return {item} if db.execute(select(others.exists())).scalar_one() else set()


def list_attempts(db: Session, student_id: UUID) -> list[Attempt]:
    """Return all answers of a student in canonical order."""
    return list_attempts_of(db, [student_id])[student_id]


def list_attempts_of(db: Session, student_ids: Sequence[UUID]) -> dict[UUID, list[Attempt]]:
    """Return all answers of each student in canonical order."""
    rows = db.execute(
        select(
            QuestionAttempt.student_id,
            QuestionAttempt.id,
            QuestionAttempt.question_id,
            Question.concept_id,
            Question.difficulty,
            Question.expected_time_seconds,
            QuestionAttempt.is_correct,
            QuestionAttempt.timestamp,
            QuestionAttempt.time_taken_seconds,
            QuestionAttempt.confidence,
        )
        .join(Question, Question.id == QuestionAttempt.question_id)
        .where(QuestionAttempt.student_id.in_(student_ids))
    )
    attempts: dict[UUID, list[Attempt]] = {student_id: [] for student_id in student_ids}
    for row in rows:
        answer: tuple[Any, ...] = tuple(row)[1:]
        attempts[row[0]].append(as_attempt(*answer))
    return {
        student_id: canonical(student_attempts) for student_id, student_attempts in attempts.items()
    }


def _upsert(db: Session, table: type[Base], rows: list[dict[str, Any]]) -> None:
    """Store rows by student and concept; existing ones keep their id and time of creation."""
    statement = insert_into(db, table)
    replaced_values = {
        name: statement.excluded[name] for name in rows[0] if name not in {"id", "created_at"}
    }
    db.execute(
        statement.on_conflict_do_update(
            index_elements=["student_id", "concept_id"], set_=replaced_values
        ),
        rows,
    )


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
