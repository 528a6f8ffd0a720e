"""The marginal of each concept beyond the normal approximation.

Propagation gives the best normal q; the true posterior is q times, for every answer, the ratio of
its likelihood to its site. Along one concept θⱼ the marginal is therefore

    p(θⱼ) ∝ q(θⱼ) E[∏ ratioᵢ | θⱼ] ≈ q(θⱼ) ∏ E[ratioᵢ | θⱼ],

each factor a one-dimensional integral because ratioᵢ depends on θ only through uᵢ. The sole
approximation is that the ratios, all near one, are uncorrelated given θⱼ. With a single concept
nothing is approximate: uᵢ is then a function of θⱼ.

Source: Cseke & Heskes (2011), JMLR 12, "EP-FACT"; Opper, Paquet & Winther (2013), JMLR 14.
"""

from functools import lru_cache

import numpy as np

from lib.engine.normal import FloatArray
from lib.engine.projection import logistic
from lib.engine.propagation import Normal

_REACH = 12.0  # posterior standard deviations; guessing makes long tails
_BEND = 2.5  # below it the grid is even, beyond it ever wider
_STEP = 0.5
_STEP_LOGITS = 1.5  # of the grid, for the steepest answer


@lru_cache(maxsize=16)
def _grid(level: int) -> tuple[FloatArray, FloatArray]:
    """Return points, standard deviations, and log weights: the trapezoid rule in asinh(x)."""
    step = _STEP / 2**level
    half = np.ceil(_BEND * np.arcsinh(_REACH / _BEND) / step)
    t = np.arange(-half, half + 1) * (step / _BEND)
    x = _BEND * np.sinh(t)
    return x, np.log(np.cosh(t)) - 0.5 * x * x


@lru_cache(maxsize=16)
def _hermite(nodes: int) -> tuple[FloatArray, FloatArray]:
    z, weight = np.polynomial.hermite_e.hermegauss(nodes)
    return z, weight / weight.sum()


def marginal_moments(
    directions: FloatArray, evidence: FloatArray, sites: FloatArray, normal: Normal
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return mean and standard deviation of each direction · z, corrected, and the scale used.

    Args:
        directions: Shape (j, k).
        evidence: See `lib.engine.propagation`.
        sites: Shape (t, 2).
        normal: Prior times sites.

    Returns:
        Shift of the mean and standard deviation, both relative to the normal's standard deviation,
        and that deviation; each of shape (j,).
    """
    slopes, offset, floor = evidence[:-2], evidence[-2], evidence[-1]
    tau, eta = sites[:, 0], sites[:, 1]
    moved = directions @ normal.covariance
    deviation = np.sqrt(np.maximum((moved * directions).sum(axis=1), 1e-300))
    pull = (moved @ slopes) / deviation[:, None]
    spread = (slopes * (normal.covariance @ slopes)).sum(axis=0)
    steepest = float(np.sqrt(np.max(spread)))
    x, log_weight = _grid(max(0, int(np.ceil(np.log2(steepest * _STEP / _STEP_LOGITS)))))
    rest = np.maximum(spread - pull * pull, 0.0)
    share = np.maximum(1.0 - tau * rest, 1e-3)
    u = (normal.mean @ slopes)[:, None] + pull[:, :, None] * x
    log_ratio = (0.5 * tau[:, None] * u - eta[:, None]) * u / share[:, :, None]
    centre = (u - (eta * rest)[:, :, None]) / share[:, :, None] + offset[:, None]
    likelihood = _expected_likelihood(centre, rest / share, floor)
    log_density = (np.log(likelihood) + log_ratio).sum(axis=1) + log_weight
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    total = density.sum(axis=1)
    mean = density @ x / total
    return mean, np.sqrt(density @ (x * x) / total - mean * mean), deviation


def _expected_likelihood(
    centre: FloatArray, variance: FloatArray, floor: FloatArray
) -> FloatArray:
    """Return E[likelihood] for x normal: centre (j, t, g), variance (j, t), floor (t,)."""
    widest = float(np.max(variance))
    if widest < 1e-3:
        value = logistic(centre)
    else:
        z, weight = _hermite(9 if widest < 4.0 else 31)
        value = logistic(centre[..., None] + np.sqrt(variance)[:, :, None, None] * z) @ weight
    return np.asarray(floor[:, None] + (1.0 - floor)[:, None] * value)
