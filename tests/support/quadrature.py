"""The oracle: the exact posterior by brute-force integration over a dense grid.

It shares no code with lib.engine, neither likelihood nor integration. The grid is a tensor product
of trapezoid rules, which converge geometrically for smooth functions. It is aligned with the
posterior: first centred on the mode, then repeatedly on the newest mean. In one dimension the grid
covers the whole prior, so it cannot miss a second mode. In more dimensions `exact_by_pairs` covers
the whole prior, if every item measures one or two concepts.
"""

from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

BALL_RADIUS = 8.0  # radius of the grid around its centre, standard deviations
STEPS = {2: 0.25, 3: 0.45}  # step of the grid by dimension, standard deviations
PRIOR_GRID = np.linspace(-10.0, 10.0, 20_001)[:, None]  # one dimension, prior standard deviations
LARGEST_STEP = 0.65  # in 4 dimensions or more; error exp(-2π²/0.65²) = 5e-21 on a normal density
POINTS = {2: 221, 3: 111, 4: 61, 5: 33}  # points along each concept, by dimension
PRIOR_ENDS = 7.0  # half-width of the range of these points, prior standard deviations
EVEN_WIDTH = 2.0  # posterior standard deviations around the mean with points nearly evenly spaced


class Answers(NamedTuple):
    """Answers of one examinee with the parameters of the items."""

    slopes: FloatArray  # (t, k)
    intercepts: FloatArray  # (t,)
    guessing: FloatArray  # (t,)
    correct: NDArray[np.bool_]  # (t,)


class Moments(NamedTuple):
    """Mean and covariance of θ."""

    mean: FloatArray  # (k,)
    covariance: FloatArray  # (k, k)

    @property
    def deviation(self) -> FloatArray:
        return np.asarray(np.sqrt(np.diagonal(self.covariance)))


def log_likelihood(theta: FloatArray, answers: Answers) -> FloatArray:
    """Return log P(answers | θ) for each row of θ, shape (m, k)."""
    x = theta @ answers.slopes.T + answers.intercepts
    right, wrong = answers.correct, ~answers.correct
    log_right = np.log1p(-answers.guessing[right]) - np.logaddexp(0, -x[:, right])
    with np.errstate(divide="ignore"):
        log_guessing = np.log(answers.guessing[right])
    log_wrong = np.log1p(-answers.guessing[wrong]) - np.logaddexp(0, x[:, wrong])
    return np.asarray(np.logaddexp(log_guessing, log_right).sum(axis=1) + log_wrong.sum(axis=1))


def exact_posterior(mean: ArrayLike, covariance: ArrayLike, answers: Answers) -> Moments:
    """Return mean and covariance of θ, accurate to about 1e-5 in 1 to 5 dimensions.

    Args:
        mean: Mean of the normal prior, shape (k,).
        covariance: Covariance of the normal prior, shape (k, k), positive definite.
        answers: The answers.
    """
    m0, v0 = np.asarray(mean, float), np.asarray(covariance, float)
    if len(m0) == 1:
        return _moments_in_one_dimension(m0, v0, answers)
    mode = _around_mode(m0, v0, answers)
    # Guessing makes tails far longer than the curvature at the mode suggests: start twice as wide.
    moments = Moments(mode.mean, 4.0 * mode.covariance)
    for _ in range(5):
        before = moments
        moments = _integrate(before, m0, v0, answers)
        # The tolerance concerns only where the grid lies; a slight shift hardly changes the sums.
        if max(np.abs(moments.mean - before.mean).max(), _change(before, moments)) < 1e-3:
            break
    return moments


def _moments_in_one_dimension(m0: FloatArray, v0: FloatArray, answers: Answers) -> Moments:
    theta = m0 + v0[0] ** 0.5 * PRIOR_GRID
    density = log_likelihood(theta, answers) - 0.5 * PRIOR_GRID[:, 0] ** 2
    weight = np.exp(density - np.max(density))
    weight /= weight.sum()
    centre = weight @ theta
    return Moments(centre, np.array([[weight @ (theta[:, 0] - centre) ** 2]]))


