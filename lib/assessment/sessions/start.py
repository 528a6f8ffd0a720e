"""Start of a test: one round trip to Postgres and one to Redis, if pool and question are cached."""

import hashlib
from typing import TYPE_CHECKING
from uuid import uuid4

from lib.assessment.errors import (
    CriterionRefused,
    NoGradableQuestion,
    OtherConceptNames,
    PoolNotFound,
    QuestionNotFound,
    SessionClosed,
    SessionConceptMismatch,
    SessionExpired,
    SessionOfOtherStudent,
    StartKeyReused,
    StartsUsedUp,
    TicketContradicted,
    TicketRequired,
    TicketUsedUp,
)
from lib.assessment.pools.item_pool import ItemPool, item_pool
from lib.assessment.pools.question import Question
from lib.assessment.pools.rules import DEFAULT_CONCEPTS
from lib.assessment.sessions import cache, snapshot, store
from lib.assessment.sessions.prior import records_of
from lib.assessment.sessions.session import Session, new_session
from lib.assessment.sessions.store import IDLE_MINUTES, NewStart, StartedSession
from lib.assessment.sessions.wire import EndCriteria, QuestionOut, StartIn, StartOut
from lib.deps import Deps
from lib.errors import AppError, SessionNotFound

if TYPE_CHECKING:
    from lib.assessment.ticket import Ticket


_REFUSALS: dict[str, type[AppError]] = {
    "session_not_found": SessionNotFound,
    "other_student": SessionOfOtherStudent,
    "session_closed": SessionClosed,
    "session_expired": SessionExpired,
    "key_reused": StartKeyReused,
    "pool_not_found": PoolNotFound,
    "ticket_required": TicketRequired,
    "ticket_used_up": TicketUsedUp,
    "concept_count": SessionConceptMismatch,
    "concept_names": OtherConceptNames,
}
"""Errors for refusals of `assessment.start_session`; `_refusal` handles refused criteria and
`starts_used_up`."""


def start(body: StartIn, key: str | None, deps: Deps, *, is_operator: bool) -> StartOut:
    """Start a test, or resume the one whose id, ticket or key the caller has.

    Args:
        body: The request.
        key: Its Idempotency-Key.
        deps: Postgres, Redis and settings.
        is_operator: Whether an operator makes the call; operators need no ticket.

    Raises:
        AppError: If the start is refused, see `_refusal`, or the ticket is not valid or
            contradicts the request.
        NoGradableQuestion: If no question of the pool can be asked.
    """
    new_start = _new_start(body, key, deps, is_operator=is_operator)
    started = store.start_session(deps.postgres, new_start)
    if started.refusal is not None:
        raise _refusal(started.refusal, started.expected, body)
    pool = item_pool(deps.postgres, started.pool_id, started.pool_version)
    session = _before_first_answer(started, pool)
    is_new = started.id == new_start.session_id
    question = _next_question(started, session, deps, is_new=is_new)
    initial = started.initial_proficiency or session.current_proficiency
    return StartOut(
        session_id=started.id,
        student_id=started.student_id,
        initial_proficiency=initial if started.tells == "each" else None,
        concept_names=started.concept_names,
        next_question=QuestionOut.of(question),
        extra_time=started.extra_time,
    )


def _new_start(body: StartIn, key: str | None, deps: Deps, *, is_operator: bool) -> NewStart:
    ticket = _ticket(body, deps)
    given_criteria = body.end_criteria.model_dump(exclude_unset=True)
    return NewStart(
        session_id=uuid4(),
        resumed_id=body.session_id,
        student_id=body.student_id if ticket is None else ticket.student_id,
        pool_id=body.question_pool_id if ticket is None else ticket.pool_id,
        concept_names=body.concept_names,
        end_criteria=(ticket and ticket.end_criteria) or given_criteria,
        ticket_id=None if ticket is None else ticket.id,
        ticket_uses=None if ticket is None else ticket.uses,
        extra_time=None if ticket is None else ticket.extra_time,
        start_key=None if key is None else _sha256(key),
        start_body=None if key is None else _sha256(body.model_dump_json(exclude_unset=True)),
        is_operator=is_operator,
        open_tests_count=deps.settings.open_tests_count,
        needs_ticket=deps.settings.tests_need_tickets,
    )


def _ticket(body: StartIn, deps: Deps) -> "Ticket | None":
    """Return the ticket of a start; refuse a body whose other fields contradict it."""
    if body.ticket is None:
        return None
    from lib.assessment.ticket import read_ticket

    ticket = read_ticket(body.ticket, deps)
    criteria = ticket.end_criteria
    contradicted = {
        "student_id": body.student_id not in {None, ticket.student_id},
        "question_pool_id": body.question_pool_id not in {None, ticket.pool_id},
        "end_criteria": criteria is not None
        and "end_criteria" in body.model_fields_set
        and bool(body.end_criteria.model_dump(exclude_unset=True).items() - criteria.items()),
    }
    for field, is_contradicted in contradicted.items():
        if is_contradicted:
            raise TicketContradicted(field=field)
    return ticket


def _refusal(code: str, expected: str | None, body: StartIn) -> AppError:
    """Return the error for a refusal of `assessment.start_session`.

    Args:
        code: The refusal; for an end criterion, its path.
        expected: Fact about it, such as the value that would be accepted, the seconds to wait, or
            the state of a closed test.
        body: The request.
    """
    if code == "starts_used_up":
        return StartsUsedUp(retry_after=int(expected or 1))
    if code.startswith("end_criteria."):
        return CriterionRefused(field=code, expected=expected)
    names = DEFAULT_CONCEPTS if body.concept_names is None else body.concept_names
    return _REFUSALS[code](
        expected=expected,
        status=expected,
        uses=expected,
        actual=len(names),
        minutes=IDLE_MINUTES,
    )


def _before_first_answer(started: StartedSession, pool: ItemPool) -> Session:
    return new_session(
        started.id,
        started.student_id,
        pool,
        EndCriteria.model_validate(started.end_criteria),
        records_of(started.concept_names, started.prior),
        started.tells,
        started.asked_before or (),
    )


def _next_question(
    started: StartedSession, session: Session, deps: Deps, *, is_new: bool
) -> Question:
    """Return the question that the session waits for; write its first snapshot in the same call."""
    question_id, first_snapshot = started.next_question_id, None
    if question_id is None:
        question_id = session.next_question_id
        if question_id is None:
            store.end_session(deps.postgres, started.id)
            raise NoGradableQuestion
        first_snapshot = snapshot.encode(session, started.last_activity)
    pool = session.pool
    revision = int(pool.revision[pool.positions[question_id]])
    cached = cache.read_question_and_add_snapshot(
        deps.redis, started.id, first_snapshot, question_id, revision, is_new=is_new
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


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
