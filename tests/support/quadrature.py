"""The oracle: the exact posterior by brute-force integration over a dense grid.

Independent of lib.engine: its own likelihood, its own integration. The grid is a tensor product of
trapezoid rules, which converge geometrically on smooth functions, laid along the axes of the
posterior itself: first around its mode, then again around the moments just found. In one dimension
it covers all of the prior, so that no second mode is missed; in more, it can where every answer
tests one or two concepts (`exact_by_pairs`).
"""

from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

REACH = 8.0  # of the grid around its centre, standard deviations
STEPS = {2: 0.25, 3: 0.45}  # of the grid by dimension, standard deviations
LINE = np.linspace(-10.0, 10.0, 20_001)[:, None]  # prior standard deviations
COARSEST = 0.65  # leaves exp(-2π²/0.65²) = 5e-21 on a normal density
POINTS = {2: 221, 3: 111, 4: 61, 5: 33}  # by dimension, along each concept
PRIOR_ENDS = 7.0  # of those, prior standard deviations
EVEN = 2.0  # posterior standard deviations within which they are nearly even


class Answers(NamedTuple):
    slopes: FloatArray  # (t, k)
    intercepts: FloatArray  # (t,)
    guessing: FloatArray  # (t,)
    correct: NDArray[np.bool_]  # (t,)


class Moments(NamedTuple):
    mean: FloatArray  # (k,)
    covariance: FloatArray  # (k, k)

    @property
    def deviation(self) -> FloatArray:
        return np.asarray(np.sqrt(np.diagonal(self.covariance)))


def log_likelihood(theta: FloatArray, answers: Answers) -> FloatArray:
    """Return log P(answers | θ) for each row of θ, shape (m, k)."""
    x = theta @ answers.slopes.T + answers.intercepts
    right, wrong = answers.correct, ~answers.correct
    known = np.log1p(-answers.guessing[right]) - np.logaddexp(0, -x[:, right])
    with np.errstate(divide="ignore"):
        guess = np.log(answers.guessing[right])
    unknown = np.log1p(-answers.guessing[wrong]) - np.logaddexp(0, x[:, wrong])
    return np.asarray(np.logaddexp(guess, known).sum(axis=1) + unknown.sum(axis=1))


def exact_posterior(mean: ArrayLike, covariance: ArrayLike, answers: Answers) -> Moments:
    """Return mean and covariance of θ, to about 1e-5 in 1 to 5 dimensions.

    Args:
        mean: Of the normal prior, shape (k,).
        covariance: Of the normal prior, shape (k, k), positive definite.
        answers: What was answered.
    """
    m0, v0 = np.asarray(mean, float), np.asarray(covariance, float)
    if len(m0) == 1:
        return _over_the_prior(m0, v0, answers)
    mode = _around_mode(m0, v0, answers)
    # Guessing makes tails far longer than the curvature at the mode says: begin twice as wide.
    moments = Moments(mode.mean, 4.0 * mode.covariance)
    for _ in range(5):
        before = moments
        moments = _integrate(before, m0, v0, answers)
        if np.abs(moments.mean - before.mean).max() < 1e-3 > _change(before, moments):
            break
    return moments


def _over_the_prior(m0: FloatArray, v0: FloatArray, answers: Answers) -> Moments:
    theta = m0 + v0[0] ** 0.5 * LINE
    density = log_likelihood(theta, answers) - 0.5 * LINE[:, 0] ** 2
    weight = np.exp(density - np.max(density))
    weight /= weight.sum()
    centre = weight @ theta
    return Moments(centre, np.array([[weight @ (theta[:, 0] - centre) ** 2]]))


def exact_by_pairs(mean: ArrayLike, covariance: ArrayLike, answers: Answers) -> Moments:
    """Return mean and covariance of θ, integrated over all of the prior.

    Each answer tests one concept or two, so the log density is a sum of one table per pair of
    concepts, however many answers there are. More points change nothing that 1e-5 would show unless
    the posterior lies more than 6 prior deviations out.

    Args:
        mean: Of the normal prior, shape (k,), k from 2 to 5.
        covariance: Of the normal prior, shape (k, k), positive definite.
        answers: What was answered.

    Raises:
        ValueError: If an answer tests more than two concepts.
    """
    if (np.count_nonzero(answers.slopes, axis=1) > 2).any():
        raise ValueError("an answer tests more than two concepts")
    m0, v0 = np.asarray(mean, float), np.asarray(covariance, float)
    reach = PRIOR_ENDS * np.sqrt(np.diagonal(v0))
    evenly = np.linspace(-1.0, 1.0, POINTS[len(m0)])
    once = _over(m0[:, None] + reach[:, None] * evenly, 0.0 * evenly, m0, v0, answers)
    # Again, most of the points where most of the mass was found.
    width = EVEN * once.deviation
    low, high = (np.arcsinh((m0 + end * reach - once.mean) / width) for end in (-1.0, 1.0))
    t = np.linspace(low, high, len(evenly), axis=1)
    theta = once.mean[:, None] + width[:, None] * np.sinh(t)
    return _over(theta, np.log(np.cosh(t)), m0, v0, answers)


