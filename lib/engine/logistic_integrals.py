"""One-dimensional integrals: a normal variable seen through the response curve of one item.

An answer depends on θ only through x = a · θ + d, which is normal when θ is. Everything the engine
integrates is therefore an integral over one real line, done by the trapezoid rule in units of the
variable's standard deviation. For a function that is analytic in a strip of half-width w the
rule's error falls as exp(-2πw/h); the logistic curve of a variable with standard deviation s has
w = π/s, so a step h ≤ 1.5/s leaves about 2e-6 (Trefethen & Weideman, 2014, SIAM Review 56(3)).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lib.engine.normal import FloatArray, SingleArray, largest

_LARGEST_EXPONENT = 700.0  # exp(709.8) is the largest double
_NARROW = 1.5  # logits: standard deviation that the coarsest nodes serve
_FINEST = 6  # 1.5 · 2⁶ = 96 logits: the response curve is a step
_HERMITE = ((1e-3, 1), (1.5, 5), (2.25, 7), (4.0, 9), (6.25, 13), (10.0, 19), (np.inf, 31))
"""Up to which variance, logits², how many nodes leave E[likelihood] wrong by less than 0.15 %."""
_LEAST_CHANCE = np.float32(1e-35)  # added to L, so that its logarithm stays finite
_FEWEST_OF_MOMENTS = 5  # for E[L z²] too: a single node, at z = 0, would make it nothing


class Nodes(NamedTuple):
    """Nodes and weights for the expectation of a function of a standard normal variable."""

    z: FloatArray
    """Shape (q,), standard deviations from the mean."""
    moments: FloatArray
    """Shape (q, 3): the weights times 1, z and z²."""


@lru_cache(maxsize=16)
def _ladder(level: int) -> Nodes:
    """Return the nodes for standard deviations up to 1.5 · 2^level logits.

    An answer can pull the mass away by as many deviations, up to about eight: hence the reach.
    """
    largest = _NARROW * 2.0**level
    step = min(0.8, 1.5 / largest)
    half = np.floor((6.0 + min(largest, 8.0)) / step)
    z = np.arange(-half, half + 1) * step
    weight = np.exp(-0.5 * z * z)
    weight /= weight.sum()
    return Nodes(z, np.stack([weight, weight * z, weight * z * z], axis=1))


def nodes_for(deviation: float) -> Nodes:
    """Return nodes fine enough for a variable with this standard deviation, logits."""
    level = 0
    while deviation > _NARROW and level < _FINEST:
        deviation *= 0.5
        level += 1
    return _ladder(level)


def logistic_of_negative(minus_x: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-x)), overwriting -x; tiny values keep full relative precision."""
    np.minimum(minus_x, _LARGEST_EXPONENT, out=minus_x)
    np.exp(minus_x, out=minus_x)
    minus_x += 1.0
    return np.reciprocal(minus_x, out=minus_x)


def logistic_moments(mean: FloatArray, deviation: FloatArray) -> FloatArray:
    """Return E[L], E[L z] and E[L z²] of the logistic curve L at x = mean + deviation z.

    Args:
        mean: Shape (j,), logits.
        deviation: Shape (j,), logits, >= 0.

    Returns:
        Shape (3, j).
    """
    z, moments = nodes_for(float(largest(deviation)))
    minus_x = deviation[:, None] * -z
    minus_x -= mean[:, None]
    return moments.T @ logistic_of_negative(minus_x).T


def logistic_moments_of_one(mean: float, deviation: float) -> tuple[float, float, float]:
    """Return `logistic_moments` of a single variable."""
    z, moments = nodes_for(deviation)
    minus_x = z * -deviation
    minus_x -= mean
    total, first, second = (logistic_of_negative(minus_x) @ moments).tolist()
    return total, first, second


@lru_cache(maxsize=16)
def _hermite(nodes: int, count: int) -> tuple[SingleArray, SingleArray]:
    """Return the standard normal's nodes, as -z (nodes, 1), and weights times 1, z and z²."""
    z, weight = np.polynomial.hermite_e.hermegauss(nodes)
    weight /= weight.sum()
    rows = np.stack([weight, weight * z, weight * z * z][:count])
    return -z.astype(np.float32)[:, None], rows.astype(np.float32)


def nodes_of(variance: FloatArray, count: int) -> int:
    """Return how many nodes `curve_moments` needs for these variances."""
    widest = float(largest(variance, axis=None))
    nodes = next(nodes for limit, nodes in _HERMITE if widest <= limit)
    return nodes if count == 1 else max(nodes, _FEWEST_OF_MOMENTS)


def curve_moments(mean: SingleArray, variance: SingleArray, nodes: int, count: int) -> SingleArray:
    """Return E[L], E[L z] and E[L z²] of the logistic curve L, the first `count` of them.

    Single precision: many integrals, whose product is then taken along a grid.

    Args:
        mean: Of the argument mean + √variance z, shape (j, t, g).
        variance: That shape or (j, t, 1).
        nodes: See `nodes_of`.
        count: 1 to 3.

    Returns:
        Shape (count, j, t, g).
    """
    # One long inner loop for each node; where exp overflows, L is 0.
    minus_z, weights = _hermite(nodes, count)
    spread = np.empty_like(mean)
    np.sqrt(variance, out=spread)
    around = minus_z * spread.reshape(-1)
    around -= mean.reshape(-1)
    with np.errstate(over="ignore"):
        np.exp(around, out=around)
        around += np.float32(1.0)
    np.reciprocal(around, out=around)
    moments = weights @ around
    moments[::2] += _LEAST_CHANCE
    return np.asarray(moments.reshape(count, *mean.shape))
