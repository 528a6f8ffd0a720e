"""Expectation propagation: one normal factor per answer, and the moments of their product.

Coordinates are whitened: θ = m₀ + R z with R Rᵀ the prior covariance. Thus z is standard normal
before any answer, and a singular prior covariance is never inverted.

*Evidence* is an array of shape (k + 2, t) with one column per answer: the slopes on z, the offset
of x = a · θ + d (slopes and offset times -1 for a wrong answer), and the floor f. The answer's
likelihood is f + (1 - f) / (1 + exp(-x)), up to a constant factor.

*Sites* are an array of shape (2, t) with one column (τ, η) per answer: the normal factor
exp(-τu²/2 + ηu) that approximates the answer's likelihood as a function of u = slopes · z.

Source: Minka (2001), UAI 17; Rasmussen & Williams (2006), Gaussian Processes, section 3.6.
"""

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..bank import MAX_CONCEPTS
from ..logistic_integrals import logistic_moments, logistic_moments_of_one
from ..normal import FloatArray, any_of, least, total_over

_SMALLEST_VARIANCE = 1e-12

WIDEST_CAVITY = 2.0
"""Maximum variance of u under the cavity of an answer, relative to its prior variance.

Without guessing the ratio is at most 1 (Brascamp & Lieb, 1976); with guessing it hardly exceeds 2.
"""

Number = Any  # a float, or an array with one entry per answer


class Normal(NamedTuple):
    """A normal distribution of z."""

    mean: FloatArray
    """Mean of z, shape (k,)."""
    covariance: FloatArray
    """Covariance of z, shape (k, k)."""


@lru_cache(maxsize=MAX_CONCEPTS)
def _identity(k: int) -> FloatArray:
    return np.eye(k)


def normal_of_sites(evidence: FloatArray, sites: FloatArray) -> Normal:
    """Return the product of prior and sites: precision I + Σ τ a aᵀ, shift Σ η a."""
    slopes = evidence[:-2]
    tau, eta = sites
    precision = (slopes * tau) @ slopes.T
    precision += _identity(len(slopes))
    covariance = np.linalg.inv(precision)
    return Normal(covariance @ (slopes @ eta), covariance)


def new_site(column: FloatArray, normal: Normal) -> tuple[float, float]:
    """Return the site (τ, η) of a new answer.

    Args:
        column: Evidence of the new answer, shape (k + 2,).
        normal: Cavity of the new site: prior times the sites of all other answers.
    """
    slopes = column[:-2]
    offset, floor = column[-2:].tolist()
    v = max(float(slopes @ normal.covariance @ slopes), _SMALLEST_VARIANCE)
    m = float(normal.mean @ slopes)
    tau, eta = _moment_matching_site(m, v, logistic_moments_of_one(m + offset, math.sqrt(v)), floor)
    return float(tau), float(eta)


def with_site(normal: Normal, slopes: FloatArray, tau: float, eta: float) -> Normal:
    """Return `normal` times one more site along u = slopes · z, by a rank-one update."""
    direction = normal.covariance @ slopes
    scale = 1.0 + tau * float(direction @ slopes)
    mean = normal.mean + ((eta - tau * float(normal.mean @ slopes)) / scale) * direction
    return Normal(mean, normal.covariance - direction[:, None] * (tau / scale * direction))


def match_sites(evidence: FloatArray, sites: FloatArray, normal: Normal) -> FloatArray:
    """Return the sites after one parallel sweep of expectation propagation.

    A site's cavity is the distribution of u under `normal` divided by the site. The new site gives
    cavity times site the mean and variance of cavity times likelihood.

    Returns:
        Sites, shape (2, t). Without a floor the likelihood is log-concave and τ >= 0.
    """
    slopes, offset, floor = evidence[:-2], evidence[-2], evidence[-1]
    tau, eta = sites
    w = total_over(slopes * (normal.covariance @ slopes), axis=0)
    precision = 1.0 / np.maximum(w, _SMALLEST_VARIANCE)
    cavity_precision = precision - tau
    any_floor = any_of(floor)
    if any_floor:
        prior = np.maximum(total_over(slopes * slopes, axis=0), _SMALLEST_VARIANCE)
        np.maximum(cavity_precision, (1.0 / WIDEST_CAVITY) / prior, out=cavity_precision)
    v = 1.0 / cavity_precision
    m = (normal.mean @ slopes * precision - eta) * v
    curve = logistic_moments(m + offset, np.sqrt(v))
    return np.array(_moment_matching_site(m, v, curve, floor if any_floor else None))


def _moment_matching_site(
    m: Number, v: Number, curve: Number, floor: Number | None
) -> tuple[Number, Number]:
    """Return the site (τ, η) that gives the cavity N(m, v) the moments of the tilted distribution.

    The tilted distribution is the cavity times the likelihood. All arguments are numbers, or
    arrays of shape (t,).

    Args:
        m: Mean of u under the cavity.
        v: Variance of u under the cavity.
        curve: E[L], E[L ζ] and E[L ζ²] of the logistic curve L, with ζ = (u - m) / √v.
        floor: Floors of the likelihoods; None if all are 0.
    """
    total, first, second = curve
    smallest_ratio: Number = 1.0
    if floor is not None:
        scale = 1.0 - floor
        total, first, second = floor + scale * total, scale * first, floor + scale * second
        smallest_ratio = 1.0 - 0.5 * (floor > 0.0)
    shift = first / total
    # Bounds that hold exactly and that quadrature error must not break: without a floor, τ >= 0;
    # with one, the tilted distribution has at most twice the cavity's variance.
    precision_ratio = np.maximum(1.0 / (second / total - shift * shift), smallest_ratio)
    excess = precision_ratio - 1.0
    return excess / v, (excess * m + precision_ratio * shift * np.sqrt(v)) / v


def is_proper(normal: Normal, sites: FloatArray) -> bool:
    """Return whether prior times sites, shape (2, t), is a proper distribution.

    Only a negative τ can make it improper.
    """
    if least(sites[0]) >= 0.0:
        return True
    try:
        np.linalg.cholesky(normal.covariance)
    except np.linalg.LinAlgError:
        return False
    return True
