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

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from lib.engine.bank import MAX_CONCEPTS
from lib.engine.logistic_integrals import logistic_moments, logistic_moments_of_one
from lib.engine.normal import FloatArray, any_of, least, total_over

_SMALLEST_VARIANCE = 1e-12

WIDEST_CAVITY = 2.0
"""Variance that all answers but one leave, over that before any, at most.

Without guessing it is at most 1 (Brascamp & Lieb, 1976); guessing can widen it, but hardly more.
"""

Number = Any  # a float, or an array of one for each answer


class Normal(NamedTuple):
    """A normal distribution of z."""

    mean: FloatArray
    """Of z, shape (k,)."""
    covariance: FloatArray
    """Of z, shape (k, k)."""


@lru_cache(maxsize=MAX_CONCEPTS)
def _identity(k: int) -> FloatArray:
    return np.eye(k)


def normal_of_sites(evidence: FloatArray, sites: FloatArray) -> Normal:
    """Return prior times sites: precision I + Σ τ a aᵀ, shift Σ η a."""
    slopes = evidence[:-2]
    tau, eta = sites
    precision = (slopes * tau) @ slopes.T
    precision += _identity(len(slopes))
    covariance = np.linalg.inv(precision)
    return Normal(covariance @ (slopes @ eta), covariance)


def new_site(column: FloatArray, normal: Normal) -> tuple[float, float]:
    """Return the site (τ, η) of an answer that has none yet.

    Args:
        column: The answer's evidence, shape (k + 2,).
        normal: All other answers': the site's cavity.
    """
    slopes = column[:-2]
    offset, floor = column[-2:].tolist()
    v = max(float(slopes @ normal.covariance @ slopes), _SMALLEST_VARIANCE)
    m = float(normal.mean @ slopes)
    tau, eta = _matched(m, v, logistic_moments_of_one(m + offset, math.sqrt(v)), floor)
    return float(tau), float(eta)


def with_site(normal: Normal, slopes: FloatArray, tau: float, eta: float) -> Normal:
    """Return `normal` times one more site along u = slopes · z, by a rank-one update."""
    towards = normal.covariance @ slopes
    share = 1.0 + tau * float(towards @ slopes)
    mean = normal.mean + ((eta - tau * float(normal.mean @ slopes)) / share) * towards
    return Normal(mean, normal.covariance - towards[:, None] * (tau / share * towards))


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
    precision = 1.0 / np.maximum(w, _SMALLEST_VARIANCE)
    sharpness = precision - tau
    guessed = any_of(floor)
    if guessed:
        prior = np.maximum(total_over(slopes * slopes, axis=0), _SMALLEST_VARIANCE)
        np.maximum(sharpness, (1.0 / WIDEST_CAVITY) / prior, out=sharpness)
    v = 1.0 / sharpness
    m = (normal.mean @ slopes * precision - eta) * v
    seen = logistic_moments(m + offset, np.sqrt(v))
    return np.array(_matched(m, v, seen, floor if guessed else None))


def _matched(m: Number, v: Number, curve: Number, floor: Number | None) -> tuple[Number, Number]:
    """Return τ and η that give the cavity N(m, v) the moments of cavity times likelihood.

    Args:
        m: Mean of u, one number or shape (t,), like all others.
        v: Variance of u.
        curve: E[L], E[L ζ] and E[L ζ²] of the logistic curve, ζ = (u - m) / √v.
        floor: None if no answer has one.
    """
    total, first, second = curve
    lowest: Number = 1.0
    if floor is not None:
        known = 1.0 - floor
        total, first, second = floor + known * total, known * first, floor + known * second
        lowest = 1.0 - 0.5 * (floor > 0.0)
    shift = first / total
    # The bound says what quadrature must not unsay: τ >= 0, or with a floor at most double v.
    sharper = np.maximum(1.0 / (second / total - shift * shift), lowest)
    excess = sharper - 1.0
    return excess / v, (excess * m + sharper * shift * np.sqrt(v)) / v


def is_proper(normal: Normal, sites: FloatArray) -> bool:
    """Say whether prior times sites, shape (2, t), is a distribution: only τ < 0 can prevent it."""
    if least(sites[0]) >= 0.0:
        return True
    try:
        np.linalg.cholesky(normal.covariance)
    except np.linalg.LinAlgError:
        return False
    return True
