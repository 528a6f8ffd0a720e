"""Mastery of a concept by the live system's formula.

Half of the mastery is accuracy, a fifth speed, a fifth confidence and a tenth consistency, each
at most 1; consistency may be negative.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from lib.learning.mastery.figures import Mastery

ACCURACY, SPEED, CONFIDENCE, CONSISTENCY = 0.5, 0.2, 0.2, 0.1
"""Weights of the four parts; they add up to 1."""
MAX_CONFIDENCE = 5
RECENT = 10
"""Number of newest answers whose consistency counts."""
FEWEST_FOR_CONSISTENCY = 3
"""Smallest number of answers for which consistency is computed."""
UNKNOWN_CONSISTENCY = 0.5
"""Consistency that is assumed for fewer than `FEWEST_FOR_CONSISTENCY` answers."""


@dataclass(frozen=True)
class AnswerFacts:
    """Facts of one answer that count for mastery."""

    is_correct: bool
    seconds: float
    """Time that the answer took."""
    expected_seconds: float
    """Time that its question is expected to take."""
    confidence: int | None
    """Confidence from 1 to 5; None if it is not known."""


def mastery_of(answers: Sequence[AnswerFacts]) -> Mastery:
    """Return the mastery of one concept from its answers, which are in the order of their times."""
    if not answers:
        return Mastery(0, 0, 0.0, 0.0, 0.0)
    correct = sum(answer.is_correct for answer in answers)
    average_time = fmean(answer.seconds for answer in answers)
    expected_time = fmean(answer.expected_seconds for answer in answers)
    confidences = [answer.confidence for answer in answers if answer.confidence is not None]
    average_confidence = fmean(confidences) if confidences else 0.0
    score = 100 * (
        ACCURACY * correct / len(answers)
        + SPEED * min(1.0, expected_time / average_time)
        + CONFIDENCE * average_confidence / MAX_CONFIDENCE
        + CONSISTENCY * _consistency([answer.is_correct for answer in answers[-RECENT:]])
    )
    return Mastery(
        len(answers), correct, average_time, average_confidence, min(100.0, max(0.0, score))
    )


def _consistency(results: Sequence[bool]) -> float:
    """Return 1 minus the coefficient of variation, as in the live system; it may be negative.

    It is `UNKNOWN_CONSISTENCY` for few results, and 0 if none is right.
    """
    if len(results) < FEWEST_FOR_CONSISTENCY:
        return UNKNOWN_CONSISTENCY
    numbers = [float(result) for result in results]
    mean = fmean(numbers)
    return 1 - stdev(numbers) / mean if mean > 0 else 0.0