def exact_by_pairs(mean: ArrayLike, covariance: ArrayLike, answers: Answers) -> Moments:
    """Return mean and covariance of θ, integrated over the whole prior.

    Each item measures one or two concepts, so the log density is a sum of one table per pair of
    concepts, whatever the number of answers. More points would change the results by less than
    1e-5, unless the posterior lies more than 6 prior standard deviations from the prior's mean.

    Args:
        mean: Mean of the normal prior, shape (k,), k from 2 to 5.
        covariance: Covariance of the normal prior, shape (k, k), positive definite.
        answers: The answers.

    Raises:
        ValueError: If an item measures more than two concepts.
    """
    if (np.count_nonzero(answers.slopes, axis=1) > 2).any():
        raise ValueError("an item measures more than two concepts")
    m0, v0 = np.asarray(mean, float), np.asarray(covariance, float)
    reach = PRIOR_ENDS * np.sqrt(np.diagonal(v0))
    even_points = np.linspace(-1.0, 1.0, POINTS[len(m0)])
    first_pass = _moments_over_grid(
        m0[:, None] + reach[:, None] * even_points, 0.0 * even_points, m0, v0, answers
    )
    # A second pass concentrates the points where the first found most of the mass.
    width = EVEN_WIDTH * first_pass.deviation
    low, high = (np.arcsinh((m0 + end * reach - first_pass.mean) / width) for end in (-1.0, 1.0))
    t = np.linspace(low, high, len(even_points), axis=1)
    theta = first_pass.mean[:, None] + width[:, None] * np.sinh(t)
    return _moments_over_grid(theta, np.log(np.cosh(t)), m0, v0, answers)


def _moments_over_grid(
    theta: FloatArray, log_weight: FloatArray, m0: FloatArray, v0: FloatArray, answers: Answers
) -> Moments:
    """Return the moments over the product grid of the rows of θ.

    Args:
        theta: Points along each concept, shape (k, n).
        log_weight: Logs of the points' weights, shape (n,) or (k, n).
        m0: Prior mean, shape (k,).
        v0: Prior covariance, shape (k, k).
        answers: The answers.
    """
    k, n = theta.shape
    tables = _tables(theta, m0, np.asarray(np.linalg.inv(v0), float), answers)
    for j, logs in enumerate(np.broadcast_to(log_weight, theta.shape)):
        tables[j, j] = tables[j, j] + logs

    def as_table(table: FloatArray, *axes: int) -> FloatArray:
        return table.reshape([n if axis in axes else 1 for axis in range(1, k)])

    other_tables = sum(as_table(table, *pair) for pair, table in tables.items() if 0 not in pair)
    total, first, second, maximum = 0.0, np.zeros(k), np.zeros((k, k)), -np.inf
    for at in range(n):  # slice by slice along the first concept
        density = other_tables + tables[0, 0][at]
        density = density + sum(as_table(tables[0, j][at], j) for j in range(1, k))
        new_maximum = max(maximum, float(density.max()))
        w, rescaling = np.exp(density - new_maximum), np.exp(maximum - new_maximum)
        mass, centre, spread = _slice_moments(w, theta, theta[0, at])
        total, first, second = (
            total * rescaling + mass,
            first * rescaling + centre,
            second * rescaling + spread,
        )
        maximum = new_maximum
    return Moments(first / total, second / total - np.outer(first, first) / total**2)


def _tables(
    theta: FloatArray, m0: FloatArray, precision: FloatArray, answers: Answers
) -> dict[tuple[int, int], FloatArray]:
    """Return the terms of the log density that depend on each pair of concepts.

    The terms that depend on one concept j alone are at (j, j).
    """
    tables = {}
    for i, j in combinations_with_replacement(range(len(theta)), 2):
        single = i == j
        one, other = theta[i] - m0[i], theta[j] - m0[j]
        prior = (
            precision[i, j] * one * one / 2 if single else precision[i, j] * np.outer(one, other)
        )
        in_pair = np.zeros(len(theta), bool)
        in_pair[[i, j]] = True
        measures_pair = ((answers.slopes != 0.0) == in_pair).all(axis=1)
        answers_of_pair = Answers(
            answers.slopes[measures_pair][:, [i] if single else [i, j]],
            answers.intercepts[measures_pair],
            answers.guessing[measures_pair],
            answers.correct[measures_pair],
        )
        points = theta[i][:, None]
        if not single:
            points = np.stack(np.meshgrid(theta[i], theta[j], indexing="ij"), -1).reshape(-1, 2)
        tables[i, j] = log_likelihood(points, answers_of_pair).reshape(prior.shape) - prior
    return tables


