"""A session's prior: the population's, updated with the student's results in earlier tests."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lib.assessment.sessions.store import StoredPrior
from lib.engine import Posterior, aged, latent_mean, prior_from_record

FloatArray = NDArray[np.float64]

MARGIN = 1e-4
"""Smallest distance of a proficiency from 0 and 1, and of a confidence from 1, after clipping."""


class ConceptRecord(NamedTuple):
    """A student's long-term proficiency in one concept."""

    proficiency: float
    confidence: float
    age_days: float
    """Days since the test that measured it."""


Records = tuple[ConceptRecord | None, ...]
"""A record for each concept of a session, in the session's order; None without a proven result."""


def records_of(concept_names: Sequence[str], stored: StoredPrior | None) -> Records:
    """Return values that a session's row stores by concept, in the order of its concepts."""
    return tuple(
        ConceptRecord(*stored[name]) if stored is not None and name in stored else None
        for name in concept_names
    )


def session_prior(records: Records, correlation: FloatArray | None) -> Posterior:
    """Return the distribution of the student's abilities at the start of a session.

    It depends only on the session's row and its pool's version, so a session can be rebuilt from
    them bit for bit.

    Args:
        records: The student's record in each of the k concepts.
        correlation: Correlation of the concepts in the population, shape (k, k); None if
            independent.
    """
    if not any(records):
        return Posterior.prior(len(records), covariance=correlation)
    moments = [(0.0, 1.0) if record is None else _moments_today(record) for record in records]
    mean, variance = zip(*moments, strict=True)
    return prior_from_record(mean, variance, correlation=correlation)


def _moments_today(record: ConceptRecord) -> tuple[float, float]:
    """Return mean and variance of an ability today; an older record gives a larger variance."""
    variance = 1.0 - min(max(record.confidence, 0.0), 1.0 - MARGIN)
    percentile = min(max(record.proficiency, MARGIN), 1.0 - MARGIN)
    mean, variance_today = aged(latent_mean(percentile, variance), variance, record.age_days)
    return float(mean), float(variance_today)
