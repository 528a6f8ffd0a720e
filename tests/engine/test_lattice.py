"""Points of a lattice: whatever they are laid by, they find the posterior that there is."""

import numpy as np
import pytest

from lib.engine.lattice import POINTS, integrated
from lib.engine.propagation import Normal
from tests.support.examinees import adaptive_test, answers_of, correlated
from tests.support.quadrature import exact_by_pairs


@pytest.mark.parametrize("k", POINTS)
@pytest.mark.parametrize("steep", [False, True])
def test_without_answers_they_find_the_prior(k: int, steep: bool) -> None:
    elsewhere = Normal(np.full(k, -0.5), 0.4 * np.eye(k) + 0.2)
    found = integrated(np.empty((k + 2, 0)), elsewhere, steep=steep)
    assert found
    assert np.abs(found.mean).max() < 5e-3
    assert found.covariance == pytest.approx(np.eye(k), abs=0.01)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_a_normal_that_is_off_hardly_matters(k: int) -> None:
    bank, states = adaptive_test(3, 3.0, 0.2, 12, k)
    state = states[-1]
    root = state.prior_root
    exact = exact_by_pairs(np.zeros(k), correlated(k), answers_of(state, bank))
    deviation = np.sqrt(np.diagonal(state.normal.covariance))
    for moved, wider in ((-0.7, 1.3), (1.5, 1.0), (1.0, 0.6), (2.0, 1.0)):
        off = Normal(state.normal.mean + moved * deviation, wider**2 * state.normal.covariance)
        found = integrated(state.evidence, off, steep=True)
        assert found
        spread = np.sqrt(np.diagonal(root @ found.covariance @ root.T))
        assert root @ found.mean == pytest.approx(exact.mean, abs=4e-3), (moved, wider)
        assert spread == pytest.approx(exact.deviation, abs=8e-3), (moved, wider)


def test_where_answers_leave_hardly_a_point_nothing_is_said() -> None:
    evidence = np.array([[1e4, -1e4], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    assert integrated(evidence, Normal(np.zeros(2), np.eye(2)), steep=True) is None


def test_signs_of_the_concepts_do_not_matter() -> None:
    state = adaptive_test(3, 3.0, 0.2, 12, 3)[1][-1]
    turned = np.diag([-1.0, 1.0, -1.0])
    evidence = np.concatenate((turned @ state.evidence[:-2], state.evidence[-2:]))
    other = Normal(turned @ state.normal.mean, turned @ state.normal.covariance @ turned)
    here = integrated(state.evidence, state.normal, steep=True)
    there = integrated(evidence, other, steep=True)
    assert here
    assert there
    assert turned @ there.mean == pytest.approx(here.mean, abs=1e-6)
    assert turned @ there.covariance @ turned == pytest.approx(here.covariance, abs=1e-6)
