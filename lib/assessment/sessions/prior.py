"""What is known of a student before the first answer of a session."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lib.assessment.sessions.store import Prior
from lib.engine import Posterior, aged, latent_mean, prior_from_record

FloatArray = NDArray[np.float64]

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


def starting_point(known: Sequence[Known | None], correlation: FloatArray | None) -> Posterior:
    """Return the prior of a session: the population's, moved by what is known of the student.

    A pure function of what the session's row and its pool's version hold, so that a session can
    be rebuilt from them bit for bit.

    Args:
        known: What earlier tests found of each of the k concepts, each as old as it is.
        correlation: Of the concepts in the population, shape (k, k); none if None.
    """
    if not any(known):
        return Posterior.prior(len(known), covariance=correlation)
    today = [(0.0, 1.0) if found is None else _today(found) for found in known]
    mean, variance = zip(*today, strict=True)
    return prior_from_record(mean, variance, correlation=correlation)


def _today(found: Known) -> tuple[float, float]:
    """Mean and variance today of an ability that was measured a while ago."""
    variance = 1.0 - min(max(found.confidence, 0.0), 1.0 - MARGIN)
    inside = min(max(found.proficiency, MARGIN), 1.0 - MARGIN)
    mean, variance_now = aged(latent_mean(inside, variance), variance, found.days)
    return float(mean), float(variance_now)
