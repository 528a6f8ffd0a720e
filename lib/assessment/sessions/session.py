"""A session as it stands, and what an answer makes of it. Pure: no clock, no database.

Everything here is a function of the session's row, its answers and its pool's version, so a
sitting rebuilt from the record is the one that was lost, bit for bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import numpy as np

from lib.assessment.pools.eligibility import level_of
from lib.assessment.pools.item_pool import ItemPool
from lib.assessment.sessions.end_criteria import EndCriteria
from lib.assessment.sessions.prior import Known, known_by_position, starting_point
from lib.assessment.sessions.store import AnswerRow, SessionRow
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
"""Of recorded proficiencies and confidences."""


@dataclass(frozen=True, eq=False)
class Sitting:
    """A session that waits for the answer to `next_item`; None: no question is left."""

    session_id: UUID
    student_id: str
    pool: ItemPool
    criteria: EndCriteria
    known: tuple[Known | None, ...]
    start: Posterior
    """The prior it began with, a function of `known` and the pool."""
    initial: list[float]
    """Proficiency of `start`, per concept."""
    posterior: Posterior
    current: list[float]
    """Proficiency of `posterior`, per concept."""
    next_item: int | None

    @property
    def next_question_id(self) -> str | None:
        """The only question that may be answered now."""
        return None if self.next_item is None else self.pool.question_ids[self.next_item]


@dataclass(frozen=True, eq=False)
class Step:
    """What one answer did."""

    is_correct: bool
    after: Sitting
    end_reason: str | None
    """Why the test is over; None: it goes on with `after.next_item`."""
    confidence: list[float]
    learning_gain: float
    test_efficiency: float


def begin(
    session_id: UUID,
    student_id: str,
    pool: ItemPool,
    criteria: EndCriteria,
    known: tuple[Known | None, ...],
) -> Sitting:
    """Return a session before its first answer."""
    prior = starting_point(known, pool.correlation)
    initial = proficiency(prior)
    sitting = Sitting(
        session_id, student_id, pool, criteria, known, prior, initial, prior, initial, None
    )
    return replace(sitting, next_item=_choose(sitting))


def rebuild(row: SessionRow, answers: Sequence[AnswerRow], pool: ItemPool) -> Sitting:
    """Return a session as its row has it; answers past the row's total came later."""
    sitting = begin(
        row.id,
        row.student_id,
        pool,
        EndCriteria.model_validate(row.end_criteria),
        known_by_position(row.concept_names or (), row.prior),
    )
    taken = answers[: row.total_questions]
    if not taken:
        return sitting
    items = [pool.positions[answer.question_id] for answer in taken]
    correct = [answer.is_correct for answer in taken]
    posterior = Posterior.of_answers(sitting.posterior, pool.bank, items, correct)
    asked = None if row.next_question_id is None else pool.positions[row.next_question_id]
    return replace(sitting, posterior=posterior, current=proficiency(posterior), next_item=asked)


def grade(sitting: Sitting, response: int) -> Step:
    """Return what the answer to the question that was asked makes of the session."""
    item = sitting.next_item
    if item is None:
        raise ValueError("no question was asked")
    is_correct = sitting.pool.is_correct(item, response)
    posterior = update(sitting.posterior, sitting.pool.bank, item, is_correct)
    now = proficiency(posterior)
    after = replace(sitting, posterior=posterior, current=now, next_item=None)
    following = _choose(after)
    reason = _end_reason(after, following)
    if reason is None:
        after = replace(after, next_item=following)
    return Step(
        is_correct=is_correct,
        after=after,
        end_reason=reason,
        confidence=confidences(posterior),
        learning_gain=round((sum(now) - sum(after.initial)) / len(now), DECIMALS),
        test_efficiency=_efficiency(after),
    )


def proficiency(posterior: Posterior) -> list[float]:
    """Expected percentile of each concept, as recorded and shown."""
    return _rounded(percentile(posterior.mean, posterior.variance))


def confidences(posterior: Posterior) -> list[float]:
    """1 - posterior variance of each concept, 0 to 1, as recorded."""
    return _rounded(confidence(posterior.variance))


def _choose(sitting: Sitting) -> int | None:
    """The next question: drawn among the best, the same whenever the same session asks."""
    pool, answered, wanted = sitting.pool, list(sitting.posterior.items), sitting.pool.selection
    available = pool.askable.copy()
    available[answered] = False
    if not available.any():
        return None
    if pool.eligibility is not None:
        level = level_of(sitting.current)
        available = pool.eligibility.spare(available, sitting.session_id, level)
    if wanted.content_shares is not None:
        available = balanced(pool.bank, available, answered, wanted.content_shares)
    rng = None
    if wanted.best_items > 1:  # a generator is dear to make
        rng = np.random.default_rng([sitting.session_id.int, len(answered)])
    return select(
        sitting.posterior,
        pool.bank,
        available,
        rng=rng,
        best=wanted.best_items,
        loss=wanted.greatest_loss,
    )


def _end_reason(sitting: Sitting, following: int | None) -> str | None:
    """Which rule ends the test, or that no question is left."""
    criteria, posterior, bank = sitting.criteria, sitting.posterior, sitting.pool.bank
    gain = None
    if criteria.minimum_gain > 0 and following is not None:
        gain = expected_share(posterior, bank, following)
    rules = StopRules(**criteria.model_dump())
    return stop(posterior, rules, tested=bank.measured > 0, gain=gain) or (
        "exhausted" if following is None else None
    )


def _efficiency(sitting: Sitting) -> float:
    """Share of the prior variance of the tested concepts removed, per question."""
    tested, now = sitting.pool.bank.measured, sitting.posterior
    left = float((now.variance @ tested) / (sitting.start.variance @ tested))
    return round((1.0 - left) / now.answered, DECIMALS)


def _rounded(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float]:
    return [round(float(value), DECIMALS) for value in values]
