"""Stated and actual errors of tests on a pool whose parameters are wrong.

Each drawn truth has parameters that scatter around those of the pool's questions. Students take
adaptive tests under the pool's settings, twice: questions are selected and answers scored by the
pool's own bank, which accounts for the errors that the settings and the calibrations state, and by
a bank that treats the parameters as exact (plug-in).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from lib.assessment.pools.item_bank import concept_rows
from lib.assessment.pools.item_pool import ItemPool
from lib.assessment.pools.store import ItemRow
from lib.assessment.sessions.wire import EndCriteria
from lib.engine import ItemBank, Posterior
from lib.engine.bank import DIFFICULTY_MARGIN
from lib.engine.normal import FloatArray, normal_cdf, normal_quantile
from lib.engine.simulation import Z95, Simulation
from local.pools.simulated_tests import simulate_tests

GREATEST_LOCATION = 4.5
"""Largest |b| of a drawn truth, equal to the largest |b| that a calibration estimates."""


@dataclass(frozen=True)
class Errors:
    """Errors of the stated parameters.

    Attributes:
        difficulty: Standard deviation of the true b = Φ⁻¹(difficulty) around the stated one.
        discrimination: Standard deviation of the true log discrimination around the stated one.
    """

    difficulty: float
    discrimination: float


CERTAIN = Errors(0.0, 0.0)


@dataclass(frozen=True)
class ErrorFigures:
    """Actual and stated errors of tests, over students and tested concepts.

    Attributes:
        rmse: Root mean square of the errors, standard deviations of ability.
        stated: Root mean square of the stated errors.
        coverage: Share of 95 % intervals that contain the true ability.
        answers: Mean number of answers.
    """

    rmse: float
    stated: float
    coverage: float
    answers: float

    @classmethod
    def of(cls, error: FloatArray, variance: FloatArray, answers: FloatArray) -> Self:
        """Summarise errors and stated variances, each of shape (m, concepts)."""
        return cls(
            rmse=float(np.sqrt(np.square(error).mean())),
            stated=float(np.sqrt(variance.mean())),
            coverage=float((np.abs(error) <= Z95 * np.sqrt(variance)).mean()),
            answers=float(answers.mean()),
        )

    @property
    def ratio(self) -> float:
        """Actual over stated error; above 1, the stated error is too small."""
        return self.rmse / self.stated


@dataclass(frozen=True)
class Comparison:
    """Errors of tests with one bank, under two stop rules.

    Attributes:
        fixed: Figures after all questions.
        precision: Figures after the answer that ends a test by the rule `precision`: from the
            minimum number of answers on, the first one after which no stated error is above the
            threshold; the last answer if there is none.
    """

    fixed: ErrorFigures
    precision: ErrorFigures


def plug_in_bank(pool: ItemPool, items: Sequence[ItemRow]) -> ItemBank:
    """Return the bank that treats the parameters of a pool's items as exact."""
    return ItemBank.from_questions(
        concept_rows(items, pool.bank.concepts),
        [item.difficulty for item in items],
        [item.discrimination for item in items],
        [item.guessing for item in items],
    )


def draw_truth(
    pool: ItemPool, items: Sequence[ItemRow], errors: Errors, rng: np.random.Generator
) -> ItemBank:
    """Return a bank whose parameters scatter around those of a pool's items."""
    stated = np.clip([i.difficulty for i in items], DIFFICULTY_MARGIN, 1 - DIFFICULTY_MARGIN)
    location = normal_quantile(stated) + rng.normal(0, errors.difficulty, len(items))
    slope = np.exp(rng.normal(0, errors.discrimination, len(items)))
    return ItemBank.from_questions(
        concept_rows(items, pool.bank.concepts),
        normal_cdf(np.clip(location, -GREATEST_LOCATION, GREATEST_LOCATION)),
        slope * [item.discrimination for item in items],
        [item.guessing for item in items],
    )


def compare(
    pool: ItemPool,
    items: Sequence[ItemRow],
    errors: Errors,
    *,
    truths: int,
    students: int,
    questions: int,
    threshold: float,
    rng: np.random.Generator,
) -> tuple[Comparison, Comparison]:
    """Return the errors of tests with the pool's own bank, and with the plug-in bank.

    Args:
        pool: A version of a pool.
        items: Its items, in the order of their positions.
        errors: Standard deviations of the drawn parameters around the stated ones.
        truths: Number of drawn truths.
        students: Number of students drawn from the population for each truth.
        questions: Length of the tests.
        threshold: Threshold of `precision`, standard deviations of ability.
        rng: Random generator.
    """
    prior = Posterior.prior(pool.bank.concepts, covariance=pool.correlation)
    pools = (pool, replace(pool, bank=plug_in_bank(pool, items)))
    runs: tuple[list[Simulation], list[Simulation]] = ([], [])
    for _ in range(truths):
        truth = draw_truth(pool, items, errors, rng)
        theta = rng.multivariate_normal(prior.mean, prior.covariance, students)
        seed = rng.integers(2**63)
        for tested_pool, bank_runs in zip(pools, runs, strict=True):
            test_rng = np.random.default_rng(seed)
            bank_runs.append(simulate_tests(tested_pool, theta, questions, test_rng, truth))
    is_tested: np.ndarray = np.asarray(pool.bank.slopes[pool.gradable].any(axis=0))
    own, plug_in = (_comparison(each, is_tested, threshold) for each in runs)
    return own, plug_in


def _comparison(runs: list[Simulation], is_tested: np.ndarray, threshold: float) -> Comparison:
    """Compute both stop rules from complete tests: a stop rule does not change the questions."""
    error = np.concatenate([(run.mean - run.theta[:, None, :])[:, :, is_tested] for run in runs])
    variance = np.concatenate([run.variance[:, :, is_tested] for run in runs])
    length = np.concatenate([run.length for run in runs])
    precise = np.sqrt(variance.max(axis=2)) <= threshold
    precise[:, : EndCriteria().min_questions] = False
    stops = np.where(precise.any(axis=1), precise.argmax(axis=1), length)
    students = np.arange(len(length))
    return Comparison(
        fixed=ErrorFigures.of(error[:, -1], variance[:, -1], length),
        precision=ErrorFigures.of(error[students, stops], variance[students, stops], stops),
    )
