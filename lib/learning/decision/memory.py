"""Three theories of how people learn, forget and are marked; pure.

Nobody knows which theory describes a student best, so decisions average over all three. Arrays have
one row per theory on their first axis, in the order of `Theory`; the last axis is the topics.

A student's knowledge of a topic is its level (the part that was learned, 0 to 1) times its
retention (the part of that which can be recalled now, 0 to 1). Stability says how slowly the
retention falls. The constants are from the literature, most of them rounded; none is fitted to data
of students of this planner.
"""

from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]


class Theory(IntEnum):
    """Position of a theory on the first axis."""

    POWER = 0
    """Forgetting by a power of time; a review adds more stability the more was forgotten."""
    EXPONENTIAL = 1
    """Forgetting at a constant rate, which every full session lowers by the same factor."""
    ALL_OR_NONE = 2
    """No forgetting; a question is answered correctly once most of its topic is known."""


PRIOR = np.full(len(Theory), 1 / len(Theory))
"""Probability of each theory before any answer."""

POWER_DECAY = 0.1542
"""Exponent of the power law; the default weight of FSRS-6."""
POWER_SCALE = 0.9 ** (-1 / POWER_DECAY) - 1
"""Factor that makes the power law's stability the number of days until retention is 90 %."""
FIRST_STABILITY = (8.0, 14.0, 1.0)
"""Stability of what a student knows already, days, by theory: the days until retention has fallen
to 90 %, or the time constant of the exponential. The last one has no effect."""
LONGEST_STABILITY = 400.0  # days

REVIEW_GROWTH, SPACING_GROWTH = 0.3, 4.0
"""Growth of the power law's stability by a full session: 0.3 if nothing was forgotten, and 4 times
the forgotten part in addition, so that a review at 90 % retention multiplies it by 1.7."""
SESSION_GROWTH = 0.4
"""Growth of the exponential's stability by a full session."""
FULL_SESSION = 15.0
"""Productive minutes of a session that strengthens memory fully."""

SETTLING_MINUTES = 4.0
"""Minutes of a session that go to settling down."""
ATTENTION = 0.9
"""Share of the other minutes that is productive."""
RESTORING_MINUTES = 9.0
"""Productive minutes that restore 63 % of what was forgotten. Relearning takes a fraction of the
time of learning: Ebbinghaus (1885), repeated by Murre and Dros (2015)."""
IMPLICIT_SHARE = 0.25
"""Share of a session's productive minutes that also restores each prerequisite of its topic, since
the session uses it."""
MASTERED_LOG = float(np.log(5))
"""-log(1 - 0.8), because a novice learns 80 % of a topic in its estimated minutes."""

READY_LEVEL = 0.75
"""Knowledge of a prerequisite that allows learning at full speed, unless more is required."""
READY_EXPONENTS = (1.0, 3.0)
"""Exponents under two hypotheses about prerequisites: what a student lacks of them slows learning
down in proportion, or nearly prevents it."""

CREDIT_EXPONENT = 1.2
"""Exponent by which marks grow slightly faster than knowledge, since many questions need several
parts of a topic."""
CREDIT_CENTER, CREDIT_SLOPE = 0.6, 8.0
"""Knowledge at which an all-or-none topic brings half of its marks, and the steepness there."""


LONGEST_FRESH = 25.0
"""Minutes on one topic in a day beyond which attention is halved."""


def productive(minutes: float) -> float:
    """Return the productive minutes of a session."""
    return ATTENTION * max(0.0, minutes - SETTLING_MINUTES)


def productive_of_day(minutes: FloatArray) -> FloatArray:
    """Return the productive minutes of a day's study of each topic; those beyond 25 count half."""
    fresh = np.minimum(minutes, LONGEST_FRESH)
    useful: FloatArray = ATTENTION * np.maximum(fresh + (minutes - fresh) / 2 - SETTLING_MINUTES, 0)
    return useful


