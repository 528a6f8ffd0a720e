"""Marginal density of one concept by expectation propagation (EP) over all the others.

`factorized.py` multiplies E[ratioᵢ | θⱼ] as if the ratios were uncorrelated. With guessing they may
not be: such a likelihood is not log-concave, so the posterior can have two modes, whose weights
change with θⱼ. Here EP continues at every grid point of θⱼ, over the other concepts and sweep by
sweep; its normalising constant is the marginal density.

Shapes are in j concepts, t answers, g grid points of θⱼ and k dimensions of z.

Source: Cseke & Heskes (2011), JMLR 12, "EP-1STEP" and "EP-FULL"; Rue, Martino & Chopin (2009).
"""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from ..logistic_integrals import curve_moments, hermite_node_count
from ..normal import FloatArray, SingleArray, total_over
from .factorized import AnswerRegressions
from .propagation import WIDEST_CAVITY, Normal

_SMALLEST_PIVOT = 0.05  # relative to the precision matrix before the sweep
_LARGEST_ENTRY = np.float32(1e12)  # a larger one in an inverse means that the elimination diverged
_SMALLEST_VARIANCE = np.float32(1e-9)  # variance, logits²
_ONE, _TWO = np.float32(1.0), np.float32(2.0)

Moments = Callable[[SingleArray, SingleArray], SingleArray]
"""Function from cavities' means and variances, shape (j, t, g), to E[f], E[f ζ] and E[f ζ²], shape
(3, j, t, g)."""


class ConditionalNormal(NamedTuple):
    """Distribution of the answers' u = slopes · z given the standardised concept x, at g points.

    u is its mean plus b · ξ, with ξ standard normal in the k - 1 other directions.
    """

    mean: FloatArray
    """Mean of u, shape (j, t, g)."""
    loadings: FloatArray
    """Loadings b of u on ξ, shape (j, t, k - 1)."""
    prior: FloatArray
    """Variance of u before any answer, shape (t,)."""


def other_directions(directions: FloatArray, factor: FloatArray) -> FloatArray:
    """Return the components of each row of `factor` orthogonal to each direction.

    The Householder reflection that maps the first axis to the unit vector directions[j] maps the
    other axes to a basis of its orthogonal complement.

    Args:
        directions: Unit vectors, shape (j, k).
        factor: Loadings on all directions, shape (t, k).

    Returns:
        Loadings b on the complements, shape (j, t, k - 1).
    """
    axis = directions.copy()
    axis[:, 0] += np.where(directions[:, 0] < 0, -1.0, 1.0)
    projection = 2.0 * (axis @ factor.T) / np.square(axis).sum(axis=1)[:, None]
    return np.asarray(factor[None, :, 1:] - projection[:, :, None] * axis[:, None, 1:])


def conditional_log_ratios(
    regressions: AnswerRegressions,
    directions: FloatArray,
    slopes: FloatArray,
    normal: Normal,
    x: FloatArray,
) -> Iterator[FloatArray]:
    """Yield estimates of log E[∏ ratio | x], shape (j, g), each after one more sweep of EP.

    Args:
        regressions: Regressions of the answers on the standardised concepts.
        directions: Unit vectors of those concepts in z, shape (j, k).
        slopes: Slopes of the answers on z, shape (k, t).
        normal: Normal approximation of z.
        x: Grid points, shape (g,).
    """
    tau, eta = regressions.sites
    factor = np.linalg.cholesky(normal.covariance)
    conditional = ConditionalNormal(
        regressions.mean[None, :, None] + regressions.loading[:, :, None] * x,
        other_directions(directions @ factor, slopes.T @ factor),
        total_over(slopes * slopes, axis=0),
    )
    # Far from the posterior's centre, cavities can be wider, but hold little of the density.
    variance = regressions.residual_variance
    nodes = hermite_node_count(variance / np.maximum(1.0 - tau * variance, 0.5), 3)
    floor = regressions.floor.astype(np.float32)[:, None]
    offset = regressions.offset.astype(np.float32)[:, None]
    one_minus_floor = _ONE - floor

    def moments(mean: SingleArray, variance: SingleArray) -> SingleArray:
        mean += offset
        curve = curve_moments(mean, variance, nodes, 3)
        curve *= one_minus_floor
        curve[::2] += floor
        return curve

    # Log sites at the mean of u, m + l x: -½ τ (m + l x)² + η (m + l x), up to a constant.
    log_sites_at_mean = (0.5 * (regressions.loading * regressions.loading) @ tau)[:, None] * x * x
    log_sites_at_mean += (regressions.loading @ (tau * regressions.mean - eta))[:, None] * x
    for log_evidence in ep_estimates(conditional, regressions.floor, regressions.sites, moments):
        yield log_evidence + log_sites_at_mean


