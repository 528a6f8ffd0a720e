"""Statements of progress."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lib.learning.tables import Question, QuestionAttempt


@dataclass(frozen=True)
class Mistake:
    """A wrong answer to a question, and how often it was given."""

    concept_id: UUID
    question_id: UUID
    question_text: str
    answer: str
    count: int


def list_mistakes(db: Session, student_id: UUID) -> list[Mistake]:
    """Return a student's wrong answers, the most frequent first."""
    count = func.count()
    rows = db.execute(
        select(
            Question.concept_id,
            Question.id,
            Question.question_text,
            QuestionAttempt.answer,
            count,
        )
        .join(Question, Question.id == QuestionAttempt.question_id)
        .where(QuestionAttempt.student_id == student_id, QuestionAttempt.is_correct.is_(False))
        .group_by(Question.concept_id, Question.id, Question.question_text, QuestionAttempt.answer)
        .order_by(count.desc(), func.max(QuestionAttempt.timestamp).desc(), Question.id)
    )
    return [Mistake(*row) for row in rows]
