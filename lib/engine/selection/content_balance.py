"""Content balance: every concept gets its share of the questions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.engine.bank import ItemBank
from lib.engine.normal import FloatArray


def concept_shares(bank: ItemBank) -> FloatArray:
    """Return how much of each item's information falls to each concept: a² / ‖a‖², shape (n, k)."""

    def make() -> FloatArray:
        squares = np.square(bank.slopes)
        return np.asarray(squares / np.maximum(squares.sum(axis=1, keepdims=True), 1e-300))

    return bank.cached("shares", make)


def balanced(
    bank: ItemBank, available: NDArray[np.bool_], asked: Sequence[int], targets: ArrayLike
) -> NDArray[np.bool_]:
    """Return the available items that mainly test the concept furthest behind its target.

    Args:
        bank: The items.
        available: Mask, shape (n,).
        asked: Items asked so far.
        targets: Share of the questions each concept should get, shape (k,); only ratios count.

    Raises:
        ValueError: If targets are negative or all 0, or not one for every concept.

    Source: Kingsbury & Zara (1989), Applied Measurement in Education 2(4).
    """
    shares = concept_shares(bank)
    goal = np.asarray(targets, float)
    if goal.shape != (bank.concepts,) or not (goal >= 0).all() or not goal.any():
        raise ValueError(f"content balance takes {bank.concepts} targets, 0 or more, not all 0")
    got = shares[np.asarray(asked, np.intp)].sum(axis=0)
    behind = (len(asked) + 1) * goal / goal.sum() - got
    main = bank.cached("main concepts", lambda: shares.argmax(axis=1))
    for concept in np.argsort(-behind, kind="stable"):
        chosen = available & (main == concept)
        if goal[concept] > 0 and chosen.any():
            return np.asarray(chosen)
    return available
