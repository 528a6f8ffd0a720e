"""Choosing the next item."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.engine.bank import ItemBank
from lib.engine.normal import FloatArray, largest, total_over
from lib.engine.posterior.posterior import Posterior
from lib.engine.selection.item_values import Rule, rule_values
from lib.engine.selection.upper_bounds import FIRST_BLOCK, bounds_by_block, columns_of

Items = NDArray[np.intp]

_NEAR = 0.93  # of the greatest bound: where the best item nearly always is
_FEW = 128  # items that are integrated at once, without bounds


class Projection(NamedTuple):
    """Items seen from a posterior; each of shape (j,)."""

    mean: FloatArray
    """Of x = a · θ + d, logits."""
    variance: FloatArray
    reach: FloatArray
    """‖W^½ Σ a‖²."""


def project(
    posterior: Posterior, bank: ItemBank, items: Items, weights: FloatArray | None = None
) -> Projection:
    """Return what `items` measure of the posterior.

    Args:
        posterior: Where the student stands.
        bank: The items.
        items: Indices, shape (j,).
        weights: How much each concept's variance counts, shape (k,); equal when None.
    """
    a = bank.slopes[items]
    if a.shape[1] == 1:
        a = a[:, 0]
        moved = a * posterior.covariance.item()
        weight = 1.0 if weights is None else weights.item()
        mean = a * posterior.mean.item() + bank.intercepts[items]
        return Projection(mean, moved * a, moved * moved * weight)
    moved = a @ posterior.covariance
    variance = total_over(moved * a, axis=1)
    moved *= moved
    reach = total_over(moved, axis=1) if weights is None else moved @ weights
    return Projection(a @ posterior.mean + bank.intercepts[items], variance, reach)


def gains(
    posterior: Posterior,
    bank: ItemBank,
    items: ArrayLike,
    rule: Rule = "variance",
    weights: ArrayLike | None = None,
) -> FloatArray:
    """Return what each of `items` is worth under `rule`; greater is better.

    Args:
        posterior: Where the student stands.
        bank: The items.
        items: Indices, shape (j,).
        rule: See `lib.engine.selection.item_values`.
        weights: How much each concept's variance counts, shape (k,); equal when None.
    """
    chosen = np.asarray(items, np.intp)
    w = None if weights is None else np.asarray(weights, float)
    seen = project(posterior, bank, chosen, w)
    return rule_values(rule, seen.mean, seen.variance, bank.guessing[chosen], seen.reach)


def select(
    posterior: Posterior,
    bank: ItemBank,
    available: ArrayLike | None = None,
    rule: Rule = "variance",
    rng: np.random.Generator | None = None,
    *,
    weights: ArrayLike | None = None,
    best: int = 1,
    loss: float = 1.0,
) -> int:
    """Return the index of the item to ask next.

    Args:
        posterior: Where the student stands.
        bank: The items.
        available: Which may be asked: a boolean mask of shape (n,) or indices; all when None.
        rule: What an item is worth; by default the expected fall of the variances.
        rng: Needed when `best` > 1.
        weights: How much each concept's variance counts, shape (k,); equal when None.
        best: Choose at random among this many best items (exposure control).
        loss: Of those, only items whose value is at least (1 - loss) of the greatest.

    Raises:
        ValueError: If no item is available, bank and posterior differ in the number of concepts,
            `best` is not positive, or is above 1 without `rng`.
        IndexError: If an available item is not in the bank.
    """
    if bank.concepts != len(posterior.mean):
        raise ValueError(f"bank has {bank.concepts} concepts, posterior {len(posterior.mean)}")
    if best < 1 or not 0.0 <= loss <= 1.0:
        raise ValueError("best must be 1 or more, and loss between 0 and 1")
    if best > 1 and rng is None:
        raise ValueError("choosing among several items needs a random generator")
    w = None if weights is None else np.asarray(weights, float)
    items, value = _contenders(posterior, bank, available, rule, w, best)
    if best == 1 or rng is None:
        return int(items[np.argmax(value)] if len(items) > 1 else items[0])
    order = np.argsort(-value, kind="stable")[:best]
    close = order[value[order] >= (1.0 - loss) * value[order[0]]]
    return int(items[close[rng.integers(len(close))]])


def _contenders(
    posterior: Posterior,
    bank: ItemBank,
    available: ArrayLike | None,
    rule: Rule,
    weights: FloatArray | None,
    best: int,
) -> tuple[Items, FloatArray]:
    """Return available items that hold the `best` best ones, ascending, with their exact values."""
    few, allowed = _available(available, len(bank))
    if few is None and rule != "variance":
        few = np.arange(len(bank)) if allowed is None else np.flatnonzero(allowed)
        if not len(few):
            raise ValueError("no item is available")
    if few is not None:
        return few, gains(posterior, bank, few, rule, weights)
    share = _NEAR
    while True:
        items, limit = _shortlist(posterior, bank, allowed, weights, best, share)
        value = gains(posterior, bank, items, rule, weights)
        found = _nth_greatest(value, best)
        if found >= limit:  # what was left out is worth less than `limit`
            return items, value
        share *= 0.98 * max(found, 0.0) / limit


def _shortlist(
    posterior: Posterior,
    bank: ItemBank,
    allowed: NDArray[np.bool_] | None,
    weights: FloatArray | None,
    best: int,
    share: float,
) -> tuple[Items, float]:
    """Return the items whose bound is at least `share` of the `best`-th greatest, and that limit.

    The items come in ascending order, so that ties are broken the same way in every bank.
    """
    items: list[Items] = []
    bounds: list[NDArray[np.float32]] = []
    greatest = limit = 0.0
    for block, bound, after in bounds_by_block(posterior, columns_of(bank), weights):
        if allowed is not None:
            closed = ~(allowed if len(allowed) == len(block) <= FIRST_BLOCK else allowed[block])
            np.copyto(bound, np.float32(-1.0), where=closed)
        greatest = max(greatest, _nth_greatest(bound, best))
        limit = share * greatest
        near = (bound >= limit).nonzero()[0]
        items.append(block[near])
        bounds.append(bound[near])
        if after < limit:
            break
    found = items[0]
    if len(items) > 1:
        found = np.concatenate(items)[np.concatenate(bounds) >= limit]
    if not len(found):
        raise ValueError("no item is available")
    found.sort()
    return found, limit


def _nth_greatest(values: NDArray[Any], n: int) -> float:
    """Return the n-th greatest value, the least one when there are fewer."""
    if n == 1:
        return float(largest(values))
    n = min(n, len(values))
    return float(np.partition(values, -n)[-n])


def _available(
    available: ArrayLike | None, n: int
) -> tuple[Items | None, NDArray[np.bool_] | None]:
    """Return the available items as ascending indices when few, else as a mask; None for all."""
    if available is None:
        return None, None
    given = np.asarray(available)
    if given.dtype == np.bool_:
        if given.shape != (n,):
            raise ValueError(f"a mask of available items must be ({n},), not {given.shape}")
        return None, given
    items = np.unique(given.astype(np.intp))
    if not len(items):
        raise ValueError("no item is available")
    if items[0] < 0 or items[-1] >= n:
        raise IndexError(f"an available item is not in the bank of {n}")
    if len(items) <= _FEW:
        return items, None
    mask = np.zeros(n, bool)
    mask[items] = True
    return None, mask
