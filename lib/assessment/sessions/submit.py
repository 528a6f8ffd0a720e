"""Grading an answer, exactly once.

Warm: Redis (lock and state), Postgres (the record), Redis (new state, unlock). The answer is
acknowledged after Postgres has it, and what decides between two callers is the session's row, not
the lock. Whatever Redis lost or made up, the record settles: the session is rebuilt from it.
"""

from lib.assessment.errors import (
    NoSuchOption,
    NotTheQuestionAsked,
    OtherAnswerStored,
    OtherStudent,
    SessionClosed,
    SessionExpired,
)
from lib.assessment.pools.item_pool import item_pool
from lib.assessment.pools.question import Shown
from lib.assessment.sessions import cache, snapshot, store
from lib.assessment.sessions.cache import Taken
from lib.assessment.sessions.session import Sitting, Step, grade, rebuild
from lib.assessment.sessions.store import (
    IDLE_MINUTES,
    AnswerRow,
    NewAnswer,
    RecordedAnswer,
    SessionRow,
)
from lib.assessment.sessions.wire import CompletedOut, ContinueOut, QuestionOut, SubmitIn
from lib.deps import Deps
from lib.errors import Busy, NotFound

SubmitOut = ContinueOut | CompletedOut
TRIES = 4


def submit(answer: SubmitIn, deps: Deps) -> SubmitOut:
    """Record an answer and return what follows; sent again, it returns the same.

    Raises:
        NotFound: If there is no such session.
        OtherStudent: If `student_id` is given and the session is another's.
        OtherAnswerStored: If the question was answered otherwise.
        NotTheQuestionAsked: If the session waits for another question.
        SessionClosed, SessionExpired: If the session takes no more answers.
        NoSuchOption: If the question has no such option.
    """
    taken = cache.take(deps.redis, answer.session_id, answer.question_id)
    found: Sitting | SubmitOut | None = _from_state(answer, taken, deps) if taken.is_mine else None
    for _ in range(TRIES):
        if isinstance(found, ContinueOut | CompletedOut):
            return found
        if found is not None:
            done = _record(found, answer, taken, deps)
            if done is not None:
                return done
        found = _from_record(answer, deps)
    raise Busy


def _from_state(answer: SubmitIn, taken: Taken, deps: Deps) -> Sitting | None:
    """The session as Redis has it, if it waits for this very answer."""
    sitting = snapshot.remembered(answer.session_id, taken.state) or _restored(answer, taken, deps)
    if (
        sitting is None
        or sitting.next_question_id != answer.question_id
        or answer.student_id not in {None, sitting.student_id}
    ):
        return None
    return sitting


def _restored(answer: SubmitIn, taken: Taken, deps: Deps) -> Sitting | None:
    hot_state = snapshot.decode(answer.session_id, taken.state)
    if hot_state is None or not hot_state.is_whole:
        return None
    return hot_state.sitting(item_pool(deps.postgres, hot_state.pool_id, hot_state.pool_version))


def _record(sitting: Sitting, answer: SubmitIn, taken: Taken, deps: Deps) -> SubmitOut | None:
    """Grade and record; None if, meanwhile, the session went on without us."""
    item = sitting.pool.positions[answer.question_id]
    options = int(sitting.pool.option_count[item])
    if answer.response >= options:
        raise NoSuchOption(question_id=answer.question_id, last=options - 1)
    step = grade(sitting, answer.response)
    next_id = step.after.next_question_id
    at_hand = None if next_id is None else sitting.pool.texts.get(next_id)
    question_to_read = None if at_hand else next_id
    recorded = store.record_answer(
        deps.postgres, _new_answer(sitting, answer, step, question_to_read)
    )
    if recorded is None:
        return None
    if recorded.next_question is not None:
        sitting.pool.texts.hold(recorded.next_question)
    new_state = None
    if step.end_reason is None:
        new_state = snapshot.encode(step.after, recorded.last_activity)
        snapshot.remember(new_state, step.after)
    cache.keep(
        deps.redis,
        taken,
        answer.session_id,
        answer.question_id,
        new_state,
        recorded.next_question,
    )
    return _told(step, recorded, at_hand or recorded.next_question)


def _new_answer(
    sitting: Sitting, answer: SubmitIn, step: Step, question_to_read: str | None
) -> NewAnswer:
    return NewAnswer(
        session_id=sitting.session_id,
        pool_version=sitting.pool.version,
        position=sitting.posterior.answered,
        question_id=answer.question_id,
        response=answer.response,
        is_correct=step.is_correct,
        initial=step.after.initial,
        proficiency=step.after.current,
        confidence=step.confidence,
        learning_gain=step.learning_gain,
        test_efficiency=step.test_efficiency,
        next_question_id=step.after.next_question_id,
        question_to_read=question_to_read,
        end_reason=step.end_reason,
    )


def _told(step: Step, recorded: RecordedAnswer, next_question: Shown | None) -> SubmitOut:
    if next_question is None:
        return CompletedOut(
            final_proficiency=step.after.current,
            total_questions=recorded.total_questions,
            accuracy=store.accuracy(recorded.correct_responses, recorded.total_questions),
        )
    return ContinueOut(
        current_proficiency=step.after.current,
        next_question=QuestionOut.of(next_question),
        questions_answered=recorded.total_questions,
    )


def _from_record(answer: SubmitIn, deps: Deps) -> Sitting | SubmitOut:
    """What the record says: the same answer again, a refusal, or the session rebuilt."""
    read = store.read_with_answers(deps.postgres, answer.session_id)
    if read is None:
        raise NotFound(what="Session")
    row, answers = read
    if answer.student_id not in {None, row.student_id}:
        raise OtherStudent
    for earlier in answers:
        if earlier.question_id == answer.question_id:
            return _again(answer, earlier, row, answers, deps)
    _refuse_if_closed(row, deps)
    assert row.pool_id is not None  # noqa: S101 as pool_version, which was checked
    assert row.pool_version is not None  # noqa: S101
    sitting = rebuild(row, answers, item_pool(deps.postgres, row.pool_id, row.pool_version))
    if sitting.next_question_id != answer.question_id:
        raise NotTheQuestionAsked(question_id=answer.question_id, expected=sitting.next_question_id)
    return sitting


def _refuse_if_closed(row: SessionRow, deps: Deps) -> None:
    if row.status == "expired":
        raise SessionExpired(minutes=IDLE_MINUTES)
    if row.status != "active":
        raise SessionClosed(status=row.status)
    if row.is_idle or row.pool_version is None:
        store.end_session(deps.postgres, row.id)
        cache.drop_states(deps.redis, [row.id])
        raise SessionExpired(minutes=IDLE_MINUTES)


def _again(
    answer: SubmitIn,
    earlier: AnswerRow,
    row: SessionRow,
    answers: list[AnswerRow],
    deps: Deps,
) -> SubmitOut:
    """What was said when this answer was recorded."""
    if earlier.response != answer.response:
        raise OtherAnswerStored(
            question_id=earlier.question_id, response=earlier.response, answer_id=earlier.id
        )
    count = answers.index(earlier) + 1
    after = earlier.proficiency_after or []
    if earlier.next_question_id is None or row.pool_version is None:
        correct = sum(taken.is_correct for taken in answers[:count])
        return CompletedOut(
            final_proficiency=after,
            total_questions=count,
            accuracy=store.accuracy(correct, count),
        )
    shown = store.question_shown(deps.postgres, earlier.next_question_id, row.pool_version)
    if shown is None:
        raise NotFound(what="Question")
    return ContinueOut(
        current_proficiency=after,
        next_question=QuestionOut.of(shown),
        questions_answered=count,
    )
