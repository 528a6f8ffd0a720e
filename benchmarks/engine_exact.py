"""Exact Bayesian tests in several dimensions, for comparison with the engine.

The tests use the engine's rule, evaluated for every item. The integrals are computed by importance
sampling around the posterior after every answer (tests/support/particles.py); `own_error` measures
their error.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.engine_peers import Answers, FloatArray
from lib.engine import ItemBank, Posterior, select, update
from lib.engine.simulation import Z95
from tests.support.particles import Particles

POINTS = 1024


class SimulatedTests(NamedTuple):
    """Results of tests of m students with t questions each, on k concepts."""

    mean: FloatArray
    """Posterior means after each answer, shape (m, t, k)."""
    loss: FloatArray
    """Expected squared error given the answers, mean over concepts, shape (m, t).

    It is the exact variance plus the squared difference of the mean from the exact one.
    """

    def rmse(self, theta: FloatArray) -> FloatArray:
        """Return the root mean squared error after each answer, shape (t,)."""
        return np.asarray(np.sqrt(self.squared_errors(theta).mean(axis=0)))

    def squared_errors(self, theta: FloatArray) -> FloatArray:
        """Return the squared errors, mean over concepts, shape (m, t)."""
        return np.asarray(np.square(self.mean - theta[:, None]).mean(axis=2))


def exact(
    bank: ItemBank, covariance: FloatArray, answers: Answers, length: int, seed: int = 0
) -> SimulatedTests:
    """Return the tests in which the exact posterior selects and scores."""
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
    return _simulated_tests(means, losses, len(answers))


def approximate(
    bank: ItemBank, covariance: FloatArray, answers: Answers, length: int, seed: int = 0
) -> SimulatedTests:
    """Return the engine's tests, with their loss computed from the exact posterior."""
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
        exact_path = particles.path(state.items, state.correct)
        squared_bias = np.square([j.mean for j in exact_path] - np.array(means[-length:])).mean(
            axis=1
        )
        losses.extend(squared_bias + [j.variance.mean() for j in exact_path])
    return _simulated_tests(means, losses, len(answers))


def own_error(bank: ItemBank, covariance: FloatArray, answers: Answers, length: int) -> float:
    """Return the error of the exact means: RMS difference of two scrambled point sets, over √2."""
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


def ratio(numerator: FloatArray, denominator: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return r = √(Σ numerator / Σ denominator) over paired students, and half its 95 % interval.

    The interval comes from the delta method: the standard error of the mean of
    numerator - r² denominator, over 2 r times the mean of the denominator.

    Args:
        numerator: Squared errors of m students after each of t answers, shape (m, t).
        denominator: Squared errors of the same students, shape (m, t).

    Returns:
        Each of shape (t,).
    """
    r = np.sqrt(numerator.mean(axis=0) / denominator.mean(axis=0))
    spread = (numerator - r**2 * denominator).std(axis=0) / np.sqrt(len(numerator))
    return r, Z95 * spread / (2.0 * r * denominator.mean(axis=0))


def limit(bank: ItemBank, covariance: FloatArray, theta: FloatArray, length: int) -> float:
    """Return a lower bound on the root mean squared error of any engine, for two-parameter items.

    By van Trees' inequality the mean squared error is at least tr J⁻¹ / k, where J is the prior's
    precision plus the mean over students of the information of their questions. The best J, with
    questions chosen knowing θ, is approached by the Frank-Wolfe method, whose duality gap turns any
    J into a bound.

    Source: Gill & Levit (1995), Bernoulli 1.
    """
    p = bank.probability(theta)
    information = p * (1.0 - p)
    precision = np.linalg.inv(covariance)
    current, bound = precision, 0.0
    for step in range(60):
        gradient = np.linalg.matrix_power(np.linalg.inv(current), 2)
        item_value = information * ((bank.slopes @ gradient) * bank.slopes).sum(axis=1)
        selected = np.argpartition(-item_value, length, axis=1)[:, :length]
        weight = np.zeros_like(information)
        np.put_along_axis(weight, selected, np.take_along_axis(information, selected, 1), 1)
        best_precision = precision + bank.slopes.T @ (weight.mean(axis=0)[:, None] * bank.slopes)
        error = np.trace(np.linalg.inv(current)) - np.trace(gradient @ (best_precision - current))
        bound = max(bound, float(error))
        current = current + 2.0 / (step + 2.0) * (best_precision - current)
    return float(np.sqrt(bound / bank.concepts))


def _simulated_tests(
    means: Sequence[FloatArray], losses: Sequence[float], students: int
) -> SimulatedTests:
    shaped = np.array(means).reshape(students, -1, len(means[0]))
    return SimulatedTests(shaped, np.array(losses).reshape(students, -1))
