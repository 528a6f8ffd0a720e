"""The marginal of each concept beyond the normal approximation.

Propagation gives the best normal q; the true posterior is q times, for every answer, the ratio of
its likelihood to its site. Along one concept θⱼ the marginal is therefore

    p(θⱼ) ∝ q(θⱼ) E[∏ ratioᵢ | θⱼ] ≈ q(θⱼ) ∏ E[ratioᵢ | θⱼ],

each factor a one-dimensional integral because ratioᵢ depends on θ only through uᵢ. The sole
approximation is that the ratios, all near one, are uncorrelated given θⱼ. Where answers can be
guessed they are not, and lib.engine.conditional takes their product together. A single concept
needs none of this (lib.engine.single).

Source: Cseke & Heskes (2011), JMLR 12, "EP-FACT".
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

import numpy as np

from lib.engine.conditional import Conditional, estimates, other_directions
from lib.engine.normal import FloatArray, SingleArray, any_of, largest, total_over
from lib.engine.propagation import Normal

_REACH = 9.0  # posterior standard deviations; guessing makes long tails
_BEND = 2.5  # within it the grid is nearly even, beyond it ever wider
_TAIL = 3.0
_STEP = 0.75
_STEP_LOGITS = 2.25  # largest step along the steepest answer
_FINEST = 0.01  # 150 logits a standard deviation: the response curve is a step
_UNSEEN = 0.01
_LARGEST_EXPONENT = np.float32(80.0)  # exp(88) is the largest in single precision
_NODES = ((1e-3, 1), (1.5, 5), (2.25, 7), (4.0, 9), (6.25, 13), (10.0, 19), (np.inf, 31))
"""Up to which variance, logits², how many nodes leave E[likelihood] wrong by less than 0.15 %."""
_SETTLED = 0.02
"""Standard deviations. One more sweep that moves a mean and a deviation by less is the last."""
_MOST_SWEEPS = 3
_NODES_OF_MOMENTS = 5  # for E[L z²] too: a single node, at z = 0, would make it nothing


class Marginals(NamedTuple):
    """Each of shape (j,), in the units of the direction."""

    mean: FloatArray
    deviation: FloatArray
    correction: FloatArray
    """`deviation` over that of the normal approximation."""


Grid = tuple[FloatArray, FloatArray, FloatArray]
"""Points x, log dx/dt and the columns 1, x and x²; see `_grid`."""


@lru_cache(maxsize=16)
def _grid(step: float) -> Grid:
    """Return points x, standard deviations; log dx/dt; and the columns 1, x and x².

    The trapezoid rule in t, where x = bend · sinh(t / bend). The last column is scaled so that a
    standard normal has variance 1 on this very grid: an answer changes nothing it says nothing of.
    """
    half = np.ceil(_BEND * np.arcsinh(_REACH / _BEND) / step)
    t = np.arange(-half, half + 1) * (step / _BEND)
    x = _BEND * np.sinh(t)
    density = np.cosh(t) * np.exp(-0.5 * x * x)
    unit = float(density @ (x * x) / density.sum())  # 1 but for rounding
    return x, np.log(np.cosh(t)), np.stack([np.ones_like(x), x, x * x / unit], axis=1)


def grid_for(steepest: float, step: float = _STEP, step_logits: float = _STEP_LOGITS) -> Grid:
    """Return a grid for answers that rise by up to `steepest` logits per standard deviation."""
    while steepest * step > step_logits and step > _FINEST:
        step *= 0.5
    return _grid(step)


@lru_cache(maxsize=4)
def _hermite(nodes: int) -> tuple[SingleArray, SingleArray]:
    """Return nodes z of the standard normal distribution, and weights times 1, z and z²."""
    z, weight = np.polynomial.hermite_e.hermegauss(nodes)
    weight /= weight.sum()
    return z.astype(np.float32), np.stack([weight, weight * z, weight * z * z]).astype(np.float32)


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
    slopes = evidence[:-2]
    projected = normal.covariance @ slopes
    spread = total_over(slopes * projected, axis=0)
    moved = directions @ normal.covariance
    scale = np.sqrt(np.maximum(total_over(moved * directions, axis=1), 1e-300))
    pull = (directions @ projected) / scale[:, None]
    rest = np.maximum(spread - pull * pull, 0.0)
    centre = normal.mean @ slopes
    grid = grid_for(float(largest(spread)) ** 0.5)
    if any_of(evidence[-1]):
        towards = directions / scale[:, None]
        ever_better = _together(towards, pull, rest, centre, grid[0], evidence, sites, normal)
        mean, deviation = _settled(ever_better, grid)
    else:
        mean, deviation = _moments(_apart(pull, rest, centre, grid[0], evidence[-2], sites), grid)
    return Marginals(directions @ normal.mean + mean * scale, deviation * scale, deviation)


def _settled(ever_better: Iterator[FloatArray], grid: Grid) -> FloatArray:
    """Return the moments of the first log ratio, each (j, g), that differs little from the last.

    Propagation given x that does not settle has gone astray at some x and seen too much there: then
    the least that the last two sweeps saw counts.
    """
    log_ratio = next(ever_better)
    found = _moments(log_ratio, grid, tails=True)
    for nearer in islice(ever_better, _MOST_SWEEPS):
        before, found = found, _moments(nearer, grid, tails=True)
        if float(largest(np.abs(found - before), axis=None)) < _SETTLED:
            return found
        earlier, log_ratio = log_ratio, nearer
    return _moments(np.minimum(earlier, log_ratio), grid, tails=True)


def _moments(log_ratio: FloatArray, grid: Grid, *, tails: bool = False) -> FloatArray:
    """Return mean and deviation, (2, j), of the standard normal times each ratio, (j, g)."""
    x, log_jacobian, powers = grid
    log_density = log_ratio + (log_jacobian - 0.5 * x * x)
    if tails:
        _let_no_tail_rise(log_density, x)
    log_density -= largest(log_density, axis=1, keepdims=True)
    total, first, second = powers.T @ np.exp(log_density, out=log_density).T
    mean = first / total
    variance = second / total - mean * mean
    # So much narrower than the normal that the grid cannot see it: only absurdly steep answers.
    unseen = variance < _UNSEEN
    mean[unseen], variance[unseen] = 0.0, 1.0
    return np.array((mean, np.sqrt(variance)))


def _let_no_tail_rise(log_density: FloatArray, x: FloatArray) -> None:
    """Make the density, (j, g), fall from `_TAIL` deviations outwards.

    Far from where the evidence puts it, propagation given x can go astray and see mass that is not
    there.
    """
    tail = int(np.searchsorted(x, _TAIL))
    for outwards in (log_density[:, tail:], log_density[:, len(x) - tail - 1 :: -1]):
        np.minimum.accumulate(outwards, axis=1, out=outwards)


def _apart(
    pull: FloatArray,
    rest: FloatArray,
    centre: FloatArray,
    x: FloatArray,
    offset: FloatArray,
    sites: FloatArray,
) -> FloatArray:
    """Return Σ log E[ratioᵢ | x], shape (j, g), for answers that cannot be guessed."""
    tau, eta = sites
    share = np.maximum(1.0 - tau * rest, 1e-3)
    # Site and normal along uᵢ given x: log ratio = ½ bend x² + tilt x, x in standard deviations.
    per_share = pull / share
    bend = (per_share * pull) @ tau
    tilt = total_over(per_share * (tau * centre - eta), axis=1)
    mean = ((centre - eta * rest) / share + offset)[:, :, None] + per_share[:, :, None] * x
    variance = (rest / share)[:, :, None]
    curve = _curve_moments(
        mean.astype(np.float32), variance.astype(np.float32), _nodes_for(variance), 1
    )
    log_density = (0.5 * bend)[:, None] * x
    log_density += tilt[:, None]
    log_density *= x
    log_density += total_over(np.log(curve[0].astype(float)), axis=1)
    return np.asarray(log_density)


def _together(
    directions: FloatArray,
    pull: FloatArray,
    rest: FloatArray,
    centre: FloatArray,
    x: FloatArray,
    evidence: FloatArray,
    sites: FloatArray,
    normal: Normal,
) -> Iterator[FloatArray]:
    """Yield log E[∏ ratioᵢ | x], shape (j, g), by ever more propagation given x.

    The directions are scaled to a variance of 1 under the normal.
    """
    slopes, offset, floor = evidence[:-2], evidence[-2], evidence[-1]
    tau, eta = sites
    factor = np.linalg.cholesky(normal.covariance)
    cavity = rest / np.maximum(1.0 - tau * rest, 0.5)
    given = Conditional(
        centre[None, :, None] + pull[:, :, None] * x,
        other_directions(directions @ factor, slopes.T @ factor),
        total_over(slopes * slopes, axis=0),
    )

    # Far from the posterior's centre cavities are wider, but little of the density is there.
    nodes = max(_nodes_for(cavity), _NODES_OF_MOMENTS)
    rest_of_floor = (1.0 - floor).astype(np.float32)[:, None]
    floors, offsets = floor.astype(np.float32)[:, None], offset.astype(np.float32)[:, None]

    def moments(mean: SingleArray, variance: SingleArray) -> SingleArray:
        mean += offsets
        curve = _curve_moments(mean, variance, nodes, 3)
        curve *= rest_of_floor
        curve[::2] += floors
        return curve

    # The sites at the mean of u: -½ τ (c + p x)² + η (c + p x) but for a constant.
    at_mean = (0.5 * (pull * pull) @ tau)[:, None] * x * x
    at_mean += total_over(pull * (tau * centre - eta), axis=1)[:, None] * x
    for log_evidence in estimates(given, floor, sites, moments):
        yield log_evidence + at_mean


def _nodes_for(variance: FloatArray) -> int:
    widest = float(largest(variance, axis=None))
    return next(nodes for limit, nodes in _NODES if widest <= limit)


def _curve_moments(mean: SingleArray, variance: SingleArray, nodes: int, count: int) -> SingleArray:
    """Return E[L], E[L z] and E[L z²] of the logistic curve L, the first `count` of them.

    Its argument is mean + √variance z, with mean of shape (j, t, g) and variance of that shape or
    (j, t, 1); the result has shape (count, j, t, g).
    """
    # The node comes first, so that additions run along x; single precision is ample here.
    z, weights = _hermite(nodes)
    around = z[:, None, None, None] * -np.sqrt(variance)
    around = around - mean
    np.minimum(around, _LARGEST_EXPONENT, out=around)
    np.exp(around, out=around)
    around += np.float32(1.0)
    np.reciprocal(around, out=around)
    moments = weights[:count] @ around.reshape(len(z), -1)
    return np.asarray(moments.reshape(count, *mean.shape))
