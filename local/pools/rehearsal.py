"""Simulated students sit tests by the service's own functions: what it would ask, it asks them.

The pool's settings and the counts of its version rule these tests as they rule real ones: which
questions a session may use is drawn by its id, limited at its level of ability and over all
levels (`lib.assessment.pools.eligibility`), and the counts stay those of the version, as they do
until the next nightly run.
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
from lib.engine import Posterior, Simulation

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sat:
    """One test.

    Attributes:
        path: The posterior before the first answer and after each; t + 1 of them.
        levels: At which each question was asked, `eligibility.level_of`; t of them.
    """

    path: list[Posterior]
    levels: list[int]

    @property
    def items(self) -> tuple[int, ...]:
        """The questions asked, positions in the pool."""
        return self.path[-1].items


def sit(pool: ItemPool, session_id: UUID, theta: FloatArray, luck: Sequence[float]) -> Sat:
    """Take one test of a student of whom nothing is known.

    Args:
        pool: A version of a pool.
        session_id: Decides which questions may be asked, and the draws among the best.
        theta: True ability, shape (k,).
        luck: A number per question, 0 to 1; the answer is right if it is below P(correct). As
            many as the longest test; a pool that is used up ends it earlier.
    """
    criteria = EndCriteria(max_questions=len(luck), min_questions=1)
    session = new_session(session_id, "", pool, criteria, (None,) * pool.bank.concepts)
    path, levels = [session.posterior], list[int]()
    for number in luck:
        item = session.next_item
        if item is None:
            break
        levels.append(level_of(session.current_proficiency))
        right = number < pool.bank.probability(theta, [item])[0]
        session = _answer(session, item, right=bool(right))
        path.append(session.posterior)
    return Sat(path, levels)


def rehearse(
    pool: ItemPool, theta: FloatArray, questions: int, rng: np.random.Generator
) -> Simulation:
    """Give tests of at most that many questions to students of abilities `theta`, shape (m, k)."""
    most = min(questions, int(pool.gradable.sum()))
    m, k = theta.shape
    mean, variance = np.empty((m, most + 1, k)), np.empty((m, most + 1, k))
    items = np.full((m, most), -1, np.intp)
    for i, ability in enumerate(theta):
        sat = sit(pool, UUID(bytes=rng.bytes(16)), ability, rng.random(most).tolist())
        for t in range(most + 1):
            state = sat.path[min(t, len(sat.path) - 1)]
            mean[i, t], variance[i, t] = state.mean, state.variance
        items[i, : len(sat.items)] = sat.items
    return Simulation(theta, mean, variance, items, (items >= 0).sum(axis=1), len(pool))


def _answer(session: Session, item: int, *, right: bool) -> Session:
    correct = int(session.pool.correct_option[item])
    return grade(session, correct if right else correct + 1).after
