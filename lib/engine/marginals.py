"""The marginal of each concept beyond the normal approximation.

Propagation gives the best normal q; the true posterior is q times, for every answer, the ratio of
its likelihood to its site. Along one concept θⱼ the marginal is therefore

    p(θⱼ) ∝ q(θⱼ) E[∏ ratioᵢ | θⱼ] ≈ q(θⱼ) ∏ E[ratioᵢ | θⱼ],

each factor a one-dimensional integral because ratioᵢ depends on θ only through uᵢ. The sole
approximation is that the ratios, all near one, are uncorrelated given θⱼ. A single concept
needs none of this (lib.engine.single).

Source: Cseke & Heskes (2011), JMLR 12, "EP-FACT"; Opper, Paquet & Winther (2013), JMLR 14.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lib.engine.normal import FloatArray, any_of, largest, total_over
from lib.engine.projection import logistic_of_negative
from lib.engine.propagation import Normal

SingleArray = NDArray[np.float32]

_REACH = 9.0  # posterior standard deviations; guessing makes long tails
_BEND = 2.5  # within it the grid is nearly even, beyond it ever wider
_STEP = 0.75
_STEP_LOGITS = 1.5  # largest step along the steepest answer
_FINEST = 6  # 200 logits a standard deviation: the response curve is a step
_UNSEEN = 0.01
_POINT = 1e-3  # variance, logits², below which uᵢ is taken as known
_NODES = ((2.25, 7), (6.25, 13), (np.inf, 31))
"""Up to which variance, logits², how many nodes leave E[likelihood] wrong by less than 0.15 %."""


class Marginals(NamedTuple):
    """Each of shape (j,), in the units of the direction."""

    mean: FloatArray
    deviation: FloatArray
    correction: FloatArray
    """`deviation` over that of the normal approximation."""


@lru_cache(maxsize=16)
def _grid(level: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return points x, standard deviations; log dx/dt; and the columns 1, x, x².

    The trapezoid rule in t, where x = bend · sinh(t / bend).
    """
    step = _STEP / 2**level
    half = np.ceil(_BEND * np.arcsinh(_REACH / _BEND) / step)
    t = np.arange(-half, half + 1) * (step / _BEND)
    x = _BEND * np.sinh(t)
    return x, np.log(np.cosh(t)), np.stack([np.ones_like(x), x, x * x], axis=1)


def grid_for(steepest: float, finer: int = 0) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return a grid for answers that rise by up to `steepest` logits per standard deviation."""
    level = finer
    while steepest > _STEP_LOGITS / _STEP and level < _FINEST:
        steepest *= 0.5
        level += 1
    return _grid(level)


@lru_cache(maxsize=4)
def _hermite(nodes: int) -> tuple[SingleArray, SingleArray]:
    z, weight = np.polynomial.hermite_e.hermegauss(nodes)
    return z.astype(np.float32), (weight / weight.sum()).astype(np.float32)


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
    log_density += _log_likelihood(
        per_share, (centre - eta * rest) / share + offset, rest / share, floor, x
    )
    log_density -= largest(log_density, axis=1, keepdims=True)
    total, first, second = powers.T @ np.exp(log_density).T
    mean = first / total
    variance = second / total - mean * mean
    # So much narrower than the normal that the grid cannot see it: only absurdly steep answers.
    unseen = variance < _UNSEEN
    mean[unseen], variance[unseen] = 0.0, 1.0
    correction = np.sqrt(variance)
    return Marginals(directions @ normal.mean + mean * scale, correction * scale, correction)


def log_likelihood_along(
    slope: FloatArray, offset: FloatArray, floor: FloatArray, z: FloatArray
) -> FloatArray:
    """Return Σᵢ log likelihoodᵢ at each point z of a line; slope, offset, floor of shape (t,)."""
    minus = slope[:, None] * -z
    minus -= offset[:, None]
    return _summed_logs(logistic_of_negative(minus), floor)


def _summed_logs(value: FloatArray, floor: FloatArray) -> FloatArray:
    """Return Σᵢ log(f + (1 - f) value), overwriting `value`, shape (…, t, g)."""
    if any_of(floor):
        value *= (1.0 - floor)[:, None]
        value += floor[:, None]
    total: FloatArray = total_over(np.log(value, out=value), axis=-2)
    return total


def _log_likelihood(
    slope: FloatArray, offset: FloatArray, variance: FloatArray, floor: FloatArray, x: FloatArray
) -> FloatArray:
    """Return Σᵢ log E[likelihoodᵢ] at each x, shape (j, g).

    The answer's x is normal with mean slope · x + offset and the variance, each (j, t).
    """
    minus = slope[:, :, None] * -x
    minus -= offset[:, :, None]
    widest = float(largest(variance, axis=None))
    if widest < _POINT:
        value = logistic_of_negative(minus)
    else:
        # The node comes first, so that additions run along x; single precision is ample here.
        z, weight = _hermite(next(q for limit, q in _NODES if widest <= limit))
        around = z[:, None, None, None] * np.sqrt(variance).astype(np.float32)[:, :, None]
        curve = _logistic_of_negative_single(around + minus.astype(np.float32))
        value = (weight @ curve.reshape(len(z), -1)).reshape(minus.shape).astype(float)
    return _summed_logs(value, floor)


def _logistic_of_negative_single(minus_x: SingleArray) -> SingleArray:
    """Return 1 / (1 + exp(-x)), overwriting -x, not below 1e-35."""
    np.minimum(minus_x, np.float32(80.0), out=minus_x)
    np.exp(minus_x, out=minus_x)
    minus_x += np.float32(1.0)
    return np.reciprocal(minus_x, out=minus_x)
