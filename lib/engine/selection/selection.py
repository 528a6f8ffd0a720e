"""Selection of the next item; exact values are computed only for items with high upper bounds."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..bank import ItemBank
from ..normal import FloatArray, largest, total_over
from ..posterior.posterior import Posterior
from .item_values import Rule, rule_values
from .upper_bounds import FIRST_BLOCK, bounds_by_block, sorted_items

Items = NDArray[np.intp]

_SHORTLIST_SHARE = 0.93
"""Share of the largest upper bound that the best item's bound nearly always exceeds."""
_MAX_WITHOUT_BOUNDS = 128
"""Number of available indices up to which all are integrated and no upper bound is computed."""


class Projection(NamedTuple):
    """Distribution of x = a · θ + d for several items, under a posterior; each of shape (j,)."""

    mean: FloatArray
    """Mean of x, logits."""
    variance: FloatArray
    """Variance of x, logits²."""
    sensitivity: FloatArray
    """‖W^½Σa‖², how much the weighted concepts change with x; see `rule_values`."""


def project(
    posterior: Posterior, bank: ItemBank, items: Items, weights: FloatArray | None = None
) -> Projection:
    """Return the distribution of x = a · θ + d for each of `items`.

    Args:
        posterior: The student's posterior.
        bank: The items.
        items: Indices, shape (j,).
        weights: Weight of each concept's variance, shape (k,); equal when None.
    """
    a = bank.slopes[items]
    if a.shape[1] == 1:
        a = a[:, 0]
        sigma_a = a * posterior.covariance.item()
        weight = 1.0 if weights is None else weights.item()
        mean = a * posterior.mean.item() + bank.intercepts[items]
        return Projection(mean, sigma_a * a, sigma_a * sigma_a * weight)
    sigma_a = a @ posterior.covariance
    variance = total_over(sigma_a * a, axis=1)
    sigma_a *= sigma_a
    sensitivity = total_over(sigma_a, axis=1) if weights is None else sigma_a @ weights
    return Projection(a @ posterior.mean + bank.intercepts[items], variance, sensitivity)


def gains(
    posterior: Posterior,
    bank: ItemBank,
    items: ArrayLike,
    rule: Rule = "variance",
    weights: ArrayLike | None = None,
) -> FloatArray:
    """Return the value of each of `items` under `rule`, shape (j,); the greatest is best.

    Args:
        posterior: The student's posterior.
        bank: The items.
        items: Indices, shape (j,).
        rule: A key of `lib.engine.selection.item_values.RULES`.
        weights: Weight of each concept's variance, shape (k,); equal when None.

    Raises:
        ValueError: If the rule is unknown, `items` are not integers, or the weights are not k
            finite numbers of 0 or more, not all 0.
        IndexError: If an item is not in the bank.
    """
    indices = checks.indices("items", items, len(bank))
    weight_array = None if weights is None else checks.weights("weights", weights, bank.concepts)
    projection = project(posterior, bank, indices, weight_array)
    return rule_values(
        rule, projection.mean, projection.variance, bank.guessing[indices], projection.sensitivity
    )


def select(
    posterior: Posterior,
    bank: ItemBank,
    available: ArrayLike | None = None,
    rule: Rule = "variance",
    rng: "np.random.Generator | None" = None,
    *,
    weights: ArrayLike | None = None,
    best: int = 1,
    loss: float = 1.0,
) -> int:
    """Return the index of the item to ask next.

    Args:
        posterior: The student's posterior.
        bank: The items.
        available: Items that may be asked, as a boolean mask of shape (n,) or as indices; all when
            None.
        rule: Value of an item; by default the expected fall of the variances.
        rng: Random generator; required if `best` > 1.
        weights: Weight of each concept's variance, shape (k,); equal when None.
        best: Number of best items to choose from at random, as a simple exposure control.
        loss: Largest relative loss: of the best items, only those with at least (1 - loss) of the
            greatest value take part in the choice; 0 to 1.

    Raises:
        ValueError: If no item is available, bank and posterior differ in the number of concepts,
            `best` is not an integer of 1 or more, `loss` is not between 0 and 1, `best` > 1 without
            `rng`, `available` is neither a mask nor integers, or the weights are not k
            finite numbers of 0 or more, not all 0.
        IndexError: If an available item is not in the bank.
    """
    if bank.concepts != len(posterior.mean):
        raise ValueError(
            f"number of concepts: {bank.concepts} in the bank, {len(posterior.mean)} in the"
            " posterior"
        )
    checks.whole("best", best, 1)
    if not 0.0 <= loss <= 1.0:
        raise ValueError("loss must lie between 0 and 1")
    if best > 1 and rng is None:
        raise ValueError("choosing among the best items needs a random generator")
    weight_array = None if weights is None else checks.weights("weights", weights, bank.concepts)
    items, value = _candidates(posterior, bank, available, rule, weight_array, best)
    if best == 1 or rng is None:
        return int(items[np.argmax(value)] if len(items) > 1 else items[0])
    order = np.argsort(-value, kind="stable")[:best]
    close = order[value[order] >= (1.0 - loss) * value[order[0]]]
    return int(items[close[rng.integers(len(close))]])


