"""Why an item is asked: what it is expected to do to each concept's uncertainty."""

from dataclasses import dataclass

import numpy as np

from lib.engine.bank import ItemBank
from lib.engine.normal import FloatArray
from lib.engine.posterior.posterior import Posterior
from lib.engine.selection.item_values import answer_moments
from lib.engine.selection.selection import project


@dataclass(frozen=True, eq=False, slots=True)
class Explanation:
    """Each array of shape (k,).

    Attributes:
        probability: Of a correct answer, as things stand.
        expected_fall: Expected fall of each concept's variance.
        share: The same as a share of the variance there is.
        mean_if_correct: Mean of each ability after a correct answer.
        mean_if_wrong: After a wrong one.
        variance_if_correct: Variance after a correct answer.
        variance_if_wrong: After a wrong one.
    """

    probability: float
    expected_fall: FloatArray
    share: FloatArray
    mean_if_correct: FloatArray
    mean_if_wrong: FloatArray
    variance_if_correct: FloatArray
    variance_if_wrong: FloatArray


def explain(posterior: Posterior, bank: ItemBank, item: int) -> Explanation:
    """Return what asking `item` would do, the posterior taken as normal.

    An answer moves θ along Σa alone: the mean by Σa · shift / √v, the covariance by
    Σa (Σa)ᵀ (ratio - 1) / v, where shift and ratio say what it does to x = a · θ + d itself.
    """
    chosen = np.array([item])
    seen = project(posterior, bank, chosen)
    v = np.maximum(seen.variance, 1e-12)
    p, first, second = (float(m[0]) for m in answer_moments(seen.mean, v, bank.guessing[chosen]))
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
    """Return the expected fall of the summed variances as a share of their sum; see `stop`.

    It is 0 when every concept is known for sure.
    """
    fall = explain(posterior, bank, item).expected_fall
    return float(fall.sum() / max(posterior.variance.sum(), 1e-300))