def ep_estimates(
    conditional: ConditionalNormal, floor: FloatArray, sites: FloatArray, moments: Moments
) -> Iterator[FloatArray]:
    """Yield estimates of log E[∏ f / site | x], shape (j, g), each after one more sweep.

    The first estimate treats the answers as uncorrelated. EP's normalising constant is stationary
    in the sites, so the second estimate is usually as good as any later one. The sites' values at
    the mean of u are left out; `conditional_log_ratios` adds them.

    Args:
        conditional: Normal approximation given x.
        floor: Floors of the answers' likelihoods f, shape (t,).
        sites: τ and η of the answers, shape (2, t).
        moments: Function that integrates the likelihoods.
    """
    b = conditional.loadings.astype(np.float32)
    u = conditional.mean.astype(np.float32)
    squares = (b[:, :, :, None] * b[:, :, None, :]).reshape(*b.shape[:2], -1)
    tau, eta = sites.astype(np.float32)[:, None, :, None]
    site_shift = eta - tau * u  # η of the sites as functions of y = u - mean
    largest_ratio = np.where(floor > 0.0, _TWO, _ONE)[:, None]
    prior_precision = np.float32(1.0) / np.maximum(conditional.prior, _SMALLEST_VARIANCE).astype(
        np.float32
    )
    smallest_precision = (prior_precision / np.float32(WIDEST_CAVITY))[:, None]
    precision = 1.0 / np.maximum(total_over(b * b, axis=2), _SMALLEST_VARIANCE)[:, :, None]
    tau_now, eta_now = tau, site_shift
    marginal_shift = log_normaliser = np.float32(0.0)
    while True:
        cavity_precision = np.maximum(precision - tau_now, smallest_precision)
        v = 1.0 / cavity_precision
        m = (marginal_shift - eta_now) * v
        total, first, second = moments(u + m, v)
        # Expectation of each likelihood over that of its site, under the cavity N(m, v) of y.
        combined = np.maximum(cavity_precision + tau_now, precision)
        ratio = 2.0 * np.log(total) + (np.log(combined * v) + m * m * cavity_precision)
        ratio -= marginal_shift * marginal_shift / combined
        yield np.asarray(0.5 * (total_over(ratio, axis=1) + log_normaliser), float)
        first /= total
        second /= total
        second -= first * first
        np.minimum(np.maximum(second, _SMALLEST_VARIANCE, out=second), largest_ratio, out=second)
        new_precision = cavity_precision / second
        tau_now = new_precision - cavity_precision
        eta_now = new_precision * (m + np.sqrt(v) * first) - m * cavity_precision
        inverse, log_determinant = _inverse((tau_now - tau).transpose(0, 2, 1) @ squares)
        xi_shift = (eta_now - site_shift).transpose(0, 2, 1) @ b
        xi_mean = (inverse.reshape(*xi_shift.shape, -1) @ xi_shift[..., None])[..., 0]
        log_normaliser = total_over(xi_shift * xi_mean, axis=2) - log_determinant
        variance = squares @ inverse.transpose(0, 2, 1)
        precision = 1.0 / np.maximum(variance, _SMALLEST_VARIANCE, out=variance)
        marginal_shift = precision * (b @ xi_mean.transpose(0, 2, 1))


def _inverse(change: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (I + change)⁻¹, flattened like `change`, (j, g, r²), and log det(I + change), (j, g).

    Gauss-Jordan elimination without row exchanges, on all matrices at once. A pivot below
    `_SMALLEST_PIVOT` is raised to it. Where an entry still exceeds `_LARGEST_ENTRY`, the identity
    matrix is returned.
    """
    j, g, size = change.shape
    r = math.isqrt(size)
    rows = np.ascontiguousarray(change.transpose(2, 0, 1)).reshape(r, r, -1)
    rows[range(r), range(r)] += 1.0
    pivots = np.empty((r, j * g), change.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for p in range(r):
            pivot = np.maximum(rows[p, p], _SMALLEST_PIVOT, out=pivots[p])
            row = rows[p] / pivot
            row[p] = 1.0 / pivot
            column = rows[:, p].copy()
            column[p] = 0.0
            rows[:, p] = 0.0
            rows -= column[:, None] * row
            rows[p] = row
        diverged = ~(np.abs(rows) < _LARGEST_ENTRY).all(axis=(0, 1))  # NaN counts
    if diverged.any():
        rows[:, :, diverged] = np.eye(r, dtype=change.dtype)[:, :, None]
        pivots[:, diverged] = 1.0
    flat = rows.reshape(size, j, g).transpose(1, 2, 0)
    return flat, total_over(np.log(pivots), axis=0).reshape(j, g)
