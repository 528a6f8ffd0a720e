"""Content balance: give each concept its target share of the questions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..bank import ItemBank
from ..checks import indices, mask, weights
from ..normal import FloatArray


def concept_shares(bank: ItemBank) -> FloatArray:
    """Return each concept's share of each item's information, a² / ‖a‖², shape (n, k)."""

    def compute() -> FloatArray:
        squares = np.square(bank.slopes)
        return np.asarray(squares / np.maximum(squares.sum(axis=1, keepdims=True), 1e-300))

    return bank.cached("shares", compute)


def balanced(
    bank: ItemBank, available: NDArray[np.bool_], asked_items: Sequence[int], targets: ArrayLike
) -> NDArray[np.bool_]:
    """Return the available items whose main concept is furthest below its target share.

    Args:
        bank: The items.
        available: Mask of the available items, shape (n,).
        asked_items: Indices of the items asked so far.
        targets: Target share of the questions for each concept, shape (k,); only ratios matter.

    Returns:
        A mask, shape (n,); `available` itself if no concept with a target has an available item.

    Raises:
        ValueError: If `available` is not a mask, or the targets are not k finite numbers of 0 or
            more, not all 0.

    Source: Kingsbury & Zara (1989), Applied Measurement in Education 2(4).
    """
    shares = concept_shares(bank)
    goal = weights("targets", targets, bank.concepts)
    available = mask("available", available, len(bank))
    received = shares[indices("asked_items", asked_items, len(bank))].sum(axis=0)
    deficit = (len(asked_items) + 1) * goal / goal.sum() - received
    main_concept = bank.cached("main concepts", lambda: shares.argmax(axis=1))
    for concept in np.argsort(-deficit, kind="stable"):
        candidates = available & (main_concept == concept)
        if goal[concept] > 0 and candidates.any():
            return np.asarray(candidates)
    return available
