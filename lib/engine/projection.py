"""One-dimensional integrals: a normal variable seen through the response curve of one item.

An answer depends on θ only through u = a · θ, which is normal when θ is. Everything the engine
integrates is therefore an integral over one real line, done by the trapezoid rule in units of the
variable's standard deviation. For a function that is analytic in a strip of half-width w the
rule's error falls as exp(-2πw/h); the logistic curve of a variable with standard deviation s has
w = π/s, so a step h ≤ 1.5/s leaves about 2e-6 (Trefethen & Weideman, 2014, SIAM Review 56(3)).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lib.engine.normal import FloatArray

_LARGEST_EXPONENT = 700.0  # exp(709.8) is the largest double


class Nodes(NamedTuple):
    """Nodes and weights for the expectation of a function of a standard normal variable."""

    z: FloatArray
    """Shape (q,), standard deviations from the mean."""
    moments: FloatArray
    """Shape (q, 3): the weights times 1, z and z²."""


@lru_cache(maxsize=16)
def _ladder(level: int) -> Nodes:
    """Return the nodes for standard deviations up to 1.5 · 2^level logits.

    The likelihood can pull the mass several deviations from the mean, hence the reach.
    """
    largest = 1.5 * 2.0**level
    step = min(0.8, 1.5 / largest)
    reach = 6.0 + min(largest, 8.0)
    z = np.arange(-np.floor(reach / step), np.floor(reach / step) + 1) * step
    weight = np.exp(-0.5 * z * z)
    weight /= weight.sum()
    return Nodes(z, np.ascontiguousarray(np.stack([weight, weight * z, weight * z * z], axis=1)))


def nodes_for(deviation: float) -> Nodes:
    """Return nodes fine enough for a variable with this standard deviation, logits."""
    level = 0
    while deviation > 1.5 * 2.0**level and level < 6:  # noqa: PLR2004 - 96 logits: a step function
        level += 1
    return _ladder(level)


def logistic(x: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-x)) with full relative precision where it is tiny."""
    out = np.negative(np.maximum(x, -_LARGEST_EXPONENT))
    np.exp(out, out=out)
    out += 1.0
    return np.reciprocal(out, out=out)


def tilted_moments(
    mean: FloatArray, variance: FloatArray, floor: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return what an answer does to the normal variable x it depends on.

    The likelihood of the answer is floor + (1 - floor) / (1 + exp(-x)).

    Args:
        mean: Of x before the answer, logits, shape (j,).
        variance: Of x before the answer, > 0, shape (j,).
        floor: Shape (j,), 0 to 1.

    Returns:
        The probability of the answer; the shift of the mean of x in standard deviations; the ratio
        of its variance after the answer to the one before. Each of shape (j,).
    """
    deviation = np.sqrt(variance)
    z, moments = nodes_for(float(np.max(deviation)))
    likelihood = logistic(mean[:, None] + deviation[:, None] * z)
    if floor.any():
        likelihood *= (1.0 - floor)[:, None]
        likelihood += floor[:, None]
    total, first, second = (likelihood @ moments).T
    shift = first / total
    return total, shift, second / total - shift * shift
