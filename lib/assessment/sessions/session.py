"""A session's state and the effect of an answer on it; pure functions without clock or database.

Everything follows from the session's row, its answers and its pool's version, so a session rebuilt
from the record equals the lost one bit for bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np

from lib.assessment.pools.eligibility import Mask, level_of
from lib.assessment.pools.item_pool import ItemPool
from lib.assessment.sessions.prior import Records, records_of, session_prior
from lib.assessment.sessions.store import AnswerRow, SessionRow
from lib.assessment.sessions.wire import EndCriteria
from lib.assessment.telling import Tells
from lib.engine import (
    Posterior,
    StopRules,
    balanced,
    confidence,
    expected_share,
    percentile,
    select,
    stop,
    update,
)

DECIMALS = 6
"""Decimals of recorded proficiencies and confidences."""


@dataclass(frozen=True, eq=False)
class Session:
    """A session, which waits for the answer to `next_item`."""

    session_id: UUID
    student_id: str
    pool: ItemPool
    criteria: EndCriteria
    records: Records
    prior: Posterior
    """Posterior before the first answer, as `records` and the pool determine it."""
    initial_proficiency: list[float]
    """Proficiency of `prior` in each concept."""
    posterior: Posterior
    current_proficiency: list[float]
    """Proficiency of `posterior` in each concept."""
    next_item: int | None
    """Index of the item to answer; None if the test is over or no question remains."""
    tells: Tells = "each"
    asked_before: tuple[int, ...] = ()
    """Items of the student's earlier tests, asked again only if no others remain."""

    @property
    def next_question_id(self) -> str | None:
        """The only question that may be answered now."""
        return None if self.next_item is None else self.pool.question_ids[self.next_item]


@dataclass(frozen=True, eq=False)
class GradedAnswer:
    """An answer's grade and the session after it."""

    is_correct: bool
    after: Session
    end_reason: str | None
    """The reason why the test is over; None if it goes on with `after.next_item`."""
    confidence: list[float]
    learning_gain: float
    test_efficiency: float


def new_session(
    session_id: UUID,
    student_id: str,
    pool: ItemPool,
    criteria: EndCriteria,
    records: Records,
    tells: Tells = "each",
    asked_before: Sequence[int] = (),
) -> Session:
    """Return a session before its first answer."""
    prior = session_prior(records, pool.correlation)
    initial_proficiency = proficiency(prior)
    session = Session(
        session_id=session_id,
        student_id=student_id,
        pool=pool,
        criteria=criteria,
        records=records,
        prior=prior,
        initial_proficiency=initial_proficiency,
        posterior=prior,
        current_proficiency=initial_proficiency,
        next_item=None,
        tells=tells,
        asked_before=tuple(item for item in asked_before if item < len(pool)),
    )
    return replace(session, next_item=_choose_item(session))


def rebuild(row: SessionRow, answers: Sequence[AnswerRow], pool: ItemPool) -> Session:
    """Return a session as its row records it, ignoring answers recorded after the row was read."""
    session = new_session(
        row.id,
        row.student_id,
        pool,
        EndCriteria.model_validate(row.end_criteria),
        records_of(row.concept_names or (), row.prior),
        row.tells,
        row.asked_before or (),
    )
    counted_answers = answers[: row.total_questions]
    if not counted_answers:
        return session
    items = [pool.positions[answer.question_id] for answer in counted_answers]
    correct = [answer.is_correct for answer in counted_answers]
    posterior = Posterior.of_answers(session.posterior, pool.bank, items, correct)
    next_item = None if row.next_question_id is None else pool.positions[row.next_question_id]
    return replace(
        session,
        posterior=posterior,
        current_proficiency=proficiency(posterior),
        next_item=next_item,
    )


def grade(session: Session, response: int) -> GradedAnswer:
    """Grade the answer to the question that the session waits for."""
    item = session.next_item
    if item is None:
        raise ValueError("the session does not wait for an answer")
    is_correct = session.pool.is_correct(item, response)
    posterior = update(session.posterior, session.pool.bank, item, is_correct)
    current = proficiency(posterior)
    after = replace(session, posterior=posterior, current_proficiency=current, next_item=None)
    next_item = _choose_item(after)
    end_reason = _end_reason(after, next_item)
    if end_reason is None:
        after = replace(after, next_item=next_item)
    gain = (sum(current) - sum(after.initial_proficiency)) / len(current)
    return GradedAnswer(
        is_correct=is_correct,
        after=after,
        end_reason=end_reason,
        confidence=confidences(posterior),
        learning_gain=round(gain, DECIMALS),
        test_efficiency=_efficiency(after),
    )


def proficiency(posterior: Posterior) -> list[float]:
    """Return the expected percentile of each concept, as recorded and shown."""
    return _rounded(percentile(posterior.mean, posterior.variance))


def confidences(posterior: Posterior) -> list[float]:
    """Return 1 - posterior variance of each concept, 0 to 1, as recorded."""
    return _rounded(confidence(posterior.variance))


def _choose_item(session: Session) -> int | None:
    """Draw the next item among the best; after the same answers, a session draws the same item."""
    pool, settings = session.pool, session.pool.selection
    available = askable_items(session)
    if available is None:
        return None
    rng = None
    if settings.best_items > 1:  # creating a generator is slow
        rng = np.random.default_rng([session.session_id.int, session.posterior.answer_count])
    return select(
        session.posterior,
        pool.bank,
        available,
        rng=rng,
        best=settings.best_items,
        loss=settings.greatest_loss,
    )


def askable_items(session: Session) -> Mask | None:
    """Return the items that the session may ask next; None if no question remains."""
    pool, answered, settings = session.pool, list(session.posterior.items), session.pool.selection
    available = pool.gradable.copy()
    available[answered] = False
    if not available.any():
        return None
    if session.asked_before:
        new_items = available.copy()
        new_items[list(session.asked_before)] = False
        available = new_items if new_items.any() else available
    if pool.eligibility is not None:
        level = level_of(session.current_proficiency)
        available = pool.eligibility.eligible(available, session.session_id, level)
    if settings.content_shares is not None:
        available = balanced(pool.bank, available, answered, settings.content_shares)
    return available


def _end_reason(session: Session, next_item: int | None) -> str | None:
    """Return the rule that ends the test, or `exhausted` if no question remains."""
    criteria, posterior, bank = session.criteria, session.posterior, session.pool.bank
    gain = None
    if criteria.minimum_gain > 0 and next_item is not None:
        gain = expected_share(posterior, bank, next_item)
    rules = StopRules(**criteria.model_dump())
    return stop(posterior, rules, tested=bank.measured > 0, gain=gain) or (
        "exhausted" if next_item is None else None
    )


def _efficiency(session: Session) -> float:
    """Return the share of the tested concepts' prior variance that was removed, per question."""
    tested, posterior = session.pool.bank.measured, session.posterior
    remaining = float((posterior.variance @ tested) / (session.prior.variance @ tested))
    return round((1.0 - remaining) / posterior.answer_count, DECIMALS)


def _rounded(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float]:
    return [round(float(value), DECIMALS) for value in values]
