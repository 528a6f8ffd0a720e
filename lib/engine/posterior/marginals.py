"""The posterior of several concepts beyond the normal approximation.

Propagation gives the best normal q; the true posterior is q times, for every answer, the ratio of
its likelihood to its site. Along one concept θⱼ the marginal is therefore

    p(θⱼ) ∝ q(θⱼ) E[∏ ratioᵢ | θⱼ].

`factorized.py` takes the answers one by one, which mostly is enough. Where it is not, up to five
dimensions are integrated all at once (`lattice_integration.py`); in more, propagation goes on along
each concept (`conditional_ep.py`). A single concept needs none of this (`one_concept.py`).
"""

import math
from collections.abc import Iterator
from itertools import islice

import numpy as np

from lib.engine.normal import FloatArray, any_of, largest, total_over
from lib.engine.posterior.conditional_ep import together
from lib.engine.posterior.factorized import Seen, apart, apart_and_paired
from lib.engine.posterior.grid import Grid, far_grid_for, grid_for, moments
from lib.engine.posterior.lattice_integration import integrated
from lib.engine.posterior.propagation import Normal

_PAIRS_SETTLED, _PAIRS_STILL = 0.002, 0.0002
"""Standard deviations. If pairs of answers move every mean and deviation by less than the first, no
more is said together; if not, that goes for those that they move by less than the second.
"""
_SETTLED = 0.02
"""Standard deviations. One more sweep that moves a mean and a deviation by less is the last."""
_MOST_SWEEPS = 3
_STEEP = 4.0
"""Logits per prior standard deviation. Steeper answers may leave a second mode between the points
of the usual grid, where pairs do not see it either, and marginals of odd shapes.
"""
_MOST_ALONG_ALL = 8  # concepts: to look along all of more takes too long
_FAR = 14.0  # posterior standard deviations


def posterior_moments(
    directions: FloatArray, evidence: FloatArray, sites: FloatArray, normal: Normal
) -> Normal:
    """Return mean and covariance of the directions · z under the true posterior.

    Args:
        directions: Shape (j, k).
        evidence: See `lib.engine.posterior.propagation`.
        sites: The sites of `normal`, shape (2, t).
        normal: Prior times sites.

    Returns:
        Shapes (j,) and (j, j). Where each marginal was found alone, correlations are the normal's.
    """
    slopes, offset, floor = evidence[:-2], evidence[-2], evidence[-1]
    steep = bool(largest(total_over(slopes * slopes, axis=0)) > _STEEP * _STEEP)
    if steep and (found := _all_at_once(directions, evidence, normal, steep=True)):
        return found
    along = directions @ normal.covariance
    covariance = along @ directions.T
    scale = np.sqrt(np.maximum(np.diagonal(covariance), 1e-300))
    pull = along @ slopes
    pull /= scale[:, None]
    spread = slopes.T @ normal.covariance @ slopes
    rest = np.maximum(np.diagonal(spread) - pull * pull, 0.0)
    seen = Seen(pull, rest, normal.mean @ slopes, offset, floor, sites)
    grid = grid_for(_steepest(spread))
    if not any_of(floor):
        mean, deviation = moments(apart(seen, grid.x), grid)
    else:
        both = moments(apart_and_paired(seen, spread, grid.x), grid, tails=True)
        (mean, deviation), moved = both[:, 1], largest(np.abs(both[:, 1] - both[:, 0]), axis=0)
        if largest(moved) >= _PAIRS_SETTLED:
            if not steep and (found := _all_at_once(directions, evidence, normal, steep=False)):
                return found
            matters = np.flatnonzero(moved >= _PAIRS_STILL)
            if steep and len(moved) <= _MOST_ALONG_ALL:
                matters, grid = np.arange(len(moved)), far_grid_for(_steepest(spread), _FAR)
            seen = seen._replace(pull=pull[matters], rest=rest[matters])
            towards = directions[matters] / scale[matters, None]
            further = together(seen, towards, slopes, normal, grid.x)
            mean[matters], deviation[matters] = _settled(further, grid)
    covariance *= deviation * deviation[:, None]
    covariance += covariance.T.copy()
    covariance *= 0.5
    return Normal(directions @ normal.mean + mean * scale, covariance)


def _all_at_once(
    directions: FloatArray, evidence: FloatArray, normal: Normal, *, steep: bool
) -> Normal | None:
    """Return `posterior_moments` by `integrated`, or None where that is."""
    found = integrated(evidence, normal, steep=steep)
    if found is None:
        return None
    return Normal(directions @ found.mean, directions @ found.covariance @ directions.T)


def _steepest(spread: FloatArray) -> float:
    """Return how much the steepest answer rises over a deviation of the normal, logits."""
    return math.sqrt(largest(np.diagonal(spread)))


def _settled(ever_better: Iterator[FloatArray], grid: Grid) -> FloatArray:
    """Return the moments of the first log ratio, each (j, g), that differs little from the last.

    Propagation given x that does not settle has gone astray at some x and seen too much there: then
    the least that the last two sweeps saw counts.
    """
    log_ratio = next(ever_better)
    found = moments(log_ratio, grid, tails=True)
    for nearer in islice(ever_better, _MOST_SWEEPS):
        before, found = found, moments(nearer, grid, tails=True)
        if float(largest(np.abs(found - before), axis=None)) < _SETTLED:
            return found
        earlier, log_ratio = log_ratio, nearer
    return moments(np.minimum(earlier, log_ratio), grid, tails=True)
