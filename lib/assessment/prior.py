"""What is known of a student before the first answer of a session."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lib.assessment.record import Prior
from lib.engine import Posterior, latent_mean

MEMORY_DAYS = 180.0
"""Abilities drift: after as many days the correlation with what was measured has fallen to 1/e.

Ability is taken as a stationary process around the population, so the mean goes back towards 0 and
the variance towards 1 as the measurement ages; docs/assessment.md says where the number comes from.
"""
MARGIN = 1e-4
"""Recorded proficiencies of 0 and 1, and a confidence of 1, are read as this far inside."""


class Known(NamedTuple):
    """What earlier tests found of one concept."""

    proficiency: float
    confidence: float
    days: float
    """Age of the finding."""


def known_by_position(
    concept_names: Sequence[str], prior: Prior | None
) -> tuple[Known | None, ...]:
    """What a session's row keeps by concept name, in the order of its concepts."""
    return tuple(
        Known(*prior[name]) if prior is not None and name in prior else None
        for name in concept_names
    )


def starting_point(
    known: Sequence[Known | None],
    pool_mean: list[float] | None = None,
    pool_covariance: list[float] | None = None,
) -> Posterior:
    """Return the prior of a session: the population's, moved by what is known of the student.

    A pure function of what the session's row and its pool's version hold, so that a session can
    be rebuilt from them bit for bit.

    Args:
        known: What earlier tests found of each of the k concepts.
        pool_mean: Population mean of each concept, k logits; zeros if None.
        pool_covariance: k * k numbers, row by row; the identity if None.
    """
    k = len(known)
    mean = np.zeros(k) if pool_mean is None else np.array(pool_mean, float)
    covariance = np.eye(k) if pool_covariance is None else np.reshape(pool_covariance, (k, k))
    if not any(known):
        return Posterior.prior(k, mean, covariance)
    variance = np.diagonal(covariance).copy()
    deviation = np.sqrt(variance)
    correlation = covariance / np.outer(deviation, deviation)
    for j, found in enumerate(known):
        if found is not None:
            mean[j], variance[j] = _aged(found, mean[j], variance[j])
    spread = np.sqrt(variance)
    return Posterior.prior(k, mean, correlation * np.outer(spread, spread))


def _aged(found: Known, mean: float, variance: float) -> tuple[float, float]:
    """Mean and variance today of what was found; `mean`, `variance`: the population's."""
    measured_variance = 1.0 - min(max(found.confidence, 0.0), 1.0 - MARGIN)
    inside = min(max(found.proficiency, MARGIN), 1.0 - MARGIN)
    measured_mean = float(latent_mean(inside, measured_variance))
    remembered = math.exp(-max(found.days, 0.0) / MEMORY_DAYS)
    return (
        mean + remembered * (measured_mean - mean),
        variance + remembered**2 * (measured_variance - variance),
    )
