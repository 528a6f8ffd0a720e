"""Points of a lattice: whatever they are laid by, they find the posterior that there is."""

import numpy as np
import pytest

from lib.engine import ItemBank, Posterior
from lib.engine.posterior.lattice_integration import POINTS, integrate_on_lattices
from lib.engine.posterior.propagation import Normal
from tests.support.examinees import adaptive_test, answers_of, correlated
from tests.support.quadrature import exact_by_pairs


@pytest.mark.parametrize("k", POINTS)
@pytest.mark.parametrize("steep", [False, True])
def test_answers_that_say_hardly_anything_leave_the_prior(k: int, steep: bool) -> None:
    evidence = np.concatenate((1e-3 * np.eye(k), np.zeros((1, k)), np.full((1, k), 0.25)))
    elsewhere = Normal(np.full(k, -0.5), 0.4 * np.eye(k) + 0.2)
    found = integrate_on_lattices(evidence, elsewhere, steep=steep)
    assert found
    assert np.abs(found.mean).max() < 5e-3
    assert found.covariance == pytest.approx(np.eye(k), abs=0.01)


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_without_guessing_no_direction_becomes_wider_than_the_prior(k: int) -> None:
    slopes = np.diag([6.0] + [1e-3] * (k - 1))
    evidence = np.concatenate((slopes, np.zeros((2, k))))
    found = integrate_on_lattices(evidence, Normal(np.zeros(k), np.eye(k)), steep=True)
    assert found
    assert np.linalg.eigvalsh(found.covariance)[-1] <= 1.0 + 1e-12


def test_where_no_answer_points_the_prior_stays_to_the_last_digit() -> None:
    bank = ItemBank([[6.0, 3.0, 0.0, 0.0, 0.0], [0.0, 7.0, 0.0, 0.0, 0.0]], 0.0, 0.25)
    found = Posterior.of_answers(Posterior.prior(5), bank, [0, 1, 0], [True, False, True])
    assert found.covariance[0, 1] < -0.05
    assert found.mean[2:] == pytest.approx(np.zeros(3), abs=1e-15)
    assert found.covariance[2:] == pytest.approx(np.eye(5)[2:], abs=1e-15)


def test_two_of_many_concepts_are_two_dimensions() -> None:
    bank = ItemBank([[6.0, 3.0], [0.0, 7.0]], 0.0, 0.25)
    two = Posterior.of_answers(Posterior.prior(2), bank, [0, 1, 0], [True, False, True])
    wider = ItemBank(np.pad(bank.slopes, ((0, 0), (30, 0))), 0.0, 0.25)
    found = Posterior.of_answers(Posterior.prior(32), wider, [0, 1, 0], [True, False, True])
    assert found.mean[30:] == pytest.approx(two.mean, abs=1e-9)
    assert found.covariance[30:, 30:] == pytest.approx(two.covariance, abs=1e-9)


@pytest.mark.parametrize(
    ("mean", "variance", "difficulty", "correct"),
    [
        (0.0, 1.0, [0.0, 1.0, 1.0], [False, True, True]),
        (0.0, 4.0, [0.0, 0.0, 1.0, 1.0], [False, False, True, True]),
        (3.0, 4.0, [0.0, 1.0, 1.0], [False, True, True]),
    ],
)
def test_steep_answers_that_contradict_each_other_are_weighed(
    mean: float, variance: float, difficulty: list[float], correct: list[bool]
) -> None:
    # Their likelihood is e⁻⁸⁰ and less wherever the posterior is.
    t = len(correct)
    bank = ItemBank.from_questions([[1, 1]] * t, difficulty, 5.0)
    prior = Posterior.prior(2, [mean] * 2, variance * np.eye(2))
    found = Posterior.of_answers(prior, bank, range(t), correct)
    exact = exact_by_pairs([mean] * 2, variance * np.eye(2), answers_of(found, bank))
    assert found.mean == pytest.approx(exact.mean, abs=0.01)
    assert np.sqrt(found.variance) == pytest.approx(exact.deviation, abs=0.015)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_a_normal_that_is_off_hardly_matters(k: int) -> None:
    bank, states = adaptive_test(3, 3.0, 0.2, 12, k)
    state = states[-1]
    root = state.prior_root
    exact = exact_by_pairs(np.zeros(k), correlated(k), answers_of(state, bank))
    deviation = np.sqrt(np.diagonal(state.normal.covariance))
    for moved, wider in ((-0.7, 1.3), (1.5, 1.0), (1.0, 0.6), (2.0, 1.0)):
        off = Normal(state.normal.mean + moved * deviation, wider**2 * state.normal.covariance)
        found = integrate_on_lattices(state.evidence, off, steep=True)
        assert found
        spread = np.sqrt(np.diagonal(root @ found.covariance @ root.T))
        assert root @ found.mean == pytest.approx(exact.mean, abs=4e-3), (moved, wider)
        assert spread == pytest.approx(exact.deviation, abs=8e-3), (moved, wider)


def test_where_answers_leave_hardly_a_point_nothing_is_said() -> None:
    evidence = np.array([[1e4, -1e4], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    assert integrate_on_lattices(evidence, Normal(np.zeros(2), np.eye(2)), steep=True) is None


def test_signs_of_the_concepts_do_not_matter() -> None:
    state = adaptive_test(3, 3.0, 0.2, 12, 3)[1][-1]
    turned = np.diag([-1.0, 1.0, -1.0])
    evidence = np.concatenate((turned @ state.evidence[:-2], state.evidence[-2:]))
    other = Normal(turned @ state.normal.mean, turned @ state.normal.covariance @ turned)
    here = integrate_on_lattices(state.evidence, state.normal, steep=True)
    there = integrate_on_lattices(evidence, other, steep=True)
    assert here
    assert there
    assert turned @ there.mean == pytest.approx(here.mean, abs=1e-6)
    assert turned @ there.covariance @ turned == pytest.approx(here.covariance, abs=1e-6)
