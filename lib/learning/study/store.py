"""The statement that reads the answers of past study."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lib.learning.tables import Concept, Question, QuestionAttempt


class PastAnswer(NamedTuple):
    """The parts of an answer from which past sessions are derived."""

    timestamp: datetime
    topic_id: UUID
    seconds: float
    is_correct: bool


def list_answers(
    db: Session, student_ids: Sequence[UUID], since: datetime
) -> Mapping[UUID, list[PastAnswer]]:
    """Return the answers of students since a time, oldest first; each student has an entry."""
    rows = db.execute(
        select(
            QuestionAttempt.student_id,
            QuestionAttempt.timestamp,
            Concept.topic_id,
            QuestionAttempt.time_taken_seconds,
            QuestionAttempt.is_correct,
        )
        .join(Question, Question.id == QuestionAttempt.question_id)
        .join(Concept, Concept.id == Question.concept_id)
        .where(QuestionAttempt.student_id.in_(student_ids), QuestionAttempt.timestamp >= since)
        .order_by(QuestionAttempt.timestamp, QuestionAttempt.id)
    )
    answers: dict[UUID, list[PastAnswer]] = {student_id: [] for student_id in student_ids}
    for student_id, timestamp, topic_id, seconds, is_correct in rows:
        answers[student_id].append(PastAnswer(timestamp, topic_id, seconds, is_correct))
    return answers
