"""Submission of an answer, recorded exactly once.

A submit calls Redis (lock and snapshot), Postgres (the record) and Redis again (new snapshot,
unlock). It acknowledges an answer only after Postgres has recorded it. The lock saves work; of two
concurrent callers, the session's row decides which one counts. If Redis has lost or corrupted the
snapshot, the session is rebuilt from the record.
"""

from typing import Any

from lib.access.write_limits.limits import pending
from lib.assessment.errors import (
    NoSuchOption,
    OtherAnswerRecorded,
    QuestionNotFound,
    SessionClosed,
    SessionExpired,
    SessionOfOtherStudent,
    UnexpectedQuestion,
)
from lib.assessment.pools.item_pool import item_pool
from lib.assessment.pools.question import Question
from lib.assessment.sessions import cache, snapshot, store
from lib.assessment.sessions.cache import LockResult
from lib.assessment.sessions.session import GradedAnswer, Session, grade, rebuild
from lib.assessment.sessions.store import (
    IDLE_MINUTES,
    AnswerRow,
    NewAnswer,
    SessionRow,
    UpdatedSession,
)
from lib.assessment.sessions.summary import summary_of
from lib.assessment.sessions.wire import CompletedOut, ContinueOut, QuestionOut, SubmitIn
from lib.assessment.telling import Tells, is_told
from lib.deps import Deps
from lib.errors import Busy, SessionNotFound

SubmitOut = ContinueOut | CompletedOut

MAX_ATTEMPTS = 4
"""Attempts to record an answer while other callers change the session."""


def submit(body: SubmitIn, deps: Deps) -> SubmitOut:
    """Record an answer; return the next question or the result. A repetition gets the same reply.

    Raises:
        SessionNotFound: If the session does not exist.
        SessionOfOtherStudent: If `student_id` is given and is not the session's.
        OtherAnswerRecorded: If the question was answered with another option.
        UnexpectedQuestion: If the session waits for another question.
        SessionClosed, SessionExpired: If the session accepts no more answers.
        NoSuchOption: If the question has no such option.
        TooManyWrites: If too many answers came from the address or for the session.
    """
    lock = cache.lock_and_read(deps.redis, body.session_id, body.question_id, count=pending())
    session_or_reply: Session | SubmitOut | None = (
        _from_snapshot(body, lock, deps) if lock.acquired else None
    )
    for _ in range(MAX_ATTEMPTS):
        if isinstance(session_or_reply, ContinueOut | CompletedOut):
            return session_or_reply
        if session_or_reply is not None:
            reply = _record(session_or_reply, body, lock, deps)
            if reply is not None:
                return reply
        session_or_reply = _from_record(body, deps)
    raise Busy


def _from_snapshot(body: SubmitIn, lock: LockResult, deps: Deps) -> Session | None:
    """Return the session as Redis has it, if it waits for an answer to this question."""
    session = snapshot.pop_cached_session(body.session_id, lock.snapshot) or _restore(
        body, lock, deps
    )
    if (
        session is None
        or session.next_question_id != body.question_id
        or body.student_id not in {None, session.student_id}
    ):
        return None
    return session


def _restore(body: SubmitIn, lock: LockResult, deps: Deps) -> Session | None:
    decoded = snapshot.decode(body.session_id, lock.snapshot)
    if decoded is None or not decoded.is_complete:
        return None
    return decoded.restore(item_pool(deps.postgres, decoded.pool_id, decoded.pool_version))


def _record(session: Session, body: SubmitIn, lock: LockResult, deps: Deps) -> SubmitOut | None:
    """Grade and record the answer; return None if the session has meanwhile changed."""
    item = session.pool.positions[body.question_id]
    option_count = int(session.pool.option_count[item])
    if body.response >= option_count:
        raise NoSuchOption(question_id=body.question_id, last=option_count - 1)
    graded = grade(session, body.response)
    next_id = graded.after.next_question_id
    cached_question = None if next_id is None else session.pool.question_cache.get(next_id)
    question_to_read = None if cached_question else next_id
    updated = store.record_answer(
        deps.postgres, _new_answer(session, body, graded, question_to_read)
    )
    if updated is None:
        return None
    if updated.next_question is not None:
        session.pool.question_cache.put(updated.next_question)
    new_snapshot = None
    if graded.end_reason is None:
        new_snapshot = snapshot.encode(graded.after, updated.last_activity)
        snapshot.cache_session(new_snapshot, graded.after)
    cache.write_and_unlock(
        deps.redis,
        lock,
        session_id=body.session_id,
        question_id=body.question_id,
        snapshot=new_snapshot,
        next_question=updated.next_question,
    )
    return _reply(graded, updated, cached_question or updated.next_question)


