"""The exact posterior of a test whose item parameters are uncertain, by brute force."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.engine.normal import FloatArray
from lib.engine.simulation import Z95

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
POINTS = {1: 201, 2: 151, 3: 81}
"""Number of grid points along each of k concepts, from -5 to 5."""


@dataclass(frozen=True, eq=False)
class UncertainItems:
    """A bank of n items that measure one concept each, and the deviations of their errors.

    Attributes:
        location, log_slope: Stated b and log a, shape (n,).
        concept: Index of the item's concept, shape (n,).
        errors: Standard deviations of the true b and the true log a around the stated ones.
    """

    location: FloatArray
    log_slope: FloatArray
    concept: NDArray[np.intp]
    errors: tuple[float, float]

    def average_curves(self, items: NDArray[np.intp], theta: FloatArray) -> FloatArray:
        """Return P(correct) averaged over an item's errors, shape (items, theta)."""
        slope = np.exp(self.log_slope[items, None] + self.errors[1] * NODES)
        location = self.location[items, None] + self.errors[0] * NODES
        x = slope[:, :, None, None] * (theta - location[:, None, :, None])
        curves: FloatArray = 0.5 + 0.5 * np.tanh(0.5 * x)
        return np.asarray(np.einsum("a,b,nabg->ng", WEIGHTS, WEIGHTS, curves))


def log_prior(correlation: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the points of one axis, and the log density of N(0, correlation) on the grid."""
    k = len(correlation)
    theta = np.linspace(-5, 5, POINTS[k])
    grid = np.stack(np.meshgrid(*[theta] * k, indexing="ij"), axis=-1)
    precision = np.linalg.inv(correlation)
    return theta, np.asarray(-0.5 * np.einsum("...i,ij,...j", grid, precision, grid))


def expected(
    items: UncertainItems,
    administered: NDArray[np.intp],
    correct: NDArray[np.bool_],
    prior: tuple[FloatArray, FloatArray],
    estimate: tuple[FloatArray, FloatArray],
) -> tuple[float, float]:
    """Return the expected squared error and coverage of an engine's estimate, given the answers.

    The squared error of an estimate is the exact variance plus the squared distance of the means.
    Averaged over tests, both have the same expectation as with drawn abilities, but do not depend
    on the draw.

    Args:
        items: The bank.
        administered: Indices of the t items of the test, shape (t,).
        correct: Whether each answer was correct, shape (t,).
        prior: The value of `log_prior`.
        estimate: The engine's means and variances, each of shape (k,).

    Returns:
        Both averaged over the concepts.
    """
    theta, log_density = prior
    k = log_density.ndim
    curves = items.average_curves(administered, theta)
    log_likelihood = np.log(np.where(correct[:, None], curves, 1 - curves))
    for j in range(k):
        log_factor = log_likelihood[items.concept[administered] == j].sum(axis=0)
        shape = [-1 if axis == j else 1 for axis in range(k)]
        log_density = log_density + log_factor.reshape(shape)
    density = np.exp(log_density - np.max(log_density))
    density /= density.sum()
    losses, masses = [], []
    for j, (mean, variance) in enumerate(zip(*estimate, strict=True)):
        marginal = density.sum(axis=tuple(axis for axis in range(k) if axis != j))
        exact_mean = marginal @ theta
        losses.append(marginal @ np.square(theta - exact_mean) + (mean - exact_mean) ** 2)
        mass_below = np.concatenate([[0.0], np.cumsum(0.5 * (marginal[1:] + marginal[:-1]))])
        ends = mean + np.array([-Z95, Z95]) * np.sqrt(variance)
        masses.append(np.diff(np.interp(ends, theta, mass_below))[0])
    return float(np.mean(losses)), float(np.mean(masses))
