"""Tests of simulated students, run by the same functions as real tests.

The settings and counts of the pool's version apply as in real tests: the session's id decides
which questions are eligible, so that exposure is limited at each level of ability and over all
levels (`lib.assessment.pools.eligibility`). The counts do not change during a simulation; in the
service, they change only in the nightly run and in calls of admin-calibrate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from lib.assessment.pools.eligibility import level_of
from lib.assessment.pools.item_pool import ItemPool
from lib.assessment.sessions.session import Session, grade, new_session
from lib.assessment.sessions.wire import EndCriteria
from lib.engine import ItemBank, Posterior
from lib.engine.simulation import Simulation

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SimulatedTest:
    """A test of a simulated student with t answers.

    Attributes:
        posteriors: Posteriors before the first answer and after each, length t + 1.
        levels: Level of ability before each question, by `eligibility.level_of`, length t.
    """

    posteriors: list[Posterior]
    levels: list[int]

    @property
    def items(self) -> tuple[int, ...]:
        """Positions of the questions in the pool."""
        return self.posteriors[-1].items


def simulate_test(
    pool: ItemPool,
    session_id: UUID,
    theta: FloatArray,
    draws: Sequence[float],
    truth: ItemBank | None = None,
) -> SimulatedTest:
    """Simulate the first test of a student.

    Args:
        pool: A version of a pool.
        session_id: Seed for eligibility and for the choice among the best questions.
        theta: True ability, shape (k,).
        draws: Number from 0 to 1 for each question; the answer is correct if it is below
            P(correct). The test ends after the last number, or when the pool is exhausted.
        truth: Bank from which the answers are drawn; the pool's own when None. The pool's bank
            averages over the errors of uncertain parameters, as if each answer had independent
            errors.
    """
    true_bank = pool.bank if truth is None else truth
    criteria = EndCriteria(max_questions=len(draws), min_questions=1)
    session = new_session(session_id, "", pool, criteria, (None,) * pool.bank.concepts)
    posteriors, levels = [session.posterior], list[int]()
    for draw in draws:
        item = session.next_item
        if item is None:
            break
        levels.append(level_of(session.current_proficiency))
        correct = draw < true_bank.probability(theta, [item])[0]
        session = _answer(session, item, correct=bool(correct))
        posteriors.append(session.posterior)
    return SimulatedTest(posteriors, levels)


def simulate_tests(
    pool: ItemPool,
    theta: FloatArray,
    questions: int,
    rng: np.random.Generator,
    truth: ItemBank | None = None,
) -> Simulation:
    """Simulate a test of at most `questions` for each of m students of ability `theta`, (m, k).

    The answers are drawn from `truth`, or from the pool's bank when None; see `simulate_test`.
    """
    length = min(questions, int(pool.gradable.sum()))
    m, k = theta.shape
    mean, variance = np.empty((m, length + 1, k)), np.empty((m, length + 1, k))
    items = np.full((m, length), -1, np.intp)
    for i, ability in enumerate(theta):
        draws = rng.random(length).tolist()
        test = simulate_test(pool, UUID(bytes=rng.bytes(16)), ability, draws, truth)
        for t in range(length + 1):
            posterior = test.posteriors[min(t, len(test.posteriors) - 1)]
            mean[i, t], variance[i, t] = posterior.mean, posterior.variance
        items[i, : len(test.items)] = test.items
    return Simulation(theta, mean, variance, items, (items >= 0).sum(axis=1), len(pool))


def _answer(session: Session, item: int, *, correct: bool) -> Session:
    correct_option = int(session.pool.correct_option[item])
    # A wrong response is only compared with the correct one, and need not be one of the options.
    return grade(session, correct_option if correct else correct_option + 1).after
