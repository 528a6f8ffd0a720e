"""The engines that the benchmarks of the engine compare, each giving one student one test."""

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import typing_extensions
from catsim import ItemBank as CatsimBank
from catsim.estimation import NumericalSearchEstimator
from catsim.selection import MaxInfoSelector
from numpy.typing import NDArray

from lib.engine import ItemBank, Posterior, Rule, select, update

FloatArray = NDArray[np.float64]
Answers = NDArray[np.bool_]
Estimates = list[FloatArray]
Engine = Callable[[Answers, int], Estimates]
"""Takes one student's answer to every item and a length; gives the estimate after each answer."""


class Pool(NamedTuple):
    """A bank with each item on one concept, as all the engines understand it."""

    steepness: FloatArray
    difficulty: FloatArray
    concepts: int

    @property
    def bank(self) -> ItemBank:
        """The same for ours."""
        owner = np.eye(self.concepts)[np.arange(len(self.steepness)) % self.concepts]
        return ItemBank(owner * self.steepness[:, None], -self.steepness * self.difficulty)


def two_parameter_pool(n: int, concepts: int, seed: int, steepness: float = 1.2) -> Pool:
    """Return slopes steepness · exp(N(0, 0.3²)), difficulties N(0, 1)."""
    rng = np.random.default_rng(seed)
    return Pool(steepness * rng.lognormal(0.0, 0.3, n), rng.normal(size=n), concepts)


def mixed_bank(n: int, concepts: int, seed: int, steepness: float = 1.15) -> ItemBank:
    """Return items of which about half measure a second concept, drawn at random, too.

    Each slope that is not 0 is steepness · exp(N(0, 0.3²)); the point where an item is as likely
    right as wrong lies N(0, 1) along its own direction.
    """
    rng = np.random.default_rng(seed)
    difficulty = rng.normal(size=n)
    first = np.eye(concepts)[np.arange(n) % concepts]
    second = np.eye(concepts)[rng.integers(concepts, size=n)] * (rng.random(n) < 0.5)[:, None]
    slopes = np.maximum(first, second) * rng.lognormal(0.0, 0.3, (n, concepts)) * steepness
    return ItemBank(slopes, -np.sqrt(np.square(slopes).sum(axis=1)) * difficulty)


def ours(
    bank: ItemBank, rule: Rule = "variance", prior: Posterior | None = None, best: int = 1
) -> Engine:
    """Return this project's engine."""
    start = Posterior.prior(bank.concepts) if prior is None else prior
    rng = np.random.default_rng(0)

    def test(answers: Answers, length: int) -> Estimates:
        state, unasked, means = start, np.ones(len(bank), bool), []
        for _ in range(length):
            item = select(state, bank, unasked, rule, rng, best=best)
            unasked[item] = False
            state = update(state, bank, item, bool(answers[item]))
            means.append(state.mean)
        return means

    return test


def dense_bayes(bank: ItemBank, prior_sd: float = 1.0) -> Engine:
    """Return exact Bayes in one dimension: 401 points, the variance rule over every item."""
    theta = np.linspace(-6, 6, 401)
    p = bank.probability(theta[:, None])  # (g, n)

    def test(answers: Answers, length: int) -> Estimates:
        density = np.exp(-0.5 * (theta / prior_sd) ** 2)
        density /= density.sum()
        asked, means = np.zeros(len(bank), bool), []
        for _ in range(length):
            right = density @ p
            shift = (density * theta) @ p - right * (density @ theta)
            value = np.where(asked, -1.0, shift**2 / (right * (1 - right)))
            item = int(np.argmax(value))
            asked[item] = True
            density *= p[:, item] if answers[item] else 1 - p[:, item]
            density /= density.sum()
            means.append(np.array([density @ theta]))
        return means

    return test


def catsim(pool: Pool) -> Engine:
    """Return catsim: greatest information, maximum likelihood."""
    n = len(pool.steepness)
    items = CatsimBank(np.column_stack([pool.steepness, pool.difficulty, np.zeros(n), np.ones(n)]))
    selector, estimator = MaxInfoSelector(), NumericalSearchEstimator()

    def test(answers: Answers, length: int) -> Estimates:
        asked: list[int] = []
        theta, found = 0.0, []
        for _ in range(length):
            item = selector.select(item_bank=items, administered_items=asked, est_theta=theta)
            asked.append(int(item or 0))
            responses = [bool(answers[i]) for i in asked]
            theta = estimator.estimate(
                item_bank=items,
                administered_items=asked,
                response_vector=responses,
                est_theta=theta,
            )
            found.append(np.array([theta]))
        return found

    return test


def adaptivetesting(pool: Pool) -> Engine:
    """Return adaptivetesting: greatest information, expected a posteriori."""
    # adaptivetesting 1.2 takes warnings.deprecated for granted, which Python has from 3.13 on.
    vars(warnings).setdefault("deprecated", typing_extensions.deprecated)
    at = import_module("adaptivetesting")
    items = []
    for i, (a, b) in enumerate(zip(pool.steepness, pool.difficulty, strict=True)):
        item: Any = at.TestItem()
        item.id, item.a, item.b = i, float(a), float(b)
        items.append(item)

    def test(answers: Answers, length: int) -> Estimates:
        left, asked, theta, found = list(items), [], 0.0, []
        for _ in range(length):
            item = at.maximum_information_criterion(left, theta)
            left.remove(item)
            asked.append(item)
            pattern = [int(answers[i.id]) for i in asked]
            prior = at.NormalPrior(0, 1)
            estimator = at.ExpectedAPosteriori(pattern, asked, prior, (-6, 6))
            theta = float(estimator.get_estimation())
            found.append(np.array([theta]))
        return found

    return test
