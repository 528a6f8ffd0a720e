"""When a test is over."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from lib.engine.normal import normal_cdf
from lib.engine.posterior import Posterior

Reason = Literal["max_questions", "precision", "classification", "small_gain"]


@dataclass(frozen=True, slots=True)
class StopRules:
    """When to stop.

    Attributes:
        type: `fixed_length` asks `max_questions`; `precision` stops when no tested concept's
            posterior standard deviation exceeds `precision_threshold`; `classification` when every
            tested concept is above or below `cut` with probability `classification_threshold`.
        min_questions: Never stop before as many answers.
        max_questions: Always stop after as many answers.
        precision_threshold: Latent standard deviation.
        classification_threshold: Posterior probability, 0.5 to 1.
        cut: Latent ability that separates the two classes; 0 is the percentile 0.5.
        minimum_gain: Stop when the best item's expected fall of variance, as a share of the
            variance there is, is less than this; 0 never stops a test.
    """

    type: Literal["fixed_length", "precision", "classification"] = "fixed_length"
    min_questions: int = 5
    max_questions: int = 20
    precision_threshold: float = 0.3
    classification_threshold: float = 0.8
    cut: float = 0.0
    minimum_gain: float = 0.0


def stop(
    posterior: Posterior,
    rules: StopRules,
    *,
    tested: ArrayLike | None = None,
    gain: float | None = None,
) -> Reason | None:
    """Return why the test is over, or None to go on.

    Args:
        posterior: Where the student stands; its answers count as the test's length.
        rules: When to stop.
        tested: Mask of the concepts the pool tests, shape (k,); all when None.
        gain: Expected fall of variance of the next item, as a share of the variance there is.
    """
    if posterior.answered >= rules.max_questions:
        return "max_questions"
    if posterior.answered < rules.min_questions:
        return None
    chosen = slice(None) if tested is None else np.asarray(tested, bool)
    variance = posterior.variance[chosen]
    if rules.type == "precision" and np.sqrt(np.max(variance)) <= rules.precision_threshold:
        return "precision"
    if rules.type == "classification":
        above = normal_cdf((posterior.mean[chosen] - rules.cut) / np.sqrt(variance))
        if np.min(np.maximum(above, 1 - above)) >= rules.classification_threshold:
            return "classification"
    if gain is not None and gain < rules.minimum_gain:
        return "small_gain"
    return None
