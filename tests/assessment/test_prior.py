"""What a session begins with."""

from statistics import NormalDist

import numpy as np
import pytest

from lib.assessment.sessions.prior import ConceptRecord, records_of, session_prior
from lib.assessment.sessions.session import confidences, proficiency


def test_nobody_knows_a_new_student() -> None:
    prior = session_prior((None,) * 3, None)
    assert proficiency(prior) == [0.5, 0.5, 0.5]
    assert confidences(prior) == [0.0, 0.0, 0.0]


def test_what_was_found_a_moment_ago_is_where_one_begins() -> None:
    prior = session_prior((ConceptRecord(0.8, 0.6, 0.0), None), None)
    assert proficiency(prior) == [0.8, 0.5]
    assert confidences(prior) == [0.6, 0.0]


def test_half_a_half_life_is_worked_by_hand() -> None:
    """v = 0.4 and m = Φ⁻¹(0.8) √1.4; after 180 days √½ m and 1 - ½ · 0.6 = 0.7."""
    prior = session_prior((ConceptRecord(0.8, 0.6, 180.0),), None)
    mean = NormalDist().inv_cdf(0.8) * 1.4**0.5 * 0.5**0.5
    assert prior.mean == pytest.approx([mean])
    assert prior.variance == pytest.approx([0.7])
    assert proficiency(prior) == [pytest.approx(NormalDist().cdf(mean / 1.7**0.5), abs=1e-6)]


def test_after_years_a_student_is_unknown_again() -> None:
    prior = session_prior((ConceptRecord(0.95, 0.9, 20 * 365.0),), None)
    assert proficiency(prior) == [pytest.approx(0.5, abs=1e-3)]


@pytest.mark.parametrize(
    "record",
    [ConceptRecord(0.0, 0.0, 0.0), ConceptRecord(1.0, 1.0, 0.0), ConceptRecord(1.0, 2.0, -5)],
)
def test_values_at_the_edge_do_no_harm(record: ConceptRecord) -> None:
    prior = session_prior((record, None), np.array([[1.0, 0.5], [0.5, 1.0]]))
    assert np.isfinite(prior.mean).all()
    assert (np.linalg.eigvalsh(prior.covariance) > 0).all()


def test_correlations_of_the_pool_are_kept() -> None:
    correlation = np.array([[1.0, 0.6], [0.6, 1.0]])
    assert session_prior((None, None), correlation).covariance == pytest.approx(correlation)
    known = session_prior((ConceptRecord(0.7, 0.5, 0.0), None), correlation)
    assert known.covariance[0, 1] > 0
    assert np.diagonal(known.covariance) == pytest.approx([0.5, 1.0], abs=1e-5)


def test_known_concepts_stand_in_the_sessions_order() -> None:
    prior = {"Algebra": [0.7, 0.5, 3.0], "Latin": [0.9, 0.5, 3.0]}
    assert records_of(["Math", "Algebra"], prior) == (None, ConceptRecord(0.7, 0.5, 3.0))
    assert records_of(["Math"], None) == (None,)
