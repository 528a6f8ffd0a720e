"""A cheap upper bound on the value of every item, so that few need the exact integral.

For x = a · θ + d with mean s and variance v let κ² = 1/(1 + πv/8), h the logistic density at κs and
p the logistic curve there (MacKay, 1992). The expected fall of the weighted variances is at most

    reach · κ² h (1 + 0.8 (1 - κ²)(1 - 4h)) · (1 - c) p / (c + (1 - c) p),

and, near its greatest, at least 0.92 of that; tests/engine/test_selection.py checks both against
the integral. Items whose bound is below the exact value of another item cannot be the best, so the
value lost by not integrating them is nil.

Items are kept in falling order of steepness ‖a‖ and looked at in blocks: with h ≤ 1/4 and λ the
greatest eigenvalue of Σ, no item as flat as the next block's first is worth more than
¼ w λ² ‖a‖² / (1 + πλ‖a‖²/8), and most of a large bank is never looked at.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lib.engine.bank import ItemBank
from lib.engine.normal import FloatArray, SingleArray, largest, total_over
from lib.engine.posterior.posterior import Posterior

_BULGE = 0.8
_MINUS_ONE = np.float32(-1.0)
_EIGHTH_PI = np.pi / 8
FIRST_BLOCK, _LARGEST_BLOCK = 4096, 16384  # items; a block's arrays stay in the cache
_SLACK = 1.0 + 1e-4  # for 1: the bound is computed in single precision, with errors near 1e-6


class Columns(NamedTuple):
    """The bank in single precision, transposed and sorted, so that passes run along memory."""

    order: NDArray[np.intp]
    """Shape (n,): the item in each column, steepest first if there are several blocks."""
    squares: SingleArray
    """‖a‖², shape (n,)."""
    slopes: SingleArray
    """Shape (k, n)."""
    intercepts: SingleArray
    guessing: SingleArray | None
    """None when no item can be guessed."""

    def block(self, start: int, end: int) -> "Columns":
        """Return a view of some columns."""
        part = slice(start, end)
        guessing = None if self.guessing is None else self.guessing[part]
        return Columns(
            self.order[part],
            self.squares[part],
            self.slopes[:, part],
            self.intercepts[part],
            guessing,
        )


def columns_of(bank: ItemBank) -> Columns:
    """Return the bank's columns; made once per bank."""
    return bank.cached("columns", lambda: _columns(bank))


def _columns(bank: ItemBank) -> Columns:
    squares = np.square(bank.slopes).sum(axis=1)
    order = np.argsort(-squares, kind="stable") if len(bank) > FIRST_BLOCK else np.arange(len(bank))
    return Columns(
        order,
        squares[order].astype(np.float32),
        np.ascontiguousarray(bank.slopes[order].T, np.float32),
        bank.intercepts[order].astype(np.float32),
        bank.guessing[order].astype(np.float32) if bank.guessing.any() else None,
    )


def bounds_by_block(
    posterior: Posterior, columns: Columns, weights: FloatArray | None = None
) -> Iterator[tuple[NDArray[np.intp], SingleArray, float]]:
    """Yield items, an upper bound on the value of each, and one on all that come after.

    Args:
        posterior: Where the student stands.
        columns: The items.
        weights: How much each concept's variance counts, shape (k,); equal when None.
    """
    start, end, n = 0, FIRST_BLOCK, len(columns.order)
    if n <= end:
        yield columns.order, value_bounds(posterior, columns, weights), 0.0
        return
    while start < n:
        block = columns.block(start, end)
        after = _ceiling(posterior, float(columns.squares[end]), weights) if end < n else 0.0
        yield block.order, value_bounds(posterior, block, weights), after * _SLACK
        start, end = end, end + min(end, _LARGEST_BLOCK)


def _ceiling(posterior: Posterior, square: float, weights: FloatArray | None) -> float:
    """Return what no item with ‖a‖² ≤ `square` can exceed."""
    greatest = float(np.linalg.eigvalsh(posterior.covariance)[-1])
    weight = 1.0 if weights is None else float(largest(weights))
    return 0.25 * weight * greatest**2 * square / (1.0 + _EIGHTH_PI * greatest * square)


def value_bounds(
    posterior: Posterior, columns: Columns, weights: FloatArray | None = None
) -> SingleArray:
    """Return an upper bound on each item's expected fall of the weighted variances, shape (n,)."""
    slopes = columns.slopes
    if len(slopes) == 1:
        variance = posterior.covariance.item()
        v = columns.squares * (variance * _EIGHTH_PI)
        weight = 1.0 if weights is None else weights.item()
        bound = columns.squares * (weight * variance * variance)
        s = slopes[0] * posterior.mean.item()
    else:
        mean = posterior.mean.astype(np.float32)
        moved = (posterior.covariance * _EIGHTH_PI).astype(np.float32) @ slopes
        v = total_over(moved * slopes, axis=0)
        moved *= np.float32(1.0 / _EIGHTH_PI)
        np.square(moved, out=moved)
        bound = total_over(moved, axis=0) if weights is None else weights.astype(np.float32) @ moved
        s = mean @ slopes
    s += columns.intercepts
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
    if columns.guessing is not None:
        bound *= _guessing_loss(s, e, columns.guessing)
    # 1 + 0.8 (1 - κ²)(1 - 4h), as 1 + (0.8 - 0.8 κ²) - 4h (0.8 - 0.8 κ²).
    narrowing *= -_BULGE
    narrowing += _BULGE
    density *= -4.0
    density += 1.0
    density *= narrowing
    density += _SLACK
    bound *= density
    return np.asarray(bound)


def _guessing_loss(s: SingleArray, e: SingleArray, c: SingleArray) -> SingleArray:
    """Return (1 - c) p / (c + (1 - c) p), p the logistic curve and e = exp(-|κ s|)."""
    known = np.where(s > 0, np.float32(1.0), e) / (e + 1.0) * (1.0 - c)
    return np.asarray(known / np.maximum(c + known, np.float32(1e-30)))
