"""Choosing the next item."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.engine.bank import ItemBank
from lib.engine.normal import FloatArray
from lib.engine.posterior import Posterior
from lib.engine.rules import Rule, rule_values


class Projection(NamedTuple):
    """Items seen from a posterior; each of shape (j,)."""

    mean: FloatArray
    variance: FloatArray
    reach: FloatArray


def project(
    posterior: Posterior, bank: ItemBank, items: NDArray[np.intp], weights: FloatArray | None = None
) -> Projection:
    """Return mean and variance of a · θ + d, and ‖W^½ Σ a‖², for each of `items`."""
    a = bank.slopes[items]
    moved = a @ posterior.covariance
    squared = moved * moved
    reach = squared.sum(axis=1) if weights is None else squared @ weights
    return Projection(a @ posterior.mean + bank.intercepts[items], (moved * a).sum(axis=1), reach)


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
        rule: See `lib.engine.rules`.
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
        ValueError: If no item is available, or `best` > 1 without `rng`.
    """
    items = _indices(available, len(bank))
    if not len(items):
        raise ValueError("no item is available")
    value = gains(posterior, bank, items, rule, weights)
    if best == 1:
        return int(items[np.argmax(value)])
    if rng is None:
        raise ValueError("choosing among several items needs a random generator")
    order = np.argsort(-value, kind="stable")[:best]
    close = order[value[order] >= (1.0 - loss) * value[order[0]]]
    return int(items[close[rng.integers(len(close))]])


def _indices(available: ArrayLike | None, n: int) -> NDArray[np.intp]:
    """Return the available items as indices."""
    if available is None:
        return np.arange(n)
    given = np.asarray(available)
    if given.dtype == np.bool_:
        if given.shape != (n,):
            raise ValueError(f"a mask of available items must be ({n},), not {given.shape}")
        return np.flatnonzero(given)
    return given.astype(np.intp).reshape(-1)
