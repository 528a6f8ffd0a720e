"""The engines that the benchmarks compare, behind one interface that gives a student a test."""

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import typing_extensions
from catsim import ItemBank as CatsimBank
from catsim.estimation import NumericalSearchEstimator
from catsim.selection import MaxInfoSelector
from mirt import TwoParameterLogistic
from mirt.cat import CATEngine, MCATEngine
from mirt.models import MultidimensionalModel
from numpy.typing import NDArray

from lib.engine import ItemBank, Posterior, Rule, select, update

FloatArray = NDArray[np.float64]
Answers = NDArray[np.bool_]
Estimates = list[FloatArray]
Engine = Callable[[Answers, int], Estimates]
"""Function from a student's answers to all items and a test length to an estimate per answer."""

NEVER = 1e-9
"""Threshold of precision that no test reaches, so that all of a peer's tests have full length."""


class Pool(NamedTuple):
    """A bank in which each item measures one concept, in a form that all engines can use."""

    steepness: FloatArray
    difficulty: FloatArray
    concepts: int

    @property
    def bank(self) -> ItemBank:
        """The pool as a bank of this project's engine."""
        concept = np.eye(self.concepts)[np.arange(len(self.steepness)) % self.concepts]
        return ItemBank(concept * self.steepness[:, None], -self.steepness * self.difficulty)


def two_parameter_pool(n: int, concepts: int, seed: int, steepness: float = 1.2) -> Pool:
    """Return a pool with slopes steepness · exp(N(0, 0.3²)) and difficulties N(0, 1)."""
    rng = np.random.default_rng(seed)
    return Pool(steepness * rng.lognormal(0.0, 0.3, n), rng.normal(size=n), concepts)


def mixed_bank(n: int, concepts: int, seed: int, steepness: float = 1.15) -> ItemBank:
    """Return a bank in which half of the items draw a second concept, which may equal the first.

    Slopes that are not 0 are steepness · exp(N(0, 0.3²)). The location of an item along its own
    direction is N(0, 1).
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
    """Return an exact engine for one dimension: a grid of 401 points and the variance rule."""
    theta = np.linspace(-6, 6, 401)
    p = bank.probability(theta[:, None])  # shape (points, items)

    def test(answers: Answers, length: int) -> Estimates:
        density = np.exp(-0.5 * (theta / prior_sd) ** 2)
        density /= density.sum()
        administered, means = np.zeros(len(bank), bool), []
        for _ in range(length):
            right = density @ p
            shift = (density * theta) @ p - right * (density @ theta)
            value = np.where(administered, -1.0, shift**2 / (right * (1 - right)))
            item = int(np.argmax(value))
            administered[item] = True
            density *= p[:, item] if answers[item] else 1 - p[:, item]
            density /= density.sum()
            means.append(np.array([density @ theta]))
        return means

    return test


def catsim(pool: Pool) -> Engine:
    """Return catsim with maximum information selection and maximum likelihood estimation."""
    n = len(pool.steepness)
    items = CatsimBank(np.column_stack([pool.steepness, pool.difficulty, np.zeros(n), np.ones(n)]))
    selector, estimator = MaxInfoSelector(), NumericalSearchEstimator()

    def test(answers: Answers, length: int) -> Estimates:
        administered: list[int] = []
        theta, estimates = 0.0, []
        for _ in range(length):
            item = selector.select(
                item_bank=items, administered_items=administered, est_theta=theta
            )
            administered.append(int(item or 0))
            responses = [bool(answers[i]) for i in administered]
            theta = estimator.estimate(
                item_bank=items,
                administered_items=administered,
                response_vector=responses,
                est_theta=theta,
            )
            estimates.append(np.array([theta]))
        return estimates

    return test


def adaptivetesting(pool: Pool) -> Engine:
    """Return adaptivetesting with maximum information selection and EAP estimation."""
    # adaptivetesting 1.2 uses warnings.deprecated, which Python has from 3.13 on.
    vars(warnings).setdefault("deprecated", typing_extensions.deprecated)
    at = import_module("adaptivetesting")
    items = []
    for i, (a, b) in enumerate(zip(pool.steepness, pool.difficulty, strict=True)):
        item: Any = at.TestItem()
        item.id, item.a, item.b = i, float(a), float(b)
        items.append(item)

    def test(answers: Answers, length: int) -> Estimates:
        remaining, administered, theta, estimates = list(items), [], 0.0, []
        for _ in range(length):
            item = at.maximum_information_criterion(remaining, theta)
            remaining.remove(item)
            administered.append(item)
            pattern = [int(answers[i.id]) for i in administered]
            prior = at.NormalPrior(0, 1)
            estimator = at.ExpectedAPosteriori(pattern, administered, prior, (-6, 6))
            theta = float(estimator.get_estimation())
            estimates.append(np.array([theta]))
        return estimates

    return test


def mirt(pool: Pool, length: int) -> Engine:
    """Return mirt with maximum information selection and EAP estimation, for tests of `length`."""
    model = TwoParameterLogistic(len(pool.steepness))
    model.set_parameters(discrimination=pool.steepness, difficulty=pool.difficulty)
    return _mirt(CATEngine(_mark_as_fitted(model), max_items=length, se_threshold=NEVER))


def mirt_multidimensional(
    bank: ItemBank, length: int, selection: str, covariance: FloatArray, points: int
) -> Engine:
    """Return mirt's multidimensional engine, for tests of `length`.

    Its EAP estimates integrate over a grid of points ** k abilities with an uncorrelated prior;
    only its first selection uses the population's covariance.

    Args:
        bank: Two-parameter items.
        length: Number of questions.
        selection: "A-optimality" (least trace) or "D-optimality".
        covariance: Covariance of the abilities in the population, shape (k, k).
        points: Grid points for each concept.
    """
    model = MultidimensionalModel(len(bank), n_factors=bank.concepts)
    model.set_parameters(slopes=bank.slopes.copy(), intercepts=bank.intercepts.copy())
    engine = MCATEngine(
        _mark_as_fitted(model),
        item_selection=selection,
        max_items=length,
        trace_threshold=NEVER,
        n_quadpts=points,
        initial_covariance=covariance,
    )
    return _mirt(engine)


def _mark_as_fitted(model: Any) -> Any:
    """Mark a model as fitted and return it; mirt gives tests only with models it has fitted."""
    model._is_fitted = True  # noqa: SLF001 - it has no public way to say so
    return model


def _mirt(engine: Any) -> Engine:
    def test(answers: Answers, length: int) -> Estimates:
        engine.reset()
        state, estimates = engine.get_current_state(), []
        for _ in range(length):
            state = engine.administer_item(int(answers[state.next_item]))
            estimates.append(np.atleast_1d(state.theta).copy())
        return estimates

    return test
