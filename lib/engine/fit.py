"""Do the answers fit: of a person to the items, and of all persons to an item?"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lib.engine.bank import ItemBank
from lib.engine.normal import FloatArray
from lib.engine.posterior.posterior import Posterior
from lib.engine.selection.item_values import answer_moments
from lib.engine.selection.selection import project

MISFIT = 3.29
"""|z| beyond which an item is flagged: two sides of 0.001."""

ENOUGH_ANSWERS = 20
"""Answers below which nothing is said about an item."""


def person_fit(posterior: Posterior, bank: ItemBank) -> float:
    """Return l_z: the log likelihood of the answers at the posterior mean, standardised.

    l_z = (l - E l) / √Var l with l = Σ y ln P + (1 - y) ln(1 - P), E l = Σ P ln P + (1 - P)
    ln(1 - P), Var l = Σ P (1 - P) ln²(P / (1 - P)). Far below 0 (less than -2, say) the pattern is
    unlikely: easy items missed, hard ones hit. At an estimated ability its spread is a little
    less than 1, and more so in short or adaptive tests, so that the usual cuts err on the safe
    side. NaN without answers.

    Source: Drasgow, Levine & Williams (1985), Brit. J. Math. Stat. Psychology 38.
    """
    items = np.array(posterior.items, np.intp)
    p = np.clip(bank.probability(posterior.mean, items), 1e-12, 1 - 1e-12)
    right = np.log(p)
    wrong = np.log1p(-p)
    surprise = np.where(np.array(posterior.correct, bool), right, wrong) - (
        p * right + (1 - p) * wrong
    )
    spread = np.sqrt((p * (1 - p) * np.square(right - wrong)).sum())
    return float(surprise.sum() / spread) if spread > 0 else float("nan")


def predicted(posterior: Posterior, bank: ItemBank, items: ArrayLike) -> FloatArray:
    """Return P(correct) of each item for this student, uncertainty included; shape (j,)."""
    chosen = np.asarray(items, np.intp)
    seen = project(posterior, bank, chosen)
    return answer_moments(seen.mean, np.maximum(seen.variance, 1e-12), bank.guessing[chosen])[0]


class ItemFit(NamedTuple):
    """Each of shape (n,)."""

    answers: NDArray[np.intp]
    level: FloatArray
    """Standardised excess of correct answers: positive when the item is easier than it says."""
    slope: FloatArray
    """The same, weighted by the predicted logit: negative when it tells less than it says."""
    flagged: NDArray[np.bool_]


def item_fit(n: int, items: ArrayLike, correct: ArrayLike, prediction: ArrayLike) -> ItemFit:
    """Return which items' answers contradict their parameters.

    Each prediction is made before its answer (`predicted`), so that under a true model the
    residuals are uncorrelated whatever rule chose the items, and their standardised sums are
    standard normal (martingale central limit theorem): no other assumption is needed.

    Args:
        n: Number of items.
        items: The item of each answer, shape (m,).
        correct: Whether it was correct, shape (m,).
        prediction: P(correct) as predicted, shape (m,).
    """
    chosen = np.asarray(items, np.intp)
    p = np.clip(np.asarray(prediction, float), 1e-9, 1 - 1e-9)
    residual = np.asarray(correct, float) - p
    spread = p * (1 - p)
    ability = np.log(p / (1 - p))

    def standardised(weight: FloatArray) -> FloatArray:
        total = np.bincount(chosen, weight * residual, n)
        return total / np.sqrt(np.maximum(np.bincount(chosen, weight**2 * spread, n), 1e-12))

    answers = np.bincount(chosen, minlength=n)
    level, slope = standardised(np.ones_like(p)), standardised(ability)
    extreme = np.maximum(np.abs(level), np.abs(slope)) > MISFIT
    return ItemFit(answers, level, slope, extreme & (answers >= ENOUGH_ANSWERS))
