"""The marginal of each concept beyond the normal approximation.

Propagation gives the best normal q; the true posterior is q times, for every answer, the ratio of
its likelihood to its site. Along one concept θⱼ the marginal is therefore

    p(θⱼ) ∝ q(θⱼ) E[∏ ratioᵢ | θⱼ] ≈ q(θⱼ) ∏ E[ratioᵢ | θⱼ],

each factor a one-dimensional integral because ratioᵢ depends on θ only through uᵢ. The sole
approximation is that the ratios, all near one, are uncorrelated given θⱼ; where answers can be
guessed, lib.engine.pairs mends that too. A single concept needs none of this (lib.engine.single).

Source: Cseke & Heskes (2011), JMLR 12, "EP-FACT"; Opper, Paquet & Winther (2013), JMLR 14.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lib.engine.normal import FloatArray, any_of, largest, total_over
from lib.engine.pairs import pair_terms
from lib.engine.propagation import Normal

SingleArray = NDArray[np.float32]

_REACH = 9.0  # posterior standard deviations; guessing makes long tails
_BEND = 2.5  # within it the grid is nearly even, beyond it ever wider
_STEP = 0.5
_STEP_LOGITS = 1.5  # largest step along the steepest answer
_FINEST = 0.01  # 150 logits a standard deviation: the response curve is a step
_UNSEEN = 0.01
_LARGEST_EXPONENT = np.float32(80.0)  # exp(88) is the largest in single precision
_NODES = ((1e-3, 1), (2.25, 7), (6.25, 13), (np.inf, 31))
"""Up to which variance, logits², how many nodes leave E[likelihood] wrong by less than 0.15 %."""
_NODES_OF_MOMENTS = 7  # for E[L z²] too: a single node, at z = 0, would make it nothing


class Marginals(NamedTuple):
    """Each of shape (j,), in the units of the direction."""

    mean: FloatArray
    deviation: FloatArray
    correction: FloatArray
    """`deviation` over that of the normal approximation."""


@lru_cache(maxsize=16)
def _grid(step: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return points x, standard deviations; log dx/dt; and the columns 1, x and x².

    The trapezoid rule in t, where x = bend · sinh(t / bend). The last column is scaled so that a
    standard normal has variance 1 on this very grid: an answer changes nothing it says nothing of.
    """
    half = np.ceil(_BEND * np.arcsinh(_REACH / _BEND) / step)
    t = np.arange(-half, half + 1) * (step / _BEND)
    x = _BEND * np.sinh(t)
    density = np.cosh(t) * np.exp(-0.5 * x * x)
    unit = float(density @ (x * x) / density.sum())  # 1 but for rounding
    return x, np.log(np.cosh(t)), np.stack([np.ones_like(x), x, x * x / unit], axis=1)


def grid_for(steepest: float, step: float = _STEP) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return a grid for answers that rise by up to `steepest` logits per standard deviation."""
    while steepest * step > _STEP_LOGITS and step > _FINEST:
        step *= 0.5
    return _grid(step)


@lru_cache(maxsize=4)
def _hermite(nodes: int) -> tuple[SingleArray, SingleArray]:
    """Return nodes z of the standard normal distribution, and weights times 1, z and z²."""
    z, weight = np.polynomial.hermite_e.hermegauss(nodes)
    weight /= weight.sum()
    return z.astype(np.float32), np.stack([weight, weight * z, weight * z * z]).astype(np.float32)


def marginal_moments(
    directions: FloatArray, evidence: FloatArray, sites: FloatArray, normal: Normal
) -> Marginals:
    """Return mean and standard deviation of each direction · z under the true posterior.

    Args:
        directions: Shape (j, k).
        evidence: See `lib.engine.propagation`.
        sites: The sites of `normal`, shape (2, t).
        normal: Prior times sites.
    """
    slopes, offset, floor = evidence[:-2], evidence[-2], evidence[-1]
    tau, eta = sites
    projected = normal.covariance @ slopes
    spread = total_over(slopes * projected, axis=0)
    moved = directions @ normal.covariance
    scale = np.sqrt(np.maximum(total_over(moved * directions, axis=1), 1e-300))
    pull = (directions @ projected) / scale[:, None]
    rest = np.maximum(spread - pull * pull, 0.0)
    share = np.maximum(1.0 - tau * rest, 1e-3)
    centre = normal.mean @ slopes
    # Site and normal along uᵢ given x: log ratio = ½ bend x² + tilt x, x in standard deviations.
    per_share = pull / share
    bend = (per_share * pull) @ tau
    tilt = total_over(per_share * (tau * centre - eta), axis=1)
    x, log_jacobian, powers = grid_for(float(largest(spread)) ** 0.5)
    log_density = (0.5 * (bend - 1.0))[:, None] * x
    log_density += tilt[:, None]
    log_density *= x
    log_density += log_jacobian
    guessed = bool(any_of(floor))
    curve = _curve_moments(
        per_share, (centre - eta * rest) / share + offset, rest / share, x, 3 if guessed else 1
    )
    if guessed:
        curve *= (1.0 - floor)[:, None]
        curve[::2] += floor[:, None]
        given = slopes.T @ projected - pull[:, :, None] * pull[:, None, :]
        drift = (tau * centre - eta)[:, None] + (tau * pull)[:, :, None] * x
        log_density += pair_terms(curve, drift, share, given)
    log_density += total_over(np.log(curve[0]), axis=1)
    log_density -= largest(log_density, axis=1, keepdims=True)
    total, first, second = powers.T @ np.exp(log_density).T
    mean = first / total
    variance = second / total - mean * mean
    # So much narrower than the normal that the grid cannot see it: only absurdly steep answers.
    unseen = variance < _UNSEEN
    mean[unseen], variance[unseen] = 0.0, 1.0
    correction = np.sqrt(variance)
    return Marginals(directions @ normal.mean + mean * scale, correction * scale, correction)


def _curve_moments(
    slope: FloatArray, offset: FloatArray, variance: FloatArray, x: FloatArray, count: int
) -> FloatArray:
    """Return E[L], E[L z] and E[L z²] of the logistic curve L, the first `count` of them.

    Its argument is slope · x + offset + √variance z, with slope, offset and variance of shape
    (j, t); the result has shape (count, j, t, g).
    """
    minus = slope[:, :, None] * -x
    minus -= offset[:, :, None]
    widest = float(largest(variance, axis=None))
    # The node comes first, so that additions run along x; single precision is ample here.
    nodes = next(q for limit, q in _NODES if widest <= limit)
    z, weights = _hermite(max(nodes, _NODES_OF_MOMENTS) if count > 1 else nodes)
    around = z[:, None, None, None] * -np.sqrt(variance).astype(np.float32)[:, :, None]
    around = around + minus.astype(np.float32)
    np.minimum(around, _LARGEST_EXPONENT, out=around)
    np.exp(around, out=around)
    around += np.float32(1.0)
    np.reciprocal(around, out=around)
    moments = weights[:count] @ around.reshape(len(z), -1)
    return np.asarray(moments.reshape(count, *minus.shape), float)
