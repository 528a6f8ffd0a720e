"""Expectation propagation: one normal factor per answer, and the moments they add up to.

Coordinates are white: θ = m₀ + R z with R Rᵀ the prior covariance, so z is standard normal before
any answer and nothing is ever divided by a covariance that may be singular.

*Evidence* is an array of shape (k + 2, t), a column per answer: the slopes on z and the offset of
x = a · θ + d, both times -1 for a wrong answer, and the floor f, so that the answer's likelihood is
f + (1 - f) / (1 + exp(-x)) up to a constant. *Sites* are an array of shape (2, t), a column (τ, η)
per answer: the normal factor exp(-τu²/2 + ηu) that stands for the answer's likelihood as a function
of u = slopes · z.

Source: Minka (2001), UAI 17; Rasmussen & Williams (2006), Gaussian Processes, section 3.6.
"""

from typing import NamedTuple

import numpy as np

from lib.engine.normal import FloatArray, any_of, least, total_over
from lib.engine.projection import logistic_moments

_SMALLEST_VARIANCE = 1e-12

WIDEST_CAVITY = 2.0
"""Variance that all answers but one leave, over that before any, at most.

Without guessing it is at most 1 (Brascamp & Lieb, 1976); guessing can widen it, but hardly more.
"""


class Normal(NamedTuple):
    """A normal distribution of z."""

    mean: FloatArray
    """Of z, shape (k,)."""
    covariance: FloatArray
    """Of z, shape (k, k)."""


def normal_of_sites(evidence: FloatArray, sites: FloatArray) -> Normal:
    """Return prior times sites: precision I + Σ τ a aᵀ, shift Σ η a."""
    slopes = evidence[:-2]
    tau, eta = sites
    precision = (slopes * tau) @ slopes.T
    precision.flat[:: len(precision) + 1] += 1.0
    covariance = 1.0 / precision if len(precision) == 1 else np.linalg.inv(precision)
    return Normal(covariance @ (slopes @ eta), covariance)


def match_sites(evidence: FloatArray, sites: FloatArray, normal: Normal) -> FloatArray:
    """Return the sites that, each on its own, reproduce their answers' exact effect.

    The cavity of a site is `normal` without it, seen along u. The new site gives cavity times site
    the mean and variance of cavity times likelihood.

    Returns:
        Shape (2, t). Without a floor the likelihood is log-concave and τ >= 0.
    """
    slopes, offset, floor = evidence[:-2], evidence[-2], evidence[-1]
    tau, eta = sites
    w = total_over(slopes * (normal.covariance @ slopes), axis=0)
    w = np.maximum(w, _SMALLEST_VARIANCE)
    widest = WIDEST_CAVITY * np.maximum(total_over(slopes * slopes, axis=0), _SMALLEST_VARIANCE)
    precision = 1.0 / w
    v = 1.0 / np.maximum(precision - tau, 1.0 / widest)
    m = (normal.mean @ slopes * precision - eta) * v
    deviation = np.sqrt(v)
    total, first, second = logistic_moments(m + offset, deviation)
    lowest: FloatArray | float = 1.0
    if any_of(floor):
        rest = 1.0 - floor
        lowest = np.where(floor > 0.0, 0.5, 1.0)
        total, first, second = floor + rest * total, rest * first, floor + rest * second
    shift = first / total
    sharper = 1.0 / (second / total - shift * shift)
    # The bound says what quadrature must not unsay: τ >= 0, or with a floor at most double v.
    np.maximum(sharper, lowest, out=sharper)
    excess = sharper - 1.0
    matched = np.array((excess, excess * m + sharper * shift * deviation))
    matched /= v
    return matched


def is_proper(normal: Normal, sites: FloatArray) -> bool:
    """Say whether prior times sites, shape (2, t), is a distribution: only τ < 0 can prevent it."""
    if least(sites[0]) >= 0.0:
        return True
    try:
        np.linalg.cholesky(normal.covariance)
    except np.linalg.LinAlgError:
        return False
    return True
