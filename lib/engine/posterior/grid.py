"""Integration grids for the density of one concept, and the moments computed on them."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..normal import FloatArray, largest

_REACH = 9.0  # posterior standard deviations; guessing makes long tails
_EVEN_WITHIN = 2.5  # standard deviations; steps are nearly equal within it and grow outside
_TAIL = 3.0  # standard deviations
_STEP = 0.75  # standard deviations
_STEP_LOGITS = 2.25  # largest step along the steepest answer
_FINE_STEP_LOGITS = 1.5  # the same, on fine and wide grids
_SHORTEST_STEP, _WIDEST_STEP = 0.05, 1.5  # standard deviations, in the tails of a wide grid
_MAX_STEPS = 250  # on either side
_TRANSITION = 12.0  # steps from the middle after which half of the growth in step size has happened
_FINEST = 0.01  # at 150 logits per standard deviation the response curve is a step function
_SMALLEST_VARIANCE = 0.01  # variance of the density relative to the normal's


class Grid(NamedTuple):
    """Points x = x(t) of the trapezoid rule with equal steps in the variable t."""

    x: FloatArray
    """Points, standard deviations from the mean, shape (g,)."""
    log_jacobian: FloatArray
    """log dx/dt, shape (g,)."""
    log_normal: FloatArray
    """log dx/dt - x²/2, shape (g,)."""
    powers: FloatArray
    """Columns 1, x and x², shape (g, 3)."""
    tail: int
    """Index of the first point at `_TAIL` or beyond."""


def grid_for(steepest: float) -> Grid:
    """Return a grid for answers with slopes of up to `steepest` logits per standard deviation."""
    step = _STEP
    while steepest * step > _STEP_LOGITS and step > _FINEST:
        step *= 0.5
    return _sinh_grid(step)


def fine_grid_for(steepest: float) -> Grid:
    """Return a grid with a step of at most `_STEP` / 2 and at most 1.5 logits.

    For extreme slopes, halving ends at the first step below `_FINEST`.
    """
    step = 0.5 * _STEP
    while steepest * step > _FINE_STEP_LOGITS and step > _FINEST:
        step *= 0.5
    return _sinh_grid(step)


def wide_grid_for(steepest: float, reach: float) -> Grid:
    """Return a grid that also resolves a second mode, up to `reach` from the mean.

    Its steps are at most 1.5 logits, as in `fine_grid_for`, but in the tails no shorter than
    `_SHORTEST_STEP`, and it ends after `_MAX_STEPS`, which bounds its size for extreme slopes.

    Args:
        steepest: Largest slope, logits per standard deviation.
        reach: Standard deviations.
    """
    step = min(max(_FINE_STEP_LOGITS / max(steepest, _FINEST), _SHORTEST_STEP), _WIDEST_STEP)
    end = min(reach, _MAX_STEPS * step)
    return _even_tailed_grid(math.floor(4 * math.log2(step)), math.ceil(2 * math.log2(end)))


@lru_cache(maxsize=16)
def _sinh_grid(step: float) -> Grid:
    """Return the grid x = e · sinh(t / e), e = `_EVEN_WITHIN`, with this step in t."""
    half = math.ceil(_EVEN_WITHIN * math.asinh(_REACH / _EVEN_WITHIN) / step)
    t = np.arange(-half, half + 1) * (step / _EVEN_WITHIN)
    return _grid(_EVEN_WITHIN * np.sinh(t), np.cosh(t))


@lru_cache(maxsize=512)
def _even_tailed_grid(widest: int, end: int) -> Grid:
    """Return a grid whose steps grow from `_STEP` / 2 to 2^(widest / 4), out to 2^(end / 2)."""
    far = 2.0 ** (0.25 * widest)
    rise = max(far - 0.5 * _STEP, 0.0)
    half = math.ceil(2.0 ** (0.5 * end) / far + 0.5 * math.pi * _TRANSITION * rise / far)
    t = np.arange(-half, half + 1.0)
    x = far * t - rise * _TRANSITION * np.arctan(t / _TRANSITION)
    return _grid(x, far - rise / (1.0 + np.square(t / _TRANSITION)))


def _grid(x: FloatArray, jacobian: FloatArray) -> Grid:
    """Return the grid of the points x with the Jacobian dx/dt.

    The column x² is scaled so that a standard normal has variance exactly 1 on this grid. An answer
    that carries no information then changes nothing.
    """
    density = jacobian * np.exp(-0.5 * x * x)
    unit = float(density @ (x * x) / density.sum())  # 1, apart from rounding
    powers = np.stack([np.ones_like(x), x, x * x / unit], axis=1)
    log_jacobian = np.log(jacobian)
    tail = int(np.searchsorted(x, _TAIL))
    return Grid(
        x=x,
        log_jacobian=log_jacobian,
        log_normal=log_jacobian - 0.5 * x * x,
        powers=powers,
        tail=tail,
    )


def moments(log_ratio: FloatArray, grid: Grid, *, tails: bool = False) -> FloatArray:
    """Return mean and standard deviation of the density: standard normal times exp(log_ratio).

    Args:
        log_ratio: Values at the grid points, shape (..., g).
        grid: Grid on which `log_ratio` is evaluated.
        tails: Whether to make the density fall monotonically in the tails: far from the mode,
            expectation propagation given x can diverge and report mass that does not exist.

    Returns:
        Shape (2, ...).
    """
    log_density = log_ratio + grid.log_normal
    if tails:
        right, left = log_density[..., grid.tail :], log_density[..., -grid.tail - 1 :: -1]
        np.minimum.accumulate(right, axis=-1, out=right)
        np.minimum.accumulate(left, axis=-1, out=left)
    log_density -= largest(log_density, axis=-1, keepdims=True)
    sums = np.exp(log_density, out=log_density) @ grid.powers
    result = np.empty((2, *sums.shape[:-1]))
    total = sums[..., 0]
    mean = np.divide(sums[..., 1], total, out=result[0])
    variance = np.divide(sums[..., 2], total, out=result[1])
    variance -= mean * mean
    # Only extremely steep answers give a density too narrow for the grid: keep the normal.
    too_narrow = variance < _SMALLEST_VARIANCE
    if too_narrow.any():
        mean[too_narrow], variance[too_narrow] = 0.0, 1.0
    np.sqrt(variance, out=variance)
    return result