def _candidates(
    posterior: Posterior,
    bank: ItemBank,
    available: ArrayLike | None,
    rule: Rule,
    weights: FloatArray | None,
    best: int,
) -> tuple[Items, FloatArray]:
    """Return ascending available items that include the `best` best ones, and their values."""
    subset, mask = _available(available, len(bank))
    if subset is None and rule != "variance":
        subset = np.arange(len(bank)) if mask is None else np.flatnonzero(mask)
        if not len(subset):
            raise ValueError("no item is available")
    if subset is not None:
        return subset, gains(posterior, bank, subset, rule, weights)
    share = _SHORTLIST_SHARE
    while True:
        items, limit = _shortlist(posterior, bank, mask, weights, best, share)
        value = gains(posterior, bank, items, rule, weights)
        nth_value = _nth_greatest(value, best)
        if nth_value >= limit:  # the items left out have values below `limit`
            return items, value
        share *= 0.98 * max(nth_value, 0.0) / limit


def _shortlist(
    posterior: Posterior,
    bank: ItemBank,
    mask: NDArray[np.bool_] | None,
    weights: FloatArray | None,
    best: int,
    share: float,
) -> tuple[Items, float]:
    """Return the items whose upper bound is at least `share` of the `best`-th greatest bound.

    The items are ascending, so that ties are broken the same way in every bank. The second value is
    this limit; the items left out have bounds below it.
    """
    items: list[Items] = []
    bounds: list[NDArray[np.float32]] = []
    greatest = limit = 0.0
    for block, bound, later_bound in bounds_by_block(posterior, sorted_items(bank), weights):
        if mask is not None:
            unavailable = ~(mask if len(mask) == len(block) <= FIRST_BLOCK else mask[block])
            np.copyto(bound, np.float32(-1.0), where=unavailable)
        greatest = max(greatest, _nth_greatest(bound, best))
        limit = share * greatest
        near = (bound >= limit).nonzero()[0]
        items.append(block[near])
        bounds.append(bound[near])
        if later_bound < limit:
            break
    shortlist = items[0]
    if len(items) > 1:
        shortlist = np.concatenate(items)[np.concatenate(bounds) >= limit]
    if not len(shortlist):
        raise ValueError("no item is available")
    shortlist.sort()
    return shortlist, limit


def _nth_greatest(values: NDArray[Any], n: int) -> float:
    """Return the n-th greatest value, or the smallest if there are fewer than n."""
    if n == 1:
        return float(largest(values))
    n = min(n, len(values))
    return float(np.partition(values, -n)[-n])


def _available(
    available: ArrayLike | None, n: int
) -> tuple[Items | None, NDArray[np.bool_] | None]:
    """Return the available items: as ascending indices if few are given, otherwise as a mask.

    The value that does not apply is None; both are None if `available` is.

    Raises:
        ValueError: If a mask has the wrong shape or there are no indices.
        IndexError: If an index is not in the bank.
    """
    if available is None:
        return None, None
    array = np.asarray(available)
    if array.dtype == np.bool_:
        return None, checks.mask("available", array, n)
    items = np.unique(checks.indices("available", array, n))
    if not len(items):
        raise ValueError("no item is available")
    if len(items) <= _MAX_WITHOUT_BOUNDS:
        return items, None
    mask = np.zeros(n, bool)
    mask[items] = True
    return None, mask
