"""Posterior moments of several concepts, beyond the normal approximation.

Expectation propagation (EP) gives a normal approximation q; the exact posterior is q times, for
every answer, the ratio of its likelihood to its site. The marginal of one concept θⱼ is therefore

    p(θⱼ) ∝ q(θⱼ) E[∏ ratioᵢ | θⱼ].

`factorized.py` takes the expectation of each ratio separately, which is usually enough. Where it is
not, up to five dimensions are integrated jointly (`lattice_integration.py`); in more, EP continues
at each grid point of each concept (`conditional_ep.py`). A single concept needs none of this
(`one_concept.py`).
"""

import math
from collections.abc import Iterator
from itertools import islice

import numpy as np

from ..normal import FloatArray, any_of, largest, total_over
from .conditional_ep import conditional_log_ratios
from .factorized import (
    AnswerRegressions,
    independent_log_ratio,
    log_ratio_without_and_with_pairs,
)
from .grid import Grid, grid_for, moments, wide_grid_for
from .lattice_integration import integrate_on_lattices
from .propagation import Normal

_PAIRS_NEGLIGIBLE, _CONCEPT_UNAFFECTED = 0.002, 0.0002
"""Effects of the correction for pairs of answers, in standard deviations.

If it moves every mean and deviation by less than the first value, the corrected product is used for
all concepts; if not, only for those that it moves by less than the second value.
"""
_TOLERANCE = 0.02
"""Standard deviations; a sweep that moves every mean and deviation by less is the last."""
_MAX_SWEEPS = 3
_STEEP = 4.0
"""Logits per prior standard deviation above which an answer counts as steep.

Steep answers can leave irregular marginals, and a second mode between the points of the usual grid,
which the correction for pairs does not detect.
"""
_MAX_RECOMPUTED_CONCEPTS = 8
"""Number of concepts up to which steep answers cause all concepts to be recomputed by EP.

With more concepts that would take too long, and only those that the correction for pairs affects
are recomputed.
"""
_REACH = 14.0  # posterior standard deviations


def posterior_moments(
    directions: FloatArray, evidence: FloatArray, sites: FloatArray, normal: Normal
) -> Normal:
    """Return mean and covariance of directions · z under the posterior.

    Args:
        directions: Rows that map z to the concepts, shape (j, k).
        evidence: All answers, shape (k + 2, t); see `lib.engine.posterior.propagation`.
        sites: The sites of `normal`, shape (2, t).
        normal: Prior times sites.

    Returns:
        Shapes (j,) and (j, j). Unless all dimensions were integrated jointly, the correlations are
        those of `normal`.
    """
    slopes, offset, floor = evidence[:-2], evidence[-2], evidence[-1]
    steep = bool(largest(total_over(slopes * slopes, axis=0)) > _STEEP * _STEEP)
    if steep and (result := _jointly_integrated(directions, evidence, normal, steep=True)):
        return result
    projection = directions @ normal.covariance
    covariance = projection @ directions.T
    scale = np.sqrt(np.maximum(np.diagonal(covariance), 1e-300))
    loading = projection @ slopes
    loading /= scale[:, None]
    spread = slopes.T @ normal.covariance @ slopes
    residual_variance = np.maximum(np.diagonal(spread) - loading * loading, 0.0)
    regressions = AnswerRegressions(
        loading=loading,
        residual_variance=residual_variance,
        mean=normal.mean @ slopes,
        offset=offset,
        floor=floor,
        sites=sites,
    )
    grid = grid_for(_steepest(spread))
    if not any_of(floor):
        mean, deviation = moments(independent_log_ratio(regressions, grid.x), grid)
    else:
        by_method = moments(
            log_ratio_without_and_with_pairs(regressions, spread, grid.x), grid, tails=True
        )
        mean, deviation = by_method[:, 1]
        pair_effect = largest(np.abs(by_method[:, 1] - by_method[:, 0]), axis=0)
        if largest(pair_effect) >= _PAIRS_NEGLIGIBLE:
            if not steep and (
                result := _jointly_integrated(directions, evidence, normal, steep=False)
            ):
                return result
            affected = np.flatnonzero(pair_effect >= _CONCEPT_UNAFFECTED)
            if steep and len(pair_effect) <= _MAX_RECOMPUTED_CONCEPTS:
                affected = np.arange(len(pair_effect))
                grid = wide_grid_for(_steepest(spread), _REACH)
            regressions = regressions._replace(
                loading=loading[affected], residual_variance=residual_variance[affected]
            )
            unit_vectors = directions[affected] / scale[affected, None]
            estimates = conditional_log_ratios(regressions, unit_vectors, slopes, normal, grid.x)
            mean[affected], deviation[affected] = _converged_moments(estimates, grid)
    covariance *= deviation * deviation[:, None]
    covariance += covariance.T.copy()
    covariance *= 0.5
    return Normal(directions @ normal.mean + mean * scale, covariance)


def _jointly_integrated(
    directions: FloatArray, evidence: FloatArray, normal: Normal, *, steep: bool
) -> Normal | None:
    """Return `posterior_moments` by joint integration, or None if that is not accurate enough."""
    result = integrate_on_lattices(evidence, normal, steep=steep)
    if result is None:
        return None
    return Normal(directions @ result.mean, directions @ result.covariance @ directions.T)


def _steepest(spread: FloatArray) -> float:
    """Return the largest slope of an answer, logits per standard deviation of the normal."""
    return math.sqrt(largest(np.diagonal(spread)))


def _converged_moments(estimates: Iterator[FloatArray], grid: Grid) -> FloatArray:
    """Return the moments of the first estimate, shape (j, g), that agree with those before it.

    EP that does not converge has diverged at some x and reports too much mass there. In that case
    the pointwise minimum of the last two estimates is used.
    """
    log_ratio = next(estimates)
    result = moments(log_ratio, grid, tails=True)
    for estimate in islice(estimates, _MAX_SWEEPS):
        previous, result = result, moments(estimate, grid, tails=True)
        if float(largest(np.abs(result - previous), axis=None)) < _TOLERANCE:
            return result
        earlier, log_ratio = log_ratio, estimate
    return moments(np.minimum(earlier, log_ratio), grid, tails=True)
