"""Marginal density of one concept, as a product over answers with a correction for pairs.

Given the standardised concept x, an answer's u = slopes · z is normal under the approximation.
Dividing that normal by the answer's site gives its cavity. The expectation of likelihood over site
under the normal is a one-dimensional integral, the *ratio*. The product of the ratios is exact if
the answers are uncorrelated given x. Without guessing the product is accurate enough.

With guessing, the product needs a correction for each pair of answers. Let y be u given x,
standardised, and let exp(g y - ½ h y²) be the normal factor by which cavity times site must be
multiplied to have the moments of cavity times likelihood; g is its *gradient*, h its *curvature*.
To second order in the correlations r between the y of two answers, the product of the ratios is too
small by the factor exp(Σ r g g' + ½ r² h h'), with the sum over pairs of answers.

Shapes are in j concepts, t answers, and g points x.

Source: Cseke & Heskes (2011), JMLR 12, "EP-FACT"; Opper, Paquet & Winther (2013), JMLR 14.
"""

from typing import NamedTuple

import numpy as np

from ..logistic_integrals import curve_moments, hermite_node_count
from ..normal import FloatArray, SingleArray

_SMALLEST_VARIANCE = 1e-12  # variance given x, logits²
_SMALLEST_SHARE = 1e-3  # Var[u | x] over the cavity's variance
_SMALLEST_RELATIVE_VARIANCE = np.float32(1e-9)  # relative to the cavity's variance
_HALF, _ONE, _TWO = np.float32(0.5), np.float32(1.0), np.float32(2.0)


class AnswerRegressions(NamedTuple):
    """Linear regressions of the answers' u = slopes · z on j directions x, each standardised.

    The joint distribution of u and x is the normal approximation of the posterior.
    """

    loading: FloatArray
    """Slope of E[u | x] in x, shape (j, t)."""
    residual_variance: FloatArray
    """Var[u | x], shape (j, t)."""
    mean: FloatArray
    """E[u], shape (t,)."""
    offset: FloatArray
    """Offsets of the answers, shape (t,); see `lib.engine.posterior.propagation`."""
    floor: FloatArray
    """Floors of the answers, shape (t,)."""
    sites: FloatArray
    """τ and η of the answers, shape (2, t)."""


class _Cavities(NamedTuple):
    share: FloatArray
    """Var[u | x] over the cavity's variance, shape (j, t)."""
    mean: SingleArray
    """Mean of the logistic curve's argument under the cavity, shape (j, t, g)."""
    log_ratio: FloatArray
    """Σ log of the integral of normal over site, up to a constant, shape (j, g)."""


def independent_log_ratio(regressions: AnswerRegressions, x: FloatArray) -> FloatArray:
    """Return Σ log ratio at the points x, shape (j, g), for items without guessing."""
    share, mean, log_ratio = _cavities(regressions, x)
    (curve,) = _logistic_moments(mean, regressions.residual_variance / share, 1)
    log_ratio += _sum_over_answers(np.log(curve, out=curve))
    return log_ratio


def log_ratio_without_and_with_pairs(
    regressions: AnswerRegressions, covariance: FloatArray, x: FloatArray
) -> FloatArray:
    """Return Σ log ratio at the points x, first without and then with the correction for pairs.

    Args:
        regressions: Regressions of the answers, some of them to items with guessing.
        covariance: Covariance of the answers' u, shape (t, t).
        x: Points, shape (g,).

    Returns:
        Shape (2, j, g).
    """
    share, mean, log_ratio = _cavities(regressions, x)
    likelihood, shift, relative_variance = _tilted_moments(
        mean, regressions.residual_variance / share, regressions.floor
    )
    log_ratio += _sum_over_answers(np.log(likelihood, out=likelihood))
    share_32 = share.astype(np.float32)[:, :, None]
    curvature = share_32 / relative_variance
    curvature -= _ONE
    gradient = np.sqrt(share_32) * shift
    gradient -= _site_gradients(regressions, x)
    gradient /= relative_variance
    log_ratios = np.empty((2, *log_ratio.shape))
    log_ratios[0] = log_ratio
    np.add(
        log_ratio,
        _pair_terms(gradient, curvature, _correlations(regressions, covariance)),
        out=log_ratios[1],
    )
    return log_ratios