def _over(
    theta: FloatArray, log_weight: FloatArray, m0: FloatArray, v0: FloatArray, answers: Answers
) -> Moments:
    """Return the moments over the product of the rows of θ, (k, n), and of their weights."""
    k, n = theta.shape
    tables = _tables(theta, m0, np.asarray(np.linalg.inv(v0), float), answers)
    for j, logs in enumerate(np.broadcast_to(log_weight, theta.shape)):
        tables[j, j] = tables[j, j] + logs

    def along(table: FloatArray, *axes: int) -> FloatArray:
        return table.reshape([n if axis in axes else 1 for axis in range(1, k)])

    within = sum(along(table, *pair) for pair, table in tables.items() if 0 not in pair)
    total, first, second, top = 0.0, np.zeros(k), np.zeros((k, k)), -np.inf
    for at in range(n):  # one slice of the first concept after the other
        density = within + tables[0, 0][at]
        density = density + sum(along(tables[0, j][at], j) for j in range(1, k))
        highest = max(top, float(density.max()))
        w, keep = np.exp(density - highest), np.exp(top - highest)
        mass, centre, spread = _slice_moments(w, theta, theta[0, at])
        total, first, second = total * keep + mass, first * keep + centre, second * keep + spread
        top = highest
    return Moments(first / total, second / total - np.outer(first, first) / total**2)


def _tables(
    theta: FloatArray, m0: FloatArray, precision: FloatArray, answers: Answers
) -> dict[tuple[int, int], FloatArray]:
    """Return the terms of the log density of each pair of concepts, of one concept at (j, j)."""
    tables = {}
    for i, j in combinations_with_replacement(range(len(theta)), 2):
        alone = i == j
        one, other = theta[i] - m0[i], theta[j] - m0[j]
        prior = precision[i, j] * one * one / 2 if alone else precision[i, j] * np.outer(one, other)
        concerned = np.zeros(len(theta), bool)
        concerned[[i, j]] = True
        asked = ((answers.slopes != 0.0) == concerned).all(axis=1)
        here = Answers(answers.slopes[asked][:, [i] if alone else [i, j]], *_rest(answers, asked))
        points = theta[i][:, None]
        if not alone:
            points = np.stack(np.meshgrid(theta[i], theta[j], indexing="ij"), -1).reshape(-1, 2)
        tables[i, j] = log_likelihood(points, here).reshape(prior.shape) - prior
    return tables


def _rest(
    answers: Answers, asked: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    return answers.intercepts[asked], answers.guessing[asked], answers.correct[asked]


def _slice_moments(
    w: FloatArray, theta: FloatArray, at: float
) -> tuple[float, FloatArray, FloatArray]:
    """Return Σ w, Σ w θ and Σ w θ θᵀ over the points whose first concept is `at`."""
    k = len(theta)
    mass, first, second = float(w.sum()), np.empty(k), np.empty((k, k))
    first[0], second[0, 0] = at * mass, at * at * mass
    for i, j in combinations_with_replacement(range(1, k), 2):
        others = tuple(axis - 1 for axis in range(1, k) if axis not in (i, j))
        together = w.sum(axis=others)
        if i == j:
            first[i] = together @ theta[i]
            second[0, i] = second[i, 0] = at * first[i]
            second[i, i] = together @ theta[i] ** 2
        else:
            second[i, j] = second[j, i] = theta[i] @ together @ theta[j]
    return mass, first, second


def _change(before: Moments, after: Moments) -> float:
    return float(np.abs(before.deviation - after.deviation).max())


def _around_mode(m0: FloatArray, v0: FloatArray, answers: Answers) -> Moments:
    """Return the mode and the inverse of the expected curvature there, by damped scoring steps."""
    precision = np.linalg.inv(v0)
    c = answers.guessing
    theta, covariance = m0.copy(), v0
    for _ in range(80):
        p = 1 / (1 + np.exp(-(answers.slopes @ theta + answers.intercepts)))
        right = (1 - c) * p * (1 - p) / (c + (1 - c) * p)
        gradient = answers.slopes.T @ np.where(answers.correct, right, -p)
        gradient -= precision @ (theta - m0)
        curvature = answers.slopes.T @ ((right * p)[:, None] * answers.slopes) + precision
        covariance = np.linalg.inv(curvature)
        step = 0.5 * covariance @ gradient
        # Steep answers call for leaps that miss: no step is longer than half a prior deviation.
        theta = theta + step / max(1.0, 2.0 * float(step @ precision @ step) ** 0.5)
    return Moments(theta, covariance)


def _integrate(around: Moments, m0: FloatArray, v0: FloatArray, answers: Answers) -> Moments:
    """Return the moments over a ball of `REACH` deviations of the distribution `around`."""
    k = len(m0)
    root = np.linalg.cholesky(around.covariance)
    whiten = np.linalg.inv(np.linalg.cholesky(v0))
    step = STEPS.get(k, COARSEST)
    axis = np.arange(-np.ceil(REACH / step), np.ceil(REACH / step) + 1) * step
    inner = min(k, 3)
    tail = _grid(axis, inner)
    total, first, second, top = 0.0, np.zeros(k), np.zeros((k, k)), -np.inf
    for head in _grid(axis, k - inner):
        if head @ head > REACH**2:
            continue
        z = np.concatenate([np.broadcast_to(head, (len(tail), k - inner)), tail], axis=1)
        z = z[(z * z).sum(axis=1) < REACH**2]
        theta = around.mean + z @ root.T
        prior = ((theta - m0) @ whiten.T) ** 2
        density = log_likelihood(theta, answers) - 0.5 * prior.sum(axis=1)
        highest = max(top, float(density.max()))
        w, keep = np.exp(density - highest), np.exp(top - highest)
        total = total * keep + w.sum()
        first = first * keep + w @ z
        second = second * keep + (z * w[:, None]).T @ z
        top = highest
    centre = first / total
    spread = second / total - np.outer(centre, centre)
    return Moments(around.mean + root @ centre, root @ spread @ root.T)


def _grid(axis: FloatArray, dimensions: int) -> FloatArray:
    """Return all points of the tensor product, shape (len(axis) ** dimensions, dimensions)."""
    points = np.empty((1, 0))
    for _ in range(dimensions):
        points = np.column_stack([np.repeat(points, len(axis), 0), np.tile(axis, len(points))])
    return points
