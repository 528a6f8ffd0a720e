"""Stored answers as the model of mastery reads them; pure."""

from datetime import UTC, datetime
from uuid import UUID

from lib.learning.mastery_model.attempts import Attempt, Question
from lib.learning.tables.closed_lists import Difficulty

OFFSETS = {Difficulty.EASY.value: -0.55, Difficulty.MEDIUM.value: 0.0, Difficulty.HARD.value: 0.55}
"""Difficulty above the concept's mean by the author's label, logits: the means of the thirds of a
standard normal distribution, halved because labels are only partly right."""


def as_attempt(
    attempt_id: UUID,
    question_id: UUID,
    concept_id: UUID,
    difficulty: str,
    expected_seconds: float,
    is_correct: bool,
    timestamp: datetime,
    seconds: float,
    confidence: int | None,
) -> Attempt:
    """Return an answer to a question with its concept, difficulty and expected time."""
    return Attempt(
        clock=timestamp.astimezone(UTC).isoformat(timespec="microseconds"),
        id=str(attempt_id),
        question=Question(
            str(question_id),
            (str(concept_id),),
            offset=OFFSETS.get(difficulty, 0.0),
            seconds=float(expected_seconds),
        ),
        is_correct=is_correct,
        time=timestamp.timestamp(),
        seconds=seconds,
        confidence=confidence,
    )
