"""Start of a test: one round trip to Postgres and one to Redis."""

from uuid import uuid4

from lib.assessment.errors import NoGradableQuestion, QuestionNotFound
from lib.assessment.pools.item_pool import ItemPool, item_pool
from lib.assessment.pools.question import Question
from lib.assessment.sessions import cache, snapshot, store
from lib.assessment.sessions.prior import records_of
from lib.assessment.sessions.session import Session, new_session
from lib.assessment.sessions.store import OpenedSession
from lib.assessment.sessions.wire import EndCriteria, QuestionOut, StartIn, StartOut
from lib.deps import Deps


def start(body: StartIn, deps: Deps) -> StartOut:
    """Start a test, or resume the one that this student has open in this pool.

    Raises:
        PoolNotFound: If the pool does not exist.
        SessionConceptMismatch: If the pool tests a different number of concepts.
        NoGradableQuestion: If no question of the pool can be asked.
    """
    new_id = uuid4()
    opened = store.open_session(
        deps.postgres,
        session_id=new_id,
        student_id=body.student_id,
        pool_id=body.question_pool_id,
        concept_names=body.concept_names,
        criteria=body.end_criteria,
    )
    pool = item_pool(deps.postgres, body.question_pool_id, opened.pool_version)
    session = _before_first_answer(body.student_id, opened, pool)
    question = _next_question(opened, session, deps, is_new=opened.id == new_id)
    return StartOut(
        session_id=opened.id,
        student_id=body.student_id,
        initial_proficiency=opened.initial_proficiency or session.current_proficiency,
        concept_names=opened.concept_names,
        next_question=QuestionOut.of(question),
    )


def _before_first_answer(student_id: str, opened: OpenedSession, pool: ItemPool) -> Session:
    return new_session(
        opened.id,
        student_id,
        pool,
        EndCriteria.model_validate(opened.end_criteria),
        records_of(opened.concept_names, opened.prior),
    )


def _next_question(
    opened: OpenedSession, session: Session, deps: Deps, *, is_new: bool
) -> Question:
    """Return the question that the session waits for; write its first snapshot in the same call."""
    question_id, first_snapshot = opened.next_question_id, None
    if question_id is None:
        question_id = session.next_question_id
        if question_id is None:
            store.end_session(deps.postgres, opened.id)
            raise NoGradableQuestion
        first_snapshot = snapshot.encode(session, opened.last_activity)
    pool = session.pool
    revision = int(pool.revision[pool.positions[question_id]])
    cached = cache.read_question_and_add_snapshot(
        deps.redis, opened.id, first_snapshot, question_id, revision, is_new=is_new
    )
    question = (
        cached or pool.question_cache.get(question_id) or _from_record(question_id, pool, deps)
    )
    pool.question_cache.put(question)
    return question


def _from_record(question_id: str, pool: ItemPool, deps: Deps) -> Question:
    question = store.read_question(deps.postgres, question_id, pool.version)
    if question is None:
        raise QuestionNotFound
    cache.write_question(deps.redis, question)
    return question