def _slice_moments(
    w: FloatArray, theta: FloatArray, at: float
) -> tuple[float, FloatArray, FloatArray]:
    """Return Σ w, Σ w θ and Σ w θ θᵀ over the points whose first concept is `at`."""
    k = len(theta)
    mass, first, second = float(w.sum()), np.empty(k), np.empty((k, k))
    first[0], second[0, 0] = at * mass, at * at * mass
    for i, j in combinations_with_replacement(range(1, k), 2):
        others = tuple(axis - 1 for axis in range(1, k) if axis not in (i, j))
        marginal = w.sum(axis=others)
        if i == j:
            first[i] = marginal @ theta[i]
            second[0, i] = second[i, 0] = at * first[i]
            second[i, i] = marginal @ theta[i] ** 2
        else:
            second[i, j] = second[j, i] = theta[i] @ marginal @ theta[j]
    return mass, first, second


def _change(before: Moments, after: Moments) -> float:
    return float(np.abs(before.deviation - after.deviation).max())


def _around_mode(m0: FloatArray, v0: FloatArray, answers: Answers) -> Moments:
    """Return the mode, by damped scoring steps, and the inverse expected curvature there."""
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
        # Steep items cause steps that overshoot: limit each to half a prior standard deviation.
        theta = theta + step / max(1.0, 2.0 * float(step @ precision @ step) ** 0.5)
    return Moments(theta, covariance)


def _integrate(around: Moments, m0: FloatArray, v0: FloatArray, answers: Answers) -> Moments:
    """Return the moments over a ball of `BALL_RADIUS` standard deviations of `around`."""
    k = len(m0)
    root = np.linalg.cholesky(around.covariance)
    whiten = np.linalg.inv(np.linalg.cholesky(v0))
    step = STEPS.get(k, LARGEST_STEP)
    axis = np.arange(-np.ceil(BALL_RADIUS / step), np.ceil(BALL_RADIUS / step) + 1) * step
    inner_dimensions = min(k, 3)
    inner_points = _grid(axis, inner_dimensions)
    total, first, second, maximum = 0.0, np.zeros(k), np.zeros((k, k)), -np.inf
    for outer_point in _grid(axis, k - inner_dimensions):
        if outer_point @ outer_point > BALL_RADIUS**2:
            continue
        z = np.concatenate(
            [np.broadcast_to(outer_point, (len(inner_points), k - inner_dimensions)), inner_points],
            axis=1,
        )
        z = z[(z * z).sum(axis=1) < BALL_RADIUS**2]
        theta = around.mean + z @ root.T
        prior = ((theta - m0) @ whiten.T) ** 2
        density = log_likelihood(theta, answers) - 0.5 * prior.sum(axis=1)
        new_maximum = max(maximum, float(density.max()))
        w, rescaling = np.exp(density - new_maximum), np.exp(maximum - new_maximum)
        total = total * rescaling + w.sum()
        first = first * rescaling + w @ z
        second = second * rescaling + (z * w[:, None]).T @ z
        maximum = new_maximum
    centre = first / total
    spread = second / total - np.outer(centre, centre)
    return Moments(around.mean + root @ centre, root @ spread @ root.T)


def _grid(axis: FloatArray, dimensions: int) -> FloatArray:
    """Return all points of the tensor product, shape (len(axis) ** dimensions, dimensions)."""
    points = np.empty((1, 0))
    for _ in range(dimensions):
        points = np.column_stack([np.repeat(points, len(axis), 0), np.tile(axis, len(points))])
    return points
