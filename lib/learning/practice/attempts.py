"""Answers: each is graded and stored once, and changes the mastery of its concept."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lib.learning.changes.log import logged
from lib.learning.changes.synced import SyncedTable
from lib.learning.current_user import Call
from lib.learning.errors import AttemptIdTaken, PracticeQuestionNotFound
from lib.learning.ids import live_id, reference
from lib.learning.mastery import store as mastery_store
from lib.learning.mastery.answers import as_attempt
from lib.learning.mastery.update import count_attempt, refresh
from lib.learning.mastery_model.attempts import Attempt
from lib.learning.practice import store
from lib.learning.practice.store import AttemptRow, NewAttempt
from lib.learning.practice.wire import (
    AttemptIn,
    AttemptsOut,
    GradedAttemptOut,
    LiveAttemptIn,
    LiveAttemptOut,
    LivePastAttemptOut,
    LivePastAttemptsOut,
    PastAttemptOut,
)
from lib.learning.students.student import own_or_named, readable_student
from lib.learning.syllabus import store as syllabus_store
from lib.learning.syllabus.grading import is_correct
from lib.learning.syllabus.store import QuestionRow
from lib.learning.tables.base import new_id
from lib.learning.transactions import transaction
from lib.web import cursor
from lib.web.wire import utc_text

MAX_LIVE_ATTEMPTS = 100
"""Maximum number of answers in a list of the live system's shape."""


@dataclass(frozen=True)
class RecordedAnswer:
    """A stored answer, its question, and the present mastery of the question's concept."""

    id: UUID
    is_correct: bool
    timestamp: datetime
    question: QuestionRow
    mastery_score: float


def record(call: Call, body: AttemptIn) -> GradedAttemptOut:
    """Grade and store an answer; repeating it with the same id changes nothing.

    Raises:
        NotStudent: If the caller is not a student.
        PracticeQuestionNotFound: If there is no such question.
        AttemptIdTaken: If another answer has the id.
    """
    recorded = _record(call, body, body.id or new_id())
    return GradedAttemptOut(
        id=recorded.id,
        question_id=recorded.question.id,
        concept_id=recorded.question.concept_id,
        is_correct=recorded.is_correct,
        correct_answer=recorded.question.correct_answer,
        mastery_score=recorded.mastery_score,
        timestamp=recorded.timestamp,
    )


def record_live(call: Call, body: LiveAttemptIn) -> LiveAttemptOut:
    """Grade and store an answer that a page of the live system sent.

    Raises:
        NotStudent: If the caller is not a student.
        PracticeQuestionNotFound: If there is no such question.
    """
    recorded = _record(call, body, new_id())
    return LiveAttemptOut(
        id=recorded.id,
        question_id=live_id(recorded.question.id, recorded.question.former_id),
        is_correct=recorded.is_correct,
        mastery_score=recorded.mastery_score,
    )


def list_attempts(call: Call, sent_id: str | None, position: str | None, limit: int) -> AttemptsOut:
    """Return a page of a student's answers, newest first.

    Raises:
        NotStudent, StudentClosed, StudentNotFound: As for `own_or_named`.
        InvalidCursor: If the cursor is not one that a page returned.
    """
    student = own_or_named(call, sent_id)
    before = None
    if position is not None:
        time, attempt_id = cursor.read(position, datetime.fromisoformat, UUID)
        before = (time, attempt_id)
    rows = store.list_attempts(call.db, student.id, before, limit + 1)
    page = rows[:limit]
    is_last = len(rows) <= limit
    return AttemptsOut(
        student_id=student.id,
        attempts=[_out(row) for row in page],
        count=len(page),
        next_cursor=None if is_last else cursor.write(utc_text(page[-1].timestamp), page[-1].id),
    )


def list_live_attempts(call: Call, sent_id: str) -> LivePastAttemptsOut:
    """Return the newest answers of a student in the live system's shape.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
    """
    student = readable_student(call, sent_id)
    return LivePastAttemptsOut(
        [
            LivePastAttemptOut(
                id=row.live_id,
                question_id=row.live_question_id,
                is_correct=row.is_correct,
                time_taken=row.time_taken_seconds,
                confidence=row.confidence,
                timestamp=row.timestamp,
            )
            for row in store.list_attempts(call.db, student.id, None, MAX_LIVE_ATTEMPTS)
        ]
    )


def _record(call: Call, body: AttemptIn | LiveAttemptIn, attempt_id: UUID) -> RecordedAnswer:
    db, student_id = call.db, call.user.student_id
    question = syllabus_store.find_question(db, reference(body.question_id))
    if question is None:
        raise PracticeQuestionNotFound
    with transaction(db), logged(db, [student_id], call.now) as log:
        skill_row = mastery_store.lock_student(db, student_id, call.now)
        stored_attempt = store.find_attempt(db, attempt_id)
        if stored_attempt is not None:
            return _stored_answer(call, stored_attempt, question, body.answer)
        right = is_correct(question.question_type, question.correct_answer, body.answer)
        attempt = NewAttempt(
            id=attempt_id,
            student_id=student_id,
            question_id=question.id,
            answer=body.answer,
            is_correct=right,
            time_taken_seconds=body.time_taken_seconds,
            confidence=body.confidence,
            timestamp=call.now,
        )
        store.add_attempts(db, [attempt], call.now)
        log.add(student_id, SyncedTable.QUESTION_ATTEMPTS, attempt.id)
        if not count_attempt(db, skill_row, _answer_of(attempt, question), call.now):
            refresh(db, student_id, call.now)
        score = _score(call, student_id, question)
    return RecordedAnswer(attempt_id, right, call.now, question, score)


def _answer_of(attempt: NewAttempt, question: QuestionRow) -> Attempt:
    """Return an answer as the model of mastery reads it."""
    return as_attempt(
        attempt.id,
        question.id,
        question.concept_id,
        question.difficulty,
        question.expected_time_seconds,
        attempt.is_correct,
        attempt.timestamp,
        attempt.time_taken_seconds,
        attempt.confidence,
    )


def _stored_answer(
    call: Call, stored: AttemptRow, question: QuestionRow, answer: str
) -> RecordedAnswer:
    """Return what an earlier request with the same id and answer stored.

    Raises:
        AttemptIdTaken: If another answer has the id.
    """
    earlier = (stored.student_id, stored.question_id, stored.answer)
    if earlier != (call.user.student_id, question.id, answer):
        raise AttemptIdTaken
    score = _score(call, stored.student_id, question)
    return RecordedAnswer(stored.id, stored.is_correct, stored.timestamp, question, score)


def _score(call: Call, student_id: UUID, question: QuestionRow) -> float:
    """Return the mastery of a question's concept, 0 to 100."""
    row = mastery_store.read_mastery(call.db, student_id, question.concept_id)
    return 0.0 if row is None else row.mastery.mastery_score


def _out(row: AttemptRow) -> PastAttemptOut:
    return PastAttemptOut(
        id=row.id,
        question_id=row.question_id,
        answer=row.answer,
        is_correct=row.is_correct,
        time_taken_seconds=row.time_taken_seconds,
        confidence=row.confidence,
        timestamp=row.timestamp,
    )
