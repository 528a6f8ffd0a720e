"""One-dimensional integrals of the logistic response curve over a normal variable.

An answer depends on θ only through x = a · θ + d, which is normal if θ is. Most of the engine's
integrals are therefore one-dimensional. The trapezoid rule computes them, in units of the
variable's standard deviation. For a function that is analytic in a strip of half-width w, the
rule's error falls as exp(-2πw/h); the logistic curve of a variable with standard deviation s has
w = π/s, so a step h ≤ 1.5/s leaves about 2e-6 (Trefethen & Weideman, 2014, SIAM Review 56(3)).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from .normal import FloatArray, SingleArray, largest

_LARGEST_EXPONENT = 700.0  # exp(709.8) is the largest double
_NARROW = 1.5  # logits; largest standard deviation for the coarsest nodes
_FINEST = 6  # level; at 1.5 · 2⁶ = 96 logits the response curve is a step function
_HERMITE = ((1e-3, 1), (1.5, 5), (2.25, 7), (4.0, 9), (6.25, 13), (10.0, 19), (np.inf, 31))
"""Largest variance, logits², and the number of nodes that then gives E[likelihood] to 0.15 %."""
_SMALLEST_LIKELIHOOD = np.float32(1e-35)  # added to L, so that its logarithm stays finite
_MIN_NODES_OF_MOMENTS = 5  # a single node, at z = 0, would give E[L z²] = 0


class Nodes(NamedTuple):
    """Nodes and weights for the expectation of a function of a standard normal variable."""

    z: FloatArray
    """Nodes, standard deviations from the mean, shape (q,)."""
    moments: FloatArray
    """Weights times 1, z and z², shape (q, 3)."""


@lru_cache(maxsize=16)
def _nodes_at_level(level: int) -> Nodes:
    """Return the nodes for standard deviations up to 1.5 · 2^level logits.

    An answer shifts the mass by at most 1.5 · 2^level standard deviations, and by no more than
    about 8; the nodes reach 6 standard deviations further.
    """
    largest_deviation = _NARROW * 2.0**level
    step = min(0.8, 1.5 / largest_deviation)
    half = np.floor((6.0 + min(largest_deviation, 8.0)) / step)
    z = np.arange(-half, half + 1) * step
    weight = np.exp(-0.5 * z * z)
    weight /= weight.sum()
    return Nodes(z, np.stack([weight, weight * z, weight * z * z], axis=1))


def nodes_for(deviation: float) -> Nodes:
    """Return nodes that are fine enough for a variable with this standard deviation, logits."""
    level = 0
    while deviation > _NARROW and level < _FINEST:
        deviation *= 0.5
        level += 1
    return _nodes_at_level(level)


def logistic_of_negative(minus_x: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-x)), overwriting the argument -x.

    Tiny values keep their full relative precision.
    """
    np.minimum(minus_x, _LARGEST_EXPONENT, out=minus_x)
    np.exp(minus_x, out=minus_x)
    minus_x += 1.0
    return np.reciprocal(minus_x, out=minus_x)


def logistic_moments(mean: FloatArray, deviation: FloatArray) -> FloatArray:
    """Return E[L], E[L z] and E[L z²] of the logistic curve L at x = mean + deviation z.

    Args:
        mean: Means of x, logits, shape (j,).
        deviation: Standard deviations of x, logits, at least 0, shape (j,).

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
    """Return Gauss-Hermite nodes -z, shape (nodes, 1), and the weights times 1, z and z².

    The weights have shape (count, nodes).
    """
    z, weight = np.polynomial.hermite_e.hermegauss(nodes)
    weight /= weight.sum()
    rows = np.stack([weight, weight * z, weight * z * z][:count])
    return -z.astype(np.float32)[:, None], rows.astype(np.float32)


def hermite_node_count(variance: FloatArray, count: int) -> int:
    """Return the number of nodes for `curve_moments` with these variances, logits², and `count`."""
    widest = float(largest(variance, axis=None))
    nodes = next(nodes for limit, nodes in _HERMITE if widest <= limit)
    return nodes if count == 1 else max(nodes, _MIN_NODES_OF_MOMENTS)


def curve_moments(mean: SingleArray, variance: SingleArray, nodes: int, count: int) -> SingleArray:
    """Return the first `count` of E[L], E[L z] and E[L z²] at x = mean + √variance z.

    L is the logistic curve. There are many of these integrals, and single precision is enough.

    Args:
        mean: Means of x, logits, shape (j, t, g).
        variance: Variances of x, logits², of that shape or (j, t, 1).
        nodes: Number of Gauss-Hermite nodes; see `hermite_node_count`.
        count: Number of moments to return, 1 to 3.

    Returns:
        Shape (count, j, t, g).
    """
    # Flattened, so that numpy's inner loops are long. Where exp overflows, L is 0.
    minus_z, weights = _hermite(nodes, count)
    spread = np.empty_like(mean)
    np.sqrt(variance, out=spread)
    arguments = minus_z * spread.reshape(-1)
    arguments -= mean.reshape(-1)
    with np.errstate(over="ignore"):
        np.exp(arguments, out=arguments)
        arguments += np.float32(1.0)
    np.reciprocal(arguments, out=arguments)
    moments = weights @ arguments
    moments[::2] += _SMALLEST_LIKELIHOOD
    return np.asarray(moments.reshape(count, *mean.shape))
