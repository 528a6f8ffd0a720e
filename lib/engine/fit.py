"""Fit statistics: how well the answers of a person, or those to an item, fit the model."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .bank import ItemBank
from .checks import finite, indices
from .normal import FloatArray
from .posterior.posterior import Posterior
from .selection.item_values import answer_moments
from .selection.selection import project

MISFIT = 3.29
"""Value of |z| above which an item is flagged: a two-sided test at 0.001."""

ENOUGH_ANSWERS = 20
"""Number of answers below which an item is never flagged."""


def person_fit(posterior: Posterior, bank: ItemBank) -> float:
    """Return l_z, the standardised log-likelihood of the answers at the posterior mean.

    l_z = (l - E l) / √Var l with l = Σ y ln P + (1 - y) ln(1 - P), E l = Σ P ln P + (1 - P)
    ln(1 - P), Var l = Σ P (1 - P) ln²(P / (1 - P)). A value far below 0 (say, less than -2) means
    an unlikely pattern: easy items wrong and hard items right. At an estimated ability its standard
    deviation is a little below 1, and lower still in short or adaptive tests, so the usual cuts are
    conservative.

    Returns:
        l_z, or NaN if Var l is 0, for example without answers.

    Source: Drasgow, Levine & Williams (1985), Brit. J. Math. Stat. Psychology 38.
    """
    items = np.array(posterior.items, np.intp)
    p = np.clip(bank.probability(posterior.mean, items), 1e-12, 1 - 1e-12)
    log_right = np.log(p)
    log_wrong = np.log1p(-p)
    excess = np.where(np.array(posterior.correct, bool), log_right, log_wrong) - (
        p * log_right + (1 - p) * log_wrong
    )
    spread = np.sqrt((p * (1 - p) * np.square(log_right - log_wrong)).sum())
    return float(excess.sum() / spread) if spread > 0 else float("nan")


def predicted_probability(posterior: Posterior, bank: ItemBank, items: ArrayLike) -> FloatArray:
    """Return the posterior predictive P(correct) of each item, shape (j,)."""
    checked_items = indices("items", items, len(bank))
    projection = project(posterior, bank, checked_items)
    return answer_moments(
        projection.mean, np.maximum(projection.variance, 1e-12), bank.guessing[checked_items]
    )[0]


class ItemFit(NamedTuple):
    """Fit statistics of n items, each of shape (n,)."""

    answers: NDArray[np.intp]
    """Number of answers."""
    level: FloatArray
    """Standardised sum of residuals; positive if the item is easier than its parameters say."""
    slope: FloatArray
    """Standardised sum of residuals times logits; negative if the item discriminates less well."""
    flagged: NDArray[np.bool_]
    """Whether either statistic exceeds `MISFIT` and there are `ENOUGH_ANSWERS`."""


def item_fit(n: int, items: ArrayLike, correct: ArrayLike, prediction: ArrayLike) -> ItemFit:
    """Return how well the answers to each item fit its parameters.

    Each prediction must be made before its answer is known (see `predicted_probability`). If the
    model holds, the residuals are then martingale differences, whatever rule chose the items, and
    their standardised sums are standard normal by the martingale central limit theorem.

    Args:
        n: Number of items.
        items: Item of each answer, shape (m,).
        correct: Whether each answer was correct, shape (m,).
        prediction: Predicted P(correct) of each answer, shape (m,).

    Raises:
        ValueError: If `items` are not integers, a prediction is not finite, or an outcome is
            neither 0 nor 1.
        IndexError: If an item is not one of the n.
    """
    answered = indices("items", items, n)
    p = np.clip(finite("prediction", prediction), 1e-9, 1 - 1e-9)
    outcomes = np.asarray(correct)
    if not np.isin(outcomes, (0, 1)).all():
        raise ValueError("correct must be 0 or 1")
    residual = outcomes.astype(float) - p
    spread = p * (1 - p)
    logit = np.log(p / (1 - p))

    def standardised(weight: FloatArray) -> FloatArray:
        total = np.bincount(answered, weight * residual, n)
        return total / np.sqrt(np.maximum(np.bincount(answered, weight**2 * spread, n), 1e-12))

    answers = np.bincount(answered, minlength=n)
    level, slope = standardised(np.ones_like(p)), standardised(logit)
    extreme = np.maximum(np.abs(level), np.abs(slope)) > MISFIT
    return ItemFit(answers, level, slope, extreme & (answers >= ENOUGH_ANSWERS))