def _new_answer(
    session: Session, body: SubmitIn, graded: GradedAnswer, question_to_read: str | None
) -> NewAnswer:
    return NewAnswer(
        session_id=session.session_id,
        pool_version=session.pool.version,
        position=session.posterior.answer_count,
        question_id=body.question_id,
        response=body.response,
        is_correct=graded.is_correct,
        initial_proficiency=graded.after.initial_proficiency,
        proficiency=graded.after.current_proficiency,
        confidence=graded.confidence,
        learning_gain=graded.learning_gain,
        test_efficiency=graded.test_efficiency,
        next_question_id=graded.after.next_question_id,
        question_to_read=question_to_read,
        end_reason=graded.end_reason,
    )


def _reply(
    graded: GradedAnswer, updated: UpdatedSession, next_question: Question | None
) -> SubmitOut:
    session = graded.after
    if next_question is None:
        return _completed(
            session.criteria.model_dump(),
            session.tells,
            initial=session.initial_proficiency,
            final=session.current_proficiency,
            correct=updated.correct_responses,
            total=updated.total_questions,
            learning_gain=graded.learning_gain,
            test_efficiency=graded.test_efficiency,
        )
    return _continued(
        session.tells, session.current_proficiency, next_question, updated.total_questions
    )


def _continued(
    tells: Tells, proficiency: list[float], next_question: Question, total: int
) -> ContinueOut:
    disclosed = proficiency if tells == "each" else None
    return ContinueOut(
        current_proficiency=disclosed,
        updated_proficiency=disclosed,
        next_question=QuestionOut.of(next_question),
        questions_answered=total,
    )


def _completed(criteria: dict[str, Any] | None, tells: Tells, **figures: Any) -> CompletedOut:
    """Return the reply to the last answer; `figures` are those of `summary_of`."""
    total = figures["total"]
    if not is_told(tells, "completed", total, criteria):
        return CompletedOut(total_questions=total)
    summary = summary_of(tells, **figures)
    return CompletedOut(
        final_proficiency=summary.final_proficiency,
        total_questions=total,
        accuracy=summary.accuracy,
        test_summary=summary,
    )


def _from_record(body: SubmitIn, deps: Deps) -> Session | SubmitOut:
    """Return the reply to an answer already recorded, or the session rebuilt from the record."""
    row_and_answers = store.read_with_answers(deps.postgres, body.session_id)
    if row_and_answers is None:
        raise SessionNotFound
    row, answers = row_and_answers
    if body.student_id not in {None, row.student_id}:
        raise SessionOfOtherStudent
    for position, answer in enumerate(answers):
        if answer.question_id == body.question_id:
            return _repeated_reply(body, answer, row, answers[: position + 1], deps)
    _refuse_if_closed(row, deps)
    assert row.pool_id is not None  # noqa: S101 set whenever pool_version is, which was checked
    assert row.pool_version is not None  # noqa: S101
    session = rebuild(row, answers, item_pool(deps.postgres, row.pool_id, row.pool_version))
    if session.next_question_id != body.question_id:
        raise UnexpectedQuestion(question_id=body.question_id, expected=session.next_question_id)
    return session


def _refuse_if_closed(row: SessionRow, deps: Deps) -> None:
    if row.status == "expired":
        raise SessionExpired(minutes=IDLE_MINUTES)
    if row.status != "active":
        raise SessionClosed(status=row.status)
    if row.is_idle or row.pool_version is None:
        store.end_session(deps.postgres, row.id)
        cache.delete_snapshots(deps.redis, [row.id])
        raise SessionExpired(minutes=IDLE_MINUTES)


def _repeated_reply(
    body: SubmitIn,
    answer: AnswerRow,
    row: SessionRow,
    answers_so_far: list[AnswerRow],
    deps: Deps,
) -> SubmitOut:
    """Return the reply that was sent when the answer was recorded."""
    if answer.response != body.response:
        raise OtherAnswerRecorded(
            question_id=answer.question_id, response=answer.response, answer_id=answer.id
        )
    count = len(answers_so_far)
    proficiency = answer.proficiency_after or []
    if answer.next_question_id is None or row.pool_version is None:
        return _completed(
            row.end_criteria,
            row.tells,
            initial=row.initial_proficiency or [],
            final=proficiency,
            correct=sum(earlier.is_correct for earlier in answers_so_far),
            total=count,
            learning_gain=row.learning_gain,
            test_efficiency=row.test_efficiency,
        )
    question = store.read_question(deps.postgres, answer.next_question_id, row.pool_version)
    if question is None:
        raise QuestionNotFound
    return _continued(row.tells, proficiency, question, count)
