"""Stop rules: when a test is over."""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from .checks import mask, whole
from .normal import normal_cdf
from .posterior.posterior import Posterior

Type = Literal["fixed_length", "precision", "classification"]
TYPES = get_args(Type)
"""Kinds of stop rule; `lib/assessment/pools/rules.py` repeats them without importing numpy."""
_SMALLEST_VARIANCE = 1e-24  # stands for 0, so that a concept known exactly can be classified
Reason = Literal["max_questions", "precision", "classification", "small_gain"]


@dataclass(frozen=True, slots=True)
class StopRules:
    """Conditions that end a test.

    Attributes:
        type: `fixed_length` asks `max_questions`; `precision` stops when no tested concept's
            posterior standard deviation exceeds `precision_threshold`; `classification` stops when
            every tested concept is above or below `cut` with probability
            `classification_threshold`.
        min_questions: Number of answers before which no test stops, 0 or more.
        max_questions: Number of answers after which every test stops, 1 or more.
        precision_threshold: Latent standard deviation, above 0.
        classification_threshold: Posterior probability, 0.5 to 1.
        cut: Latent ability that separates the two classes, finite; 0 is the percentile 0.5.
        minimum_gain: Smallest expected reduction of the variance by the next item, as a share of
            the current variance, 0 to 1; the test stops below it. 0 turns this rule off.

    Raises:
        ValueError: If the type is unknown or a number is outside its range.
    """

    type: Type = "fixed_length"
    min_questions: int = 5
    max_questions: int = 20
    precision_threshold: float = 0.3
    classification_threshold: float = 0.8
    cut: float = 0.0
    minimum_gain: float = 0.0

    def __post_init__(self) -> None:
        """Refuse rules that no test can follow; the comparisons also refuse NaN."""
        if self.type not in TYPES:
            raise ValueError(f"type must be one of {', '.join(TYPES)}")
        whole("min_questions", self.min_questions)
        whole("max_questions", self.max_questions, 1)
        if not 0 <= self.min_questions <= self.max_questions or self.max_questions < 1:
            raise ValueError(
                "min_questions must be 0 or more, max_questions 1 or more and no fewer than"
                f" min_questions, not {self.min_questions} and {self.max_questions}"
            )
        if not 0 < self.precision_threshold < math.inf:
            raise ValueError("precision_threshold must be finite and above 0")
        if not 0.5 <= self.classification_threshold <= 1:  # noqa: PLR2004 - the chance level
            raise ValueError("classification_threshold must lie between 0.5 and 1")
        if not math.isfinite(self.cut):
            raise ValueError("cut must be finite")
        if not 0 <= self.minimum_gain <= 1:
            raise ValueError("minimum_gain must lie between 0 and 1")


def stop(
    posterior: Posterior,
    rules: StopRules,
    *,
    tested: ArrayLike | None = None,
    gain: float | None = None,
) -> Reason | None:
    """Return the reason why the test is over, or None if it goes on.

    Args:
        posterior: The student's posterior; its number of answers is the length of the test.
        rules: The stop rules.
        tested: Mask of the concepts that the pool tests, shape (k,); all when None.
        gain: Expected reduction of the variance by the next item, as a share of the current
            variance; see `expected_share`. None leaves `minimum_gain` out.

    Raises:
        ValueError: If `tested` is not a mask of the concepts or `gain` is NaN.
    """
    if gain is not None and math.isnan(gain):
        raise ValueError("gain must be a number, not NaN")
    concepts = slice(None) if tested is None else mask("tested", tested, len(posterior.mean))
    if posterior.answer_count >= rules.max_questions:
        return "max_questions"
    if posterior.answer_count < rules.min_questions:
        return None
    variance = np.maximum(posterior.variance[concepts], _SMALLEST_VARIANCE)
    if rules.type == "precision" and np.sqrt(np.max(variance)) <= rules.precision_threshold:
        return "precision"
    if rules.type == "classification":
        above = normal_cdf((posterior.mean[concepts] - rules.cut) / np.sqrt(variance))
        if np.min(np.maximum(above, 1 - above)) >= rules.classification_threshold:
            return "classification"
    if gain is not None and gain < rules.minimum_gain:
        return "small_gain"
    return None
