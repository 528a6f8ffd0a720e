"""Starting a test: one round trip to Postgres, one to Redis."""

from uuid import uuid4

from lib.assessment.errors import NothingToAsk
from lib.assessment.pools.item_pool import ItemPool, item_pool
from lib.assessment.pools.question import Shown
from lib.assessment.sessions import cache, snapshot, store
from lib.assessment.sessions.end_criteria import EndCriteria
from lib.assessment.sessions.prior import known_by_position
from lib.assessment.sessions.session import Sitting, begin
from lib.assessment.sessions.store import OpenedSession
from lib.assessment.sessions.wire import QuestionOut, StartIn, StartOut
from lib.deps import Deps
from lib.errors import NotFound


def start(asked: StartIn, deps: Deps) -> StartOut:
    """Begin a test, or go on with the one this student has open in this pool.

    Raises:
        NotFound: If there is no such pool.
        WrongConceptCount: If the concepts named are not as many as the pool tests.
        NothingToAsk: If the pool has no question that can be asked.
    """
    new_id = uuid4()
    opened = store.open_session(
        deps.postgres,
        new_id,
        asked.student_id,
        asked.question_pool_id,
        asked.concept_names,
        asked.end_criteria,
    )
    pool = item_pool(deps.postgres, asked.question_pool_id, opened.pool_version)
    sitting = _before_first_answer(asked.student_id, opened, pool)
    question = _question_to_ask(opened, sitting, deps, is_new=opened.id == new_id)
    return StartOut(
        session_id=opened.id,
        student_id=asked.student_id,
        initial_proficiency=opened.initial_proficiency or sitting.current,
        concept_names=opened.concept_names,
        next_question=QuestionOut.of(question),
    )


def _before_first_answer(student_id: str, opened: OpenedSession, pool: ItemPool) -> Sitting:
    return begin(
        opened.id,
        student_id,
        pool,
        EndCriteria.model_validate(opened.end_criteria),
        known_by_position(opened.concept_names, opened.prior),
    )


def _question_to_ask(opened: OpenedSession, sitting: Sitting, deps: Deps, *, is_new: bool) -> Shown:
    """The question the session waits for; a first state goes to Redis in the same call."""
    question_id, first_state = opened.next_question_id, None
    if question_id is None:
        question_id = sitting.next_question_id
        if question_id is None:
            store.end_session(deps.postgres, opened.id)
            raise NothingToAsk
        first_state = snapshot.encode(sitting, opened.last_activity)
    pool = sitting.pool
    revision = int(pool.revision[pool.positions[question_id]])
    cached = cache.begin(deps.redis, opened.id, first_state, question_id, revision, is_new=is_new)
    question = cached or pool.texts.get(question_id) or _from_record(question_id, pool, deps)
    pool.texts.hold(question)
    return question


def _from_record(question_id: str, pool: ItemPool, deps: Deps) -> Shown:
    question = store.question_shown(deps.postgres, question_id, pool.version)
    if question is None:
        raise NotFound(what="Question")
    cache.cache_question(deps.redis, question)
    return question
