"""Inference of knowledge, speed and forgetting from a student's answers; pure.

A committee of hypotheses (theory of memory, speed, freshness of what was known before the first
session, weight of missing prerequisites) replays the student's sessions in `estimate`. Each member
corrects its levels by the answers, and answers that it predicted badly lower its probability. With
few answers the estimates stay near those of an average student.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lib.learning.decision.memory import READY_EXPONENTS, FloatArray, average
from lib.learning.decision.topic_graph import TopicId


@dataclass(frozen=True)
class PastSession:
    """Study of a topic on a day, with the answers that ended it."""

    day: int
    """Number of the day, counted from any fixed day."""
    topic: TopicId
    minutes: float
    answers: int
    """Number of answers."""
    correct: int
    """Number of right answers."""


@dataclass(frozen=True)
class Committee:
    """Hypotheses about a student; axes: theories, members of a theory, topics."""

    probabilities: FloatArray
    """Shape (3, k); adds up to 1."""
    speeds: FloatArray
    """Shape (3, k)."""
    is_hard: NDArray[np.bool_]
    """Whether a member holds the second of `READY_EXPONENTS`, shape (k,)."""
    level: FloatArray
    """Level of each topic, 0 to 1; shape (3, k, n)."""
    level_variance: FloatArray
    """Variance of the level within a hypothesis; shape (3, k, n)."""
    retention: FloatArray
    """Shape (3, k, n)."""
    stability: FloatArray
    """Days; shape (3, k, n)."""

    @cached_property
    def theories(self) -> FloatArray:
        """Probability of each theory, shape (3,)."""
        probabilities: FloatArray = self.probabilities.sum(axis=1)
        return probabilities

    def mean(self) -> "StudentState":
        """Return the mean student of each theory."""
        weights = self.probabilities / self.theories[:, None]
        return StudentState(
            theories=self.theories,
            exponent_probabilities=np.array(
                [
                    self.probabilities[:, ~self.is_hard].sum(),
                    self.probabilities[:, self.is_hard].sum(),
                ]
            ),
            speed=(weights * self.speeds).sum(axis=1),
            level=np.einsum("tk,tkn->tn", weights, self.level),
            retention=np.einsum("tk,tkn->tn", weights, self.retention),
            stability=np.exp(np.einsum("tk,tkn->tn", weights, np.log(self.stability))),
        )


@dataclass(frozen=True)
class StudentState:
    """State of a student by each theory; axes: theories, topics."""

    theories: FloatArray
    """Probability of each theory, shape (3,)."""
    speed: FloatArray
    """Shape (3,)."""
    exponent_probabilities: FloatArray
    """Probability of each of `READY_EXPONENTS`, shape (2,)."""
    level: FloatArray
    retention: FloatArray
    stability: FloatArray

    def readiness(self, supply: FloatArray) -> FloatArray:
        """Return the share of the speed of learning that prerequisites allow, 0 to 1.

        Args:
            supply: Knowledge of the weakest prerequisite as a share of what is needed, 0 to 1.
        """
        slow, hard = self.exponent_probabilities
        share: FloatArray = (
            slow * supply ** READY_EXPONENTS[0] + hard * supply ** READY_EXPONENTS[1]
        )
        return share

    def readiness_slope(self, supply: FloatArray) -> FloatArray:
        """Return the derivative of `readiness`; 0 where nothing slows the student down."""
        slow, hard = self.exponent_probabilities
        first, second = READY_EXPONENTS
        slope = slow * first * supply ** (first - 1) + hard * second * supply ** (second - 1)
        return np.where(supply < 1, slope, 0.0)

    @property
    def mastery(self) -> FloatArray:
        """Expected knowledge of each topic now, 0 to 1, shape (n,)."""
        return average(self.level * self.retention, self.theories)
