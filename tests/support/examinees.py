"""Banks, priors and answer patterns for tests of the engine's exactness."""

from typing import NamedTuple

import numpy as np

from lib.engine import ItemBank, Posterior, select, update
from tests.support.quadrature import Answers, FloatArray


def correlated(k: int) -> FloatArray:
    """Return the covariance of k standard normal abilities with correlations of 0.5."""
    return 0.5 * np.eye(k) + 0.5


class Examinee(NamedTuple):
    """The answers of one examinee, and the mean and covariance of the prior."""

    mean: FloatArray
    covariance: FloatArray
    answers: Answers

    @property
    def bank(self) -> ItemBank:
        return ItemBank(self.answers.slopes, self.answers.intercepts, self.answers.guessing)

    @property
    def prior(self) -> Posterior:
        return Posterior.prior(len(self.mean), self.mean, self.covariance)

    @property
    def posterior(self) -> Posterior:
        t = len(self.answers.correct)
        return Posterior.of_answers(self.prior, self.bank, range(t), self.answers.correct.tolist())


def random_items(rng: np.random.Generator, n: int, k: int) -> tuple[FloatArray, FloatArray]:
    """Return random slopes and intercepts of n items.

    On average, fewer than half of the items measure two concepts.
    """
    q = np.eye(k)[rng.integers(k, size=n)]
    if k > 1:
        q = np.maximum(q, np.eye(k)[rng.integers(k, size=n)] * (rng.random(n) < 0.5)[:, None])
    steepness = 1.702 * rng.lognormal(0.0, 0.3, n)
    slopes = q * (steepness / np.sqrt(q.sum(axis=1)))[:, None]
    return slopes, -steepness * rng.normal(size=n)


def examinee(rng: np.random.Generator, k: int, t: int, kind: str) -> Examinee:
    """Return a random examinee with t answers.

    Args:
        rng: Random generator.
        k: Number of concepts.
        t: Number of answers.
        kind: Space-separated words for what is special about prior, items or answers: guessing,
            steep, correlated, singular, narrow, shifted, duplicate, right, wrong.
    """
    mean, covariance = np.zeros(k), np.eye(k)
    slopes, intercepts = random_items(rng, t, k)
    guessing = np.full(t, 0.25 if "guessing" in kind else 0.0)
    if "steep" in kind:
        slopes, intercepts = 3.0 * slopes, 3.0 * intercepts
    if "correlated" in kind:
        covariance = correlated(k)
    if "singular" in kind:
        covariance = 0.001 * np.eye(k) + 0.999
    if "narrow" in kind:
        covariance = 0.1 * covariance
    if "shifted" in kind:
        mean = 1.5 * rng.normal(size=k)
    if "duplicate" in kind:
        slopes[:] = slopes[0] * (1 + 1e-6 * rng.normal(size=(t, 1)))
        intercepts[:] = intercepts[0]
    theta = rng.normal(size=k)
    chance = guessing + (1 - guessing) / (1 + np.exp(-(slopes @ theta + intercepts)))
    correct = rng.random(t) < chance
    if "right" in kind:
        correct[:] = True
    if "wrong" in kind:
        correct[:] = False
    return Examinee(mean, covariance, Answers(slopes, intercepts, guessing, correct))


def uniform_bank(
    rng: np.random.Generator, n: int, k: int, discrimination: float, guessing: float
) -> ItemBank:
    """Return n items on one or two concepts, with difficulties uniform from 0.02 to 0.98.

    Discriminations are `discrimination` · exp(N(0, 0.2²)), probits.
    """
    q = np.eye(k)[rng.integers(k, size=n)]
    q = np.maximum(q, np.eye(k)[rng.integers(k, size=n)] * (rng.random(n) < 0.5)[:, None])
    steepness = discrimination * rng.lognormal(0.0, 0.2, n)
    return ItemBank.from_questions(q, rng.uniform(0.02, 0.98, n), steepness, guessing)


def adaptive_test(
    seed: int, discrimination: float, guessing: float, length: int, k: int = 2
) -> tuple[ItemBank, list[Posterior]]:
    """Return a bank of k correlated concepts, and the posteriors of one simulated adaptive test.

    There are `length` + 1 posteriors: before the first answer and after each.
    """
    rng = np.random.default_rng([7, seed])
    bank = uniform_bank(rng, 150, k, discrimination, guessing)
    prior = correlated(k)
    states = [Posterior.prior(k, None, prior)]
    theta, unasked = rng.multivariate_normal(np.zeros(k), prior), np.ones(len(bank), bool)
    for _ in range(length):
        item = select(states[-1], bank, unasked)
        unasked[item] = False
        right = bool(rng.random() < bank.probability(theta, [item])[0])
        states.append(update(states[-1], bank, item, right))
    return bank, states


def answers_of(state: Posterior, bank: ItemBank) -> Answers:
    """Return the answers of a posterior in the form that `tests.support.quadrature` takes."""
    items = list(state.items)
    return Answers(
        slopes=bank.slopes[items],
        intercepts=bank.intercepts[items],
        guessing=bank.guessing[items],
        correct=np.array(state.correct),
    )


def with_eight_concepts(state: Posterior, bank: ItemBank) -> Posterior:
    """Return the posterior of the same answers in a test of eight concepts.

    The additional concepts are independent of those of `state`. The test starts with one question
    on each of them, answered correctly.
    """
    k = len(state.mean)
    additional = 8 - k
    slopes = np.zeros((len(bank) + additional, 8))
    slopes[: len(bank), :k] = bank.slopes
    slopes[len(bank) :, k:] = np.eye(additional)
    padded = (np.pad(column, (0, additional)) for column in (bank.intercepts, bank.guessing))
    covariance = np.eye(8)
    covariance[:k, :k] = correlated(k)
    prior = Posterior.prior(8, None, covariance)
    items = (*range(len(bank), len(bank) + additional), *state.items)
    return Posterior.of_answers(
        prior, ItemBank(slopes, *padded), items, (True,) * additional + state.correct
    )
