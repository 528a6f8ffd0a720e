"""Cheap upper bounds on the values of all items, so that few items need the exact integral.

For x = a · θ + d with mean s and variance v let κ² = 1/(1 + πv/8), h the logistic density at κs and
p the logistic curve there (MacKay, 1992). The expected fall of the weighted variances is at most

    ‖W^½Σa‖² · κ² h (1 + 0.8 (1 - κ²)(1 - 4h)) · (1 - c) p / (c + (1 - c) p),

and near its maximum it is at least 0.92 of that; tests/engine/test_selection.py checks both against
the integral. An item whose bound is below the exact value of another cannot be the best, so nothing
is lost by not integrating it.

Items are sorted by falling steepness ‖a‖ and evaluated in blocks. With h ≤ 1/4, λ the largest
eigenvalue of Σ and w the largest weight, no item that is at most as steep as the first of the next
block has a value above ¼ w λ² ‖a‖² / (1 + πλ‖a‖²/8). Most of a large bank is never evaluated.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..bank import ItemBank
from ..normal import FloatArray, SingleArray, largest, total_over
from ..posterior.posterior import Posterior

_CURVATURE_TERM = 0.8
_MINUS_ONE = np.float32(-1.0)
_EIGHTH_PI = np.pi / 8
FIRST_BLOCK, _LARGEST_BLOCK = 4096, 16384  # items; a block's arrays fit the processor's cache
_ROUNDING_MARGIN = 1.0 + 1e-4
"""1 plus a margin, because the bounds are computed in single precision, with errors near 1e-6."""


class SortedItems(NamedTuple):
    """The bank in single precision, sorted and transposed for contiguous memory access."""

    order: NDArray[np.intp]
    """Index in the bank of each item, shape (n,); steepest first if there are several blocks."""
    squares: SingleArray
    """‖a‖², shape (n,)."""
    slopes: SingleArray
    """a, shape (k, n)."""
    intercepts: SingleArray
    """d, shape (n,)."""
    guessing: SingleArray | None
    """c, shape (n,); None if no item can be guessed."""

    def block(self, start: int, end: int) -> "SortedItems":
        """Return a view of the items from `start` to before `end`."""
        part = slice(start, end)
        guessing = None if self.guessing is None else self.guessing[part]
        return SortedItems(
            order=self.order[part],
            squares=self.squares[part],
            slopes=self.slopes[:, part],
            intercepts=self.intercepts[part],
            guessing=guessing,
        )


def sorted_items(bank: ItemBank) -> SortedItems:
    """Return the bank's sorted items, which are computed once per bank."""
    return bank.cached("sorted items", lambda: _sort_items(bank))


def _sort_items(bank: ItemBank) -> SortedItems:
    squares = np.square(bank.slopes).sum(axis=1)
    order = np.argsort(-squares, kind="stable") if len(bank) > FIRST_BLOCK else np.arange(len(bank))
    return SortedItems(
        order=order,
        squares=squares[order].astype(np.float32),
        slopes=np.ascontiguousarray(bank.slopes[order].T, np.float32),
        intercepts=bank.intercepts[order].astype(np.float32),
        guessing=bank.guessing[order].astype(np.float32) if bank.guessing.any() else None,
    )


def bounds_by_block(
    posterior: Posterior, items: SortedItems, weights: FloatArray | None = None
) -> Iterator[tuple[NDArray[np.intp], SingleArray, float]]:
    """Yield blocks: indices, an upper bound on each item's value, and one on all later items.

    Args:
        posterior: The student's posterior.
        items: The bank's sorted items.
        weights: Weight of each concept's variance, shape (k,); equal when None.
    """
    start, end, n = 0, FIRST_BLOCK, len(items.order)
    if n <= end:
        yield items.order, value_bounds(posterior, items, weights), 0.0
        return
    while start < n:
        block = items.block(start, end)
        later_bound = _ceiling(posterior, float(items.squares[end]), weights) if end < n else 0.0
        yield block.order, value_bounds(posterior, block, weights), later_bound * _ROUNDING_MARGIN
        start, end = end, end + min(end, _LARGEST_BLOCK)


def _ceiling(posterior: Posterior, square: float, weights: FloatArray | None) -> float:
    """Return an upper bound on the value of all items with ‖a‖² ≤ `square`."""
    greatest = float(np.linalg.eigvalsh(posterior.covariance)[-1])
    weight = 1.0 if weights is None else float(largest(weights))
    return 0.25 * weight * greatest**2 * square / (1.0 + _EIGHTH_PI * greatest * square)


def value_bounds(
    posterior: Posterior, items: SortedItems, weights: FloatArray | None = None
) -> SingleArray:
    """Return an upper bound on each item's expected fall of the weighted variances, shape (n,)."""
    slopes = items.slopes
    if len(slopes) == 1:
        variance = posterior.covariance.item()
        v = items.squares * (variance * _EIGHTH_PI)
        weight = 1.0 if weights is None else weights.item()
        bound = items.squares * (weight * variance * variance)
        s = slopes[0] * posterior.mean.item()
    else:
        mean = posterior.mean.astype(np.float32)
        shift = (posterior.covariance * _EIGHTH_PI).astype(np.float32) @ slopes
        v = total_over(shift * slopes, axis=0)
        shift *= np.float32(1.0 / _EIGHTH_PI)
        np.square(shift, out=shift)
        bound = total_over(shift, axis=0) if weights is None else weights.astype(np.float32) @ shift
        s = mean @ slopes
    s += items.intercepts
    v += 1.0
    narrowing = np.reciprocal(v, out=v)
    e = np.sqrt(narrowing)
    e *= s
    np.exp(np.copysign(e, _MINUS_ONE, out=e), out=e)
    density = e + 1.0
    density *= density
    np.divide(e, density, out=density)
    bound *= narrowing
    bound *= density
    if items.guessing is not None:
        bound *= _guessing_loss(s, e, items.guessing)
    # 1 + 0.8 (1 - κ²)(1 - 4h), as 1 + (0.8 - 0.8 κ²) - 4h (0.8 - 0.8 κ²).
    narrowing *= -_CURVATURE_TERM
    narrowing += _CURVATURE_TERM
    density *= -4.0
    density += 1.0
    density *= narrowing
    density += _ROUNDING_MARGIN
    bound *= density
    return np.asarray(bound)


def _guessing_loss(s: SingleArray, e: SingleArray, c: SingleArray) -> SingleArray:
    """Return (1 - c) p / (c + (1 - c) p) with p the logistic curve at κ s and e = exp(-|κ s|)."""
    scaled_curve = np.where(s > 0, np.float32(1.0), e) / (e + 1.0) * (1.0 - c)
    return np.asarray(scaled_curve / np.maximum(c + scaled_curve, np.float32(1e-30)))
