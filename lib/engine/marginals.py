"""The marginal of each concept beyond the normal approximation.

Propagation gives the best normal q; the true posterior is q times, for every answer, the ratio of
its likelihood to its site. Along one concept θⱼ the marginal is therefore

    p(θⱼ) ∝ q(θⱼ) E[∏ ratioᵢ | θⱼ].

lib.engine.apart takes the answers one by one, lib.engine.conditional together. A single concept
needs none of this (lib.engine.single).
"""

import math
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from lib.engine.apart import Seen, apart, apart_and_paired
from lib.engine.conditional import together
from lib.engine.grid import Grid, far_grid_for, grid_for, moments
from lib.engine.normal import FloatArray, any_of, largest, total_over
from lib.engine.propagation import Normal

_PAIRS_SETTLED, _PAIRS_STILL = 0.002, 0.0002
"""Standard deviations. If pairs of answers move every mean and deviation by less than the first, no
more is said together; if not, that goes for those that they move by less than the second.
"""
_SETTLED = 0.02
"""Standard deviations. One more sweep that moves a mean and a deviation by less is the last."""
_MOST_SWEEPS = 3
_STEEP, _FEW = 5.0, 8
"""Logits per prior standard deviation, and concepts. Steeper answers may leave a second mode
between the points of the usual grid where pairs do not see it either. With more concepts to look
for it along all of them would take too long.
"""
_FAR = 14.0  # posterior standard deviations


class Marginals(NamedTuple):
    """Of the directions, in their units."""

    mean: FloatArray
    """Shape (j,)."""
    covariance: FloatArray
    """Shape (j, j): the true posterior's deviations, the normal's correlations."""


def marginal_moments(
    directions: FloatArray, evidence: FloatArray, sites: FloatArray, normal: Normal
) -> Marginals:
    """Return the moments of the directions · z under the true posterior.

    Args:
        directions: Shape (j, k).
        evidence: See `lib.engine.propagation`.
        sites: The sites of `normal`, shape (2, t).
        normal: Prior times sites.
    """
    slopes, offset, floor = evidence[:-2], evidence[-2], evidence[-1]
    along = directions @ normal.covariance
    covariance = along @ directions.T
    scale = np.sqrt(np.maximum(np.diagonal(covariance), 1e-300))
    pull = along @ slopes
    pull /= scale[:, None]
    spread = slopes.T @ normal.covariance @ slopes
    rest = np.maximum(np.diagonal(spread) - pull * pull, 0.0)
    seen = Seen(pull, rest, normal.mean @ slopes, offset, floor, sites)
    if any_of(floor):
        towards = directions / scale[:, None]
        mean, deviation = _where_guessed(seen, spread, towards, slopes, normal)
    else:
        grid = grid_for(_steepest(spread))
        mean, deviation = moments(apart(seen, grid.x), grid)
    covariance *= deviation * deviation[:, None]
    covariance += covariance.T.copy()
    covariance *= 0.5
    return Marginals(directions @ normal.mean + mean * scale, covariance)


def _steepest(spread: FloatArray) -> float:
    """Return how much the steepest answer rises over a deviation of the normal, logits."""
    return math.sqrt(largest(np.diagonal(spread)))


def _where_guessed(
    seen: Seen, spread: FloatArray, towards: FloatArray, slopes: FloatArray, normal: Normal
) -> FloatArray:
    """Return mean and deviation of each standardised direction `towards`, shape (2, j).

    Args:
        seen: The answers, of which some can be guessed.
        spread: Covariance of the answers' u, shape (t, t).
        towards: Shape (j, k).
        slopes: Shape (k, t).
        normal: Of z.
    """
    grid = grid_for(_steepest(spread))
    alone, paired = moments(apart_and_paired(seen, spread, grid.x), grid, tails=True).swapaxes(0, 1)
    moved = largest(np.abs(paired - alone), axis=0)
    if largest(moved) < _PAIRS_SETTLED:
        return np.asarray(paired)
    matters = np.flatnonzero(moved >= _PAIRS_STILL)
    if len(moved) <= _FEW and largest(total_over(slopes * slopes, axis=0)) > _STEEP * _STEEP:
        matters, grid = np.arange(len(moved)), far_grid_for(_steepest(spread), _FAR)
    seen = seen._replace(pull=seen.pull[matters], rest=seen.rest[matters])
    further = together(seen, towards[matters], slopes, normal, grid.x)
    paired[:, matters] = _settled(further, grid)
    return np.asarray(paired)


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
