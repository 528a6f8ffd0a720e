"""The prior of a session follows from earlier results, their age and the pool's correlations."""

from statistics import NormalDist

import numpy as np
import pytest

from lib.assessment.sessions.prior import ConceptRecord, records_of, session_prior
from lib.assessment.sessions.session import confidences, proficiency


def test_new_student_starts_at_the_population_mean() -> None:
    prior = session_prior((None,) * 3, None)
    assert proficiency(prior) == [0.5, 0.5, 0.5]
    assert confidences(prior) == [0.0, 0.0, 0.0]


def test_student_tested_just_now_starts_at_the_result() -> None:
    prior = session_prior((ConceptRecord(0.8, 0.6, 0.0), None), None)
    assert proficiency(prior) == [0.8, 0.5]
    assert confidences(prior) == [0.6, 0.0]


def test_prior_after_one_half_life_equals_the_one_worked_out_by_hand() -> None:
    """At the test, the variance is v = 1 - 0.6 and the mean m = Φ⁻¹(0.8) √(1 + v).

    After 180 days, the mean is √½ m and the variance 1 - ½ · 0.6.
    """
    prior = session_prior((ConceptRecord(0.8, 0.6, 180.0),), None)
    mean = NormalDist().inv_cdf(0.8) * 1.4**0.5 * 0.5**0.5
    assert prior.mean == pytest.approx([mean])
    assert prior.variance == pytest.approx([0.7])
    assert proficiency(prior) == [pytest.approx(NormalDist().cdf(mean / 1.7**0.5), abs=1e-6)]


def test_student_last_tested_years_ago_starts_like_a_new_student() -> None:
    prior = session_prior((ConceptRecord(0.95, 0.9, 20 * 365.0),), None)
    assert proficiency(prior) == [pytest.approx(0.5, abs=1e-3)]


@pytest.mark.parametrize(
    "record",
    [ConceptRecord(0.0, 0.0, 0.0), ConceptRecord(1.0, 1.0, 0.0), ConceptRecord(1.0, 2.0, -5)],
)
def test_records_at_and_beyond_the_limits_give_a_proper_prior(record: ConceptRecord) -> None:
    prior = session_prior((record, None), np.array([[1.0, 0.5], [0.5, 1.0]]))
    assert np.isfinite(prior.mean).all()
    assert (np.linalg.eigvalsh(prior.covariance) > 0).all()


def test_correlations_of_the_pool_are_kept() -> None:
    correlation = np.array([[1.0, 0.6], [0.6, 1.0]])
    assert session_prior((None, None), correlation).covariance == pytest.approx(correlation)
    prior = session_prior((ConceptRecord(0.7, 0.5, 0.0), None), correlation)
    assert prior.covariance[0, 1] > 0
    assert np.diagonal(prior.covariance) == pytest.approx([0.5, 1.0], abs=1e-5)


def test_records_are_in_the_order_of_the_sessions_concepts() -> None:
    records = {"Algebra": [0.7, 0.5, 3.0], "Latin": [0.9, 0.5, 3.0]}
    assert records_of(["Math", "Algebra"], records) == (None, ConceptRecord(0.7, 0.5, 3.0))
    assert records_of(["Math"], None) == (None,)
