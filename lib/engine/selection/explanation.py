"""Explanation of a selected item by its expected effect on each concept's uncertainty."""

from dataclasses import dataclass

import numpy as np

from ..bank import ItemBank
from ..normal import FloatArray
from ..posterior.posterior import Posterior
from .item_values import answer_moments
from .selection import project


@dataclass(frozen=True, eq=False, slots=True)
class Explanation:
    """Expected effects of an item; each array has shape (k,).

    Attributes:
        probability: Probability of a correct answer under the current posterior.
        expected_fall: Expected reduction of each concept's variance.
        share: Expected reduction as a share of the concept's current variance.
        mean_if_correct: Mean of each ability after a correct answer.
        mean_if_wrong: Mean of each ability after a wrong answer.
        variance_if_correct: Variance of each ability after a correct answer.
        variance_if_wrong: Variance of each ability after a wrong answer.
    """

    probability: float
    expected_fall: FloatArray
    share: FloatArray
    mean_if_correct: FloatArray
    mean_if_wrong: FloatArray
    variance_if_correct: FloatArray
    variance_if_wrong: FloatArray


def explain(posterior: Posterior, bank: ItemBank, item: int) -> Explanation:
    """Return the expected effects of asking `item`, for a normal approximation of the posterior.

    An answer changes θ only along Σa: the mean by Σa · shift / √v and the covariance by
    Σa (Σa)ᵀ (ratio - 1) / v. Here v is the variance of x = a · θ + d, shift the change of its mean
    in standard deviations, and ratio its new variance over the old one.

    Raises:
        IndexError: If `bank` has no such item.
    """
    if not 0 <= item < len(bank.slopes):
        raise IndexError(f"no item {item} in a bank of {len(bank.slopes)}")
    indices = np.array([item])
    projection = project(posterior, bank, indices)
    v = np.maximum(projection.variance, 1e-12)
    p, first, second = (
        float(m[0]) for m in answer_moments(projection.mean, v, bank.guessing[indices])
    )
    direction = posterior.covariance @ bank.slopes[item] / np.sqrt(v[0])
    right, wrong = max(p, 1e-12), max(1.0 - p, 1e-12)
    up, down = first / right, -first / wrong
    ratio_right, ratio_wrong = second / right - up**2, (1.0 - second) / wrong - down**2
    squared = np.square(direction)
    fall = squared * (first**2 / (right * wrong))
    return Explanation(
        probability=p,
        expected_fall=fall,
        share=fall / np.maximum(posterior.variance, 1e-300),
        mean_if_correct=posterior.mean + direction * up,
        mean_if_wrong=posterior.mean + direction * down,
        variance_if_correct=posterior.variance + squared * (ratio_right - 1.0),
        variance_if_wrong=posterior.variance + squared * (ratio_wrong - 1.0),
    )


def expected_share(posterior: Posterior, bank: ItemBank, item: int) -> float:
    """Return the expected reduction of the summed variances as a share of their sum.

    `stop` compares it with `minimum_gain`. It is 0 if all abilities are known exactly.
    """
    fall = explain(posterior, bank, item).expected_fall
    return float(fall.sum() / max(posterior.variance.sum(), 1e-300))
