"""Exact Bayes in several dimensions beside ours: the same rule, by brute force over every item.

The integrals are sums over weighted points laid around the posterior after every answer
(tests/support/particles.py); `own_error` says how far off they are.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.engine_peers import Answers, FloatArray
from lib.engine import ItemBank, Posterior, select, update
from lib.engine.simulation import Z95
from tests.support.particles import Particles

POINTS = 1024


class Played(NamedTuple):
    """Tests of m students, t questions each."""

    mean: FloatArray
    """After each answer, shape (m, t, k)."""
    loss: FloatArray
    """Squared error to expect given the answers, mean over concepts, shape (m, t): the exact
    variance plus the square of what the mean is off the exact one."""

    def rmse(self, theta: FloatArray) -> FloatArray:
        """Return the root mean squared error after each answer, shape (t,)."""
        return np.asarray(np.sqrt(self.squared(theta).mean(axis=0)))

    def squared(self, theta: FloatArray) -> FloatArray:
        """Return squared errors, mean over concepts, shape (m, t)."""
        return np.asarray(np.square(self.mean - theta[:, None]).mean(axis=2))


def exact(
    bank: ItemBank, covariance: FloatArray, answers: Answers, length: int, seed: int = 0
) -> Played:
    """Give every student the test of the exact rule."""
    particles = Particles(bank, np.zeros(bank.concepts), covariance, POINTS, seed)
    means, losses = list[FloatArray](), list[float]()
    for row in answers:
        cloud, items, correct = particles.start(), list[int](), list[bool]()
        for _ in range(length):
            value = cloud.expected_fall()
            value[items] = -1.0
            items.append(int(np.argmax(value)))
            correct.append(bool(row[items[-1]]))
            cloud = particles.after(cloud, items, correct)
            means.append(cloud.mean)
            losses.append(cloud.variance.mean())
    return _played(means, losses, len(answers))


def approximate(
    bank: ItemBank, covariance: FloatArray, answers: Answers, length: int, seed: int = 0
) -> Played:
    """Give every student our test, and let the exact posterior judge what we say."""
    particles = Particles(bank, np.zeros(bank.concepts), covariance, POINTS, seed)
    prior = Posterior.prior(bank.concepts, None, covariance)
    means, losses = list[FloatArray](), list[float]()
    for row in answers:
        state, unasked = prior, np.ones(len(bank), bool)
        for _ in range(length):
            item = select(state, bank, unasked)
            unasked[item] = False
            state = update(state, bank, item, bool(row[item]))
            means.append(state.mean)
        judges = particles.path(state.items, state.correct)
        off = np.square([j.mean for j in judges] - np.array(means[-length:])).mean(axis=1)
        losses.extend(off + [j.variance.mean() for j in judges])
    return _played(means, losses, len(answers))


def own_error(bank: ItemBank, covariance: FloatArray, answers: Answers, length: int) -> float:
    """Return by how much the exact mean is off: another scramble, the same answers, RMS."""
    items = list(range(length))
    first, second = (
        Particles(bank, np.zeros(bank.concepts), covariance, POINTS, seed) for seed in (0, 1)
    )
    gaps = [
        first.path(items, row[:length].tolist())[-1].mean
        - second.path(items, row[:length].tolist())[-1].mean
        for row in answers
    ]
    return float(np.sqrt(np.square(gaps).mean() / 2.0))


def ratio(above: FloatArray, below: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return √(Σ above / Σ below) over paired students and half its 95 % interval, each (t,).

    By the delta method: the mean of above - r² below, over 2 r times the mean of below.
    """
    r = np.sqrt(above.mean(axis=0) / below.mean(axis=0))
    spread = (above - r**2 * below).std(axis=0) / np.sqrt(len(above))
    return r, Z95 * spread / (2.0 * r * below.mean(axis=0))


def limit(bank: ItemBank, covariance: FloatArray, theta: FloatArray, length: int) -> float:
    """Return a root mean squared error that no engine can go below, whatever it asks and says.

    Van Trees' inequality: the mean squared error is at least tr J⁻¹ / k, J the prior's precision
    plus the mean over students of the information of the questions they get. The best J there is,
    every student's questions chosen by who knows θ, is sought by Frank and Wolfe's method, whose
    duality gap turns any J into a bound. For two-parameter items.

    Source: Gill & Levit (1995), Bernoulli 1.
    """
    p = bank.probability(theta)
    information = p * (1.0 - p)
    precision = np.linalg.inv(covariance)
    reached, bound = precision, 0.0
    for step in range(60):
        gradient = np.linalg.matrix_power(np.linalg.inv(reached), 2)
        worth = information * ((bank.slopes @ gradient) * bank.slopes).sum(axis=1)
        asked = np.argpartition(-worth, length, axis=1)[:, :length]
        weight = np.zeros_like(information)
        np.put_along_axis(weight, asked, np.take_along_axis(information, asked, 1), 1)
        wanted = precision + bank.slopes.T @ (weight.mean(axis=0)[:, None] * bank.slopes)
        error = np.trace(np.linalg.inv(reached)) - np.trace(gradient @ (wanted - reached))
        bound = max(bound, float(error))
        reached = reached + 2.0 / (step + 2.0) * (wanted - reached)
    return float(np.sqrt(bound / bank.concepts))


def _played(means: Sequence[FloatArray], losses: Sequence[float], students: int) -> Played:
    shaped = np.array(means).reshape(students, -1, len(means[0]))
    return Played(shaped, np.array(losses).reshape(students, -1))
