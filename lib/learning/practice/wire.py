"""Bodies of answers to practice questions."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, RootModel

from lib.learning.ids import LiveId, SentId
from lib.learning.tables.performance import MAX_SECONDS
from lib.web.wire import Body, StrictBody, SuccessOut, UtcTime

AnswerText = Annotated[str, Field(max_length=1_000)]
Seconds = Annotated[float, Field(gt=0, le=MAX_SECONDS, allow_inf_nan=False)]
Confidence = Annotated[int, Field(ge=1, le=5)]


class LiveAttemptIn(Body):
    """An answer in the live system's shape; the student is the caller."""

    question_id: SentId
    """Id of the question."""
    answer: AnswerText
    """The answer: an option's text, `true` or `false`, or a number."""
    time_taken_seconds: Seconds
    """Seconds from the question to the answer."""
    confidence: Confidence
    """1 (a guess) to 5 (certain)."""


class AttemptIn(StrictBody):
    """An answer; the student is the caller."""

    id: UUID | None = None
    """Id of the answer, made by the device; repeating the request with it stores nothing more."""
    question_id: SentId
    """Id of the question."""
    answer: AnswerText
    """The answer: an option's text, `true` or `false`, or a number."""
    time_taken_seconds: Seconds
    """Seconds from the question to the answer."""
    confidence: Confidence
    """1 (a guess) to 5 (certain)."""


class LiveAttemptOut(Body):
    """The result of an answer in the live system's shape."""

    id: LiveId
    """Id of the answer."""
    question_id: LiveId
    """Id of the question."""
    is_correct: bool
    """Whether the answer is right."""
    mastery_score: float
    """Mastery of the question's concept after this answer, 0 to 100."""


class GradedAttemptOut(SuccessOut):
    """The result of an answer."""

    id: UUID
    """Id of the answer."""
    question_id: UUID
    """Id of the question."""
    concept_id: UUID
    """Concept of the question."""
    is_correct: bool
    """Whether the answer is right."""
    correct_answer: str
    """The right answer."""
    mastery_score: float
    """Mastery of the concept now, with this answer and all others, 0 to 100."""
    timestamp: UtcTime
    """Time of the answer."""


class LivePastAttemptOut(Body):
    """A stored answer in the live system's shape."""

    id: LiveId
    """Id of the answer."""
    question_id: LiveId
    """Id of the question."""
    is_correct: bool
    """Whether the answer is right."""
    time_taken: float
    """Seconds from the question to the answer."""
    confidence: int | None
    """1 to 5; null if it is not known."""
    timestamp: UtcTime
    """Time of the answer."""


class LivePastAttemptsOut(RootModel[list[LivePastAttemptOut]]):
    """The newest answers of a student, as a bare list."""


class PastAttemptOut(Body):
    """A stored answer."""

    id: UUID
    """Id of the answer."""
    question_id: UUID
    """Id of the question."""
    answer: str
    """The answer."""
    is_correct: bool
    """Whether it is right."""
    time_taken_seconds: float
    """Seconds from the question to the answer."""
    confidence: int | None
    """1 to 5; null if it is not known."""
    timestamp: UtcTime
    """Time of the answer."""


class AttemptsOut(SuccessOut):
    """A page of a student's answers, newest first."""

    student_id: UUID
    """Id of the student."""
    attempts: list[PastAttemptOut]
    """The answers."""
    count: int
    """Number of answers on the page."""
    next_cursor: str | None
    """Cursor of the next page; null on the last."""
