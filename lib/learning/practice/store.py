"""Statements of answers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, insert, select, tuple_, update
from sqlalchemy.orm import Session

from lib.learning.ids import live_id
from lib.learning.tables import Question, QuestionAttempt
from lib.learning.tables.base import ONE_STATEMENT


@dataclass(frozen=True)
class NewAttempt:
    """An answer to store."""

    id: UUID
    student_id: UUID
    question_id: UUID
    answer: str
    is_correct: bool
    time_taken_seconds: float
    confidence: int | None
    timestamp: datetime


@dataclass(frozen=True)
class AttemptRow:
    """A stored answer."""

    id: UUID
    former_id: int | None
    student_id: UUID
    question_id: UUID
    question_former_id: int | None
    answer: str
    is_correct: bool
    time_taken_seconds: float
    confidence: int | None
    timestamp: datetime

    @property
    def live_id(self) -> int | UUID:
        """Id of the answer in the live system's shapes: its number there, or else the UUID."""
        return live_id(self.id, self.former_id)

    @property
    def live_question_id(self) -> int | UUID:
        """Id of the question in the live system's shapes: its number there, or else the UUID."""
        return live_id(self.question_id, self.question_former_id)


def find_attempt(db: Session, attempt_id: UUID) -> AttemptRow | None:
    """Return an answer; None if there is none with this id."""
    row = db.execute(_rows().where(QuestionAttempt.id == attempt_id)).one_or_none()
    return None if row is None else AttemptRow(*row)


def add_attempts(db: Session, attempts: Sequence[NewAttempt], now: datetime) -> None:
    """Store answers.

    Raises:
        AttemptIdTaken: If one of the ids is already the id of another answer.
    """
    common = {"synced": True, "created_at": now, "updated_at": now}
    db.execute(
        insert(QuestionAttempt),
        [asdict(each) | common for each in attempts],
        execution_options=ONE_STATEMENT,
    )


def keep_extra(db: Session, attempt_id: UUID, extra: Mapping[str, Any]) -> None:
    """Store values of an answer for which there is no column."""
    db.execute(
        update(QuestionAttempt).where(QuestionAttempt.id == attempt_id).values(extra=dict(extra))
    )


def list_stored(db: Session, attempt_ids: Collection[UUID]) -> set[UUID]:
    """Return the ids that belong to stored answers."""
    query = select(QuestionAttempt.id).where(QuestionAttempt.id.in_(attempt_ids))
    return set(db.execute(query).scalars())


def list_attempts(
    db: Session, student_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[AttemptRow]:
    """Return a page of a student's answers, newest first; uses idx_attempts_student_timestamp.

    Args:
        db: The session.
        student_id: The student.
        before: Time and id of the last answer of the page before; None for the first page.
        limit: Maximum number of answers to return.
    """
    query = _rows().where(QuestionAttempt.student_id == student_id)
    if before is not None:
        query = query.where(tuple_(QuestionAttempt.timestamp, QuestionAttempt.id) < before)
    newest_first = (QuestionAttempt.timestamp.desc(), QuestionAttempt.id.desc())
    return [AttemptRow(*row) for row in db.execute(query.order_by(*newest_first).limit(limit))]


def _rows() -> "Select[*tuple[Any, ...]]":
    return select(
        QuestionAttempt.id,
        QuestionAttempt.former_id,
        QuestionAttempt.student_id,
        QuestionAttempt.question_id,
        Question.former_id,
        QuestionAttempt.answer,
        QuestionAttempt.is_correct,
        QuestionAttempt.time_taken_seconds,
        QuestionAttempt.confidence,
        QuestionAttempt.timestamp,
    ).join(Question, Question.id == QuestionAttempt.question_id)
