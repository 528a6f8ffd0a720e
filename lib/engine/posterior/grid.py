"""One concept's density on a grid: the points, and the moments of a normal times a ratio."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from lib.engine.normal import FloatArray, largest

_REACH = 9.0  # posterior standard deviations; guessing makes long tails
_BEND = 2.5  # within it the grid is nearly even, beyond it ever wider
_TAIL = 3.0
_STEP = 0.75
_STEP_LOGITS = 2.25  # largest step along the steepest answer
_FINE_STEP_LOGITS = 1.5
_SHORTEST_STEP, _WIDEST_STEP = 0.05, 1.5  # standard deviations, of a grid that is even outside
_MOST_STEPS = 250  # to either side
_TURN = 12.0  # steps from the middle, where steps have half risen
_FINEST = 0.01  # 150 logits a standard deviation: the response curve is a step
_UNSEEN = 0.01


class Grid(NamedTuple):
    """Points of the trapezoid rule in a variable t that runs by 1 or so; see `_grid`."""

    x: FloatArray
    """Standard deviations, shape (g,)."""
    log_jacobian: FloatArray
    """log dx/dt."""
    log_normal: FloatArray
    """log dx/dt - x²/2."""
    powers: FloatArray
    """The columns 1, x and x², shape (g, 3)."""
    tail: int
    """The first point that is `_TAIL` deviations out."""


def grid_for(steepest: float) -> Grid:
    """Return a grid for answers that rise by up to `steepest` logits per standard deviation."""
    step = _STEP
    while steepest * step > _STEP_LOGITS and step > _FINEST:
        step *= 0.5
    return _bent(step)


def fine_grid_for(steepest: float) -> Grid:
    """Return a grid with half the steps of `grid_for`, and steps of at most 1.5 logits."""
    step = 0.5 * _STEP
    while steepest * step > _FINE_STEP_LOGITS and step > _FINEST:
        step *= 0.5
    return _bent(step)


def far_grid_for(steepest: float, reach: float) -> Grid:
    """Return a grid as fine as `fine_grid_for`, which misses no second mode up to `reach`.

    Absurdly steep answers would take ever more points: there it is no finer than `_SHORTEST_STEP`
    and ends after `_MOST_STEPS`.

    Args:
        steepest: Logits per standard deviation.
        reach: Standard deviations.
    """
    step = min(max(_FINE_STEP_LOGITS / max(steepest, _FINEST), _SHORTEST_STEP), _WIDEST_STEP)
    end = min(reach, _MOST_STEPS * step)
    return _even_outside(math.floor(4 * math.log2(step)), math.ceil(2 * math.log2(end)))


@lru_cache(maxsize=16)
def _bent(step: float) -> Grid:
    """Return x = bend · sinh(t / bend), with this step in t."""
    half = math.ceil(_BEND * math.asinh(_REACH / _BEND) / step)
    t = np.arange(-half, half + 1) * (step / _BEND)
    return _grid(_BEND * np.sinh(t), np.cosh(t))


@lru_cache(maxsize=512)
def _even_outside(widest: int, end: int) -> Grid:
    """Return steps that rise from `_STEP` / 2 to 2^(widest / 4), out to 2^(end / 2)."""
    far = 2.0 ** (0.25 * widest)
    rise = max(far - 0.5 * _STEP, 0.0)
    half = math.ceil(2.0 ** (0.5 * end) / far + 0.5 * math.pi * _TURN * rise / far)
    t = np.arange(-half, half + 1.0)
    x = far * t - rise * _TURN * np.arctan(t / _TURN)
    return _grid(x, far - rise / (1.0 + np.square(t / _TURN)))


def _grid(x: FloatArray, jacobian: FloatArray) -> Grid:
    """Return the grid of the points x with dx/dt.

    The column x² is scaled so that a standard normal has variance 1 on this very grid: an answer
    changes nothing it says nothing of.
    """
    density = jacobian * np.exp(-0.5 * x * x)
    unit = float(density @ (x * x) / density.sum())  # 1 but for rounding
    powers = np.stack([np.ones_like(x), x, x * x / unit], axis=1)
    log_jacobian = np.log(jacobian)
    tail = int(np.searchsorted(x, _TAIL))
    return Grid(x, log_jacobian, log_jacobian - 0.5 * x * x, powers, tail)


def moments(log_ratio: FloatArray, grid: Grid, *, tails: bool = False) -> FloatArray:
    """Return mean and deviation of the standard normal times each ratio.

    Args:
        log_ratio: Shape (..., g).
        grid: Where.
        tails: Let no tail rise: far from where the evidence puts it, propagation given x can go
            astray and see mass that is not there.

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
    found = np.empty((2, *sums.shape[:-1]))
    total = sums[..., 0]
    mean = np.divide(sums[..., 1], total, out=found[0])
    variance = np.divide(sums[..., 2], total, out=found[1])
    variance -= mean * mean
    # So much narrower than the normal that the grid cannot see it: only absurdly steep answers.
    unseen = variance < _UNSEEN
    if unseen.any():
        mean[unseen], variance[unseen] = 0.0, 1.0
    np.sqrt(variance, out=variance)
    return found