def _cavities(regressions: AnswerRegressions, x: FloatArray) -> _Cavities:
    tau, eta = regressions.sites
    share = np.maximum(1.0 - tau * regressions.residual_variance, _SMALLEST_SHARE)
    per_share = regressions.loading / share
    # The log of the integral of normal over site is quadratic in x; its constant is left out.
    log_ratio = (0.5 * ((per_share * regressions.loading) @ tau))[:, None] * x
    log_ratio += (per_share @ (tau * regressions.mean - eta))[:, None]
    log_ratio *= x
    mean = (regressions.mean - eta * regressions.residual_variance) / share + regressions.offset
    return _Cavities(share, _linear(mean, per_share, x), log_ratio)


def _tilted_moments(
    mean: SingleArray, variance: FloatArray, floor: FloatArray
) -> tuple[SingleArray, SingleArray, SingleArray]:
    """Return moments of the tilted distributions, cavity times likelihood.

    Returns:
        The expected likelihood; the tilted mean minus the cavity's, in the cavity's standard
        deviations; and the tilted variance over the cavity's, which is at most 1 without a floor
        and is cut off at 2 with one. Each of shape (j, t, g).
    """
    likelihood, shift, relative_variance = _logistic_moments(mean, variance, 3)
    f = floor.astype(np.float32)[:, None]
    likelihood *= _ONE - f
    likelihood += f
    rescaling = (_ONE - f) / likelihood
    shift *= rescaling
    relative_variance *= rescaling
    relative_variance += f / likelihood
    relative_variance -= shift * shift
    np.maximum(relative_variance, _SMALLEST_RELATIVE_VARIANCE, out=relative_variance)
    np.minimum(relative_variance, np.where(f > 0.0, _TWO, _ONE), out=relative_variance)
    return likelihood, shift, relative_variance


def _site_gradients(regressions: AnswerRegressions, x: FloatArray) -> SingleArray:
    """Return the derivatives of the log sites with respect to y at y = 0, shape (j, t, g)."""
    tau, eta = regressions.sites
    deviation = np.sqrt(regressions.residual_variance)
    return _linear(
        deviation * (eta - tau * regressions.mean), -tau * deviation * regressions.loading, x
    )


def _correlations(regressions: AnswerRegressions, covariance: FloatArray) -> SingleArray:
    """Return the correlations of the answers' u given x, with a zero diagonal, shape (j, t, t)."""
    inverse = 1.0 / np.sqrt(np.maximum(regressions.residual_variance, _SMALLEST_VARIANCE))
    scaled = regressions.loading * inverse
    r = covariance * inverse[:, :, None]
    r *= inverse[:, None, :]
    r -= scaled[:, :, None] * scaled[:, None, :]
    j, t = inverse.shape
    r.reshape(j, -1)[:, :: t + 1] = 0.0
    return r.astype(np.float32)


def _pair_terms(gradient: SingleArray, curvature: SingleArray, r: SingleArray) -> SingleArray:
    """Return Σ over pairs of r g g' + ½ r² h h', one value for each direction and point."""
    terms = r @ gradient
    terms *= gradient
    np.square(r, out=r)
    curvature_terms = r @ curvature
    curvature_terms *= curvature
    curvature_terms *= _HALF
    terms += curvature_terms
    return _HALF * _sum_over_answers(terms)


def _logistic_moments(mean: SingleArray, variance: FloatArray, count: int) -> SingleArray:
    single = variance.astype(np.float32)[:, :, None]
    return curve_moments(mean, single, hermite_node_count(variance, count), count)


def _linear(constant: FloatArray, slope: FloatArray, x: FloatArray) -> SingleArray:
    """Return constant + slope · x, shape (j, t, g), for constants and slopes of shape (j, t)."""
    line = slope.astype(np.float32)[:, :, None] * x.astype(np.float32)
    line += constant.astype(np.float32)[:, :, None]
    return np.asarray(line)


def _sum_over_answers(values: SingleArray) -> SingleArray:
    """Return the sum over the second axis of values (j, t, g), shape (j, g).

    A matrix product is faster than numpy's reduction over a middle axis.
    """
    ones = np.ones((1, values.shape[1]), np.float32)
    return np.asarray((ones @ values)[:, 0])