def retained(retention: FloatArray, stability: FloatArray, days: float | FloatArray) -> FloatArray:
    """Return the retention some days later, without study in between.

    Args:
        retention: Retention now, above 0; first axis: theories.
        stability: Stability, days; of the same shape.
        days: Days that pass, 0 or more.
    """
    later = np.ones_like(retention)
    power, exponential = Theory.POWER, Theory.EXPONENTIAL
    later[power] = (
        retention[power] ** (-1 / POWER_DECAY) + POWER_SCALE * days / stability[power]
    ) ** -POWER_DECAY
    later[exponential] = np.maximum(
        retention[exponential] * np.exp(-days / stability[exponential]), 1e-4
    )
    return later


def retained_slopes(
    retention: FloatArray, stability: FloatArray, days: float
) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives of `retained` with respect to retention and to stability."""
    by_retention, by_stability = np.zeros_like(retention), np.zeros_like(retention)
    later = retained(retention, stability, days)
    power, exponential = Theory.POWER, Theory.EXPONENTIAL
    steepness = later[power] ** (1 + 1 / POWER_DECAY)
    by_retention[power] = steepness * retention[power] ** -(1 + 1 / POWER_DECAY)
    by_stability[power] = steepness * POWER_DECAY * POWER_SCALE * days / stability[power] ** 2
    by_retention[exponential] = later[exponential] / retention[exponential]
    by_stability[exponential] = later[exponential] * days / stability[exponential] ** 2
    return by_retention, by_stability


def strengthened(
    stability: FloatArray, retention: FloatArray, minutes: float | FloatArray
) -> FloatArray:
    """Return the stability after a session.

    Args:
        stability: Stability before, days; first axis: theories.
        retention: Retention before; of the same shape.
        minutes: Productive minutes of the session; a number, or one for each topic.
    """
    fullness = np.minimum(1.0, np.divide(minutes, FULL_SESSION))
    after = stability.copy()
    power, exponential = Theory.POWER, Theory.EXPONENTIAL
    after[power] *= 1 + fullness * (REVIEW_GROWTH + SPACING_GROWTH * (1 - retention[power]))
    after[exponential] *= 1 + fullness * SESSION_GROWTH
    return np.minimum(after, LONGEST_STABILITY)


def strengthened_slopes(
    stability: FloatArray, retention: FloatArray, minutes: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the derivatives of `strengthened` with respect to stability and to retention."""
    after = strengthened(stability, retention, minutes)
    below = after < LONGEST_STABILITY
    by_retention = np.zeros_like(stability)
    fullness = np.minimum(1.0, minutes / FULL_SESSION)
    by_retention[Theory.POWER] = -stability[Theory.POWER] * fullness * SPACING_GROWTH
    return np.where(below, after / stability, 0.0), np.where(below, by_retention, 0.0)


def restored(retention: FloatArray, minutes: float | FloatArray) -> FloatArray:
    """Return the retention after a session.

    Args:
        retention: Retention before.
        minutes: Productive minutes of the session.
    """
    return retention + (1 - retention) * restored_share(minutes)


def restored_share(minutes: float | FloatArray) -> FloatArray:
    """Return the share of what was forgotten that productive minutes restore, of their shape."""
    share: FloatArray = 1 - np.exp(-np.divide(minutes, RESTORING_MINUTES))
    return share


def credit(knowledge: FloatArray) -> FloatArray:
    """Return the share of a topic's marks that knowledge brings beyond guessing, 0 to 1.

    Args:
        knowledge: Level times retention, 0 to 1; first axis: theories.
    """
    marks = knowledge**CREDIT_EXPONENT
    last = Theory.ALL_OR_NONE
    marks[last] = 1 / (1 + np.exp((CREDIT_CENTER - knowledge[last]) * CREDIT_SLOPE))
    return marks


def credit_slope(knowledge: FloatArray) -> FloatArray:
    """Return the derivative of `credit`, of its shape."""
    slope = CREDIT_EXPONENT * knowledge ** (CREDIT_EXPONENT - 1)
    last = Theory.ALL_OR_NONE
    share = 1 / (1 + np.exp((CREDIT_CENTER - knowledge[last]) * CREDIT_SLOPE))
    slope[last] = CREDIT_SLOPE * share * (1 - share)
    return slope


def average(by_theory: FloatArray, probabilities: FloatArray) -> FloatArray:
    """Return the mean over the theories on the first axis."""
    mean: FloatArray = probabilities @ by_theory.reshape(len(by_theory), -1)
    return mean.reshape(by_theory.shape[1:])
