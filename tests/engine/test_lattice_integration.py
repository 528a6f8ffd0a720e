"""Integration on lattices gives the posterior whatever the proposal.

The rows of `evidence` are k rows of slopes, the offsets and the floors, with a column per answer.
"""

import numpy as np
import pytest

from lib.engine import ItemBank, Posterior
from lib.engine.posterior.lattice_integration import POINTS, integrate_on_lattices
from lib.engine.posterior.propagation import Normal
from tests.support.examinees import adaptive_test, answers_of, correlated
from tests.support.quadrature import exact_by_pairs


@pytest.mark.parametrize("k", POINTS)
@pytest.mark.parametrize("steep", [False, True])
def test_answers_with_little_information_leave_the_prior(k: int, steep: bool) -> None:
    evidence = np.concatenate((1e-3 * np.eye(k), np.zeros((1, k)), np.full((1, k), 0.25)))
    wrong_proposal = Normal(np.full(k, -0.5), 0.4 * np.eye(k) + 0.2)
    result = integrate_on_lattices(evidence, wrong_proposal, steep=steep)
    assert result
    assert np.abs(result.mean).max() < 5e-3
    assert result.covariance == pytest.approx(np.eye(k), abs=0.01)


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_without_guessing_no_direction_becomes_wider_than_the_prior(k: int) -> None:
    slopes = np.diag([6.0] + [1e-3] * (k - 1))
    evidence = np.concatenate((slopes, np.zeros((2, k))))
    result = integrate_on_lattices(evidence, Normal(np.zeros(k), np.eye(k)), steep=True)
    assert result
    assert np.linalg.eigvalsh(result.covariance)[-1] <= 1.0 + 1e-12


def test_directions_without_answers_keep_the_prior_exactly() -> None:
    bank = ItemBank([[6.0, 3.0, 0.0, 0.0, 0.0], [0.0, 7.0, 0.0, 0.0, 0.0]], 0.0, 0.25)
    result = Posterior.of_answers(Posterior.prior(5), bank, [0, 1, 0], [True, False, True])
    assert result.covariance[0, 1] < -0.05
    assert result.mean[2:] == pytest.approx(np.zeros(3), abs=1e-15)
    assert result.covariance[2:] == pytest.approx(np.eye(5)[2:], abs=1e-15)


def test_answers_on_two_of_many_concepts_are_integrated_in_two_dimensions() -> None:
    bank = ItemBank([[6.0, 3.0], [0.0, 7.0]], 0.0, 0.25)
    two_concepts = Posterior.of_answers(Posterior.prior(2), bank, [0, 1, 0], [True, False, True])
    padded_bank = ItemBank(np.pad(bank.slopes, ((0, 0), (30, 0))), 0.0, 0.25)
    result = Posterior.of_answers(Posterior.prior(32), padded_bank, [0, 1, 0], [True, False, True])
    assert result.mean[30:] == pytest.approx(two_concepts.mean, abs=1e-9)
    assert result.covariance[30:, 30:] == pytest.approx(two_concepts.covariance, abs=1e-9)


@pytest.mark.parametrize(
    ("mean", "variance", "difficulty", "correct"),
    [
        (0.0, 1.0, [0.0, 1.0, 1.0], [False, True, True]),
        (0.0, 4.0, [0.0, 0.0, 1.0, 1.0], [False, False, True, True]),
        (3.0, 4.0, [0.0, 1.0, 1.0], [False, True, True]),
    ],
)
def test_contradictory_steep_answers_are_integrated(
    mean: float, variance: float, difficulty: list[float], correct: list[bool]
) -> None:
    # The likelihood of these answers is at most e⁻⁸⁰ wherever the posterior has mass.
    t = len(correct)
    bank = ItemBank.from_questions([[1, 1]] * t, difficulty, 5.0)
    prior = Posterior.prior(2, [mean] * 2, variance * np.eye(2))
    result = Posterior.of_answers(prior, bank, range(t), correct)
    exact = exact_by_pairs([mean] * 2, variance * np.eye(2), answers_of(result, bank))
    assert result.mean == pytest.approx(exact.mean, abs=0.01)
    assert np.sqrt(result.variance) == pytest.approx(exact.deviation, abs=0.015)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_an_inaccurate_proposal_hardly_matters(k: int) -> None:
    bank, states = adaptive_test(3, 3.0, 0.2, 12, k)
    state = states[-1]
    root = state.prior_root
    exact = exact_by_pairs(np.zeros(k), correlated(k), answers_of(state, bank))
    deviation = np.sqrt(np.diagonal(state.normal.covariance))
    for shift, widening in ((-0.7, 1.3), (1.5, 1.0), (1.0, 0.6), (2.0, 1.0)):
        proposal = Normal(
            state.normal.mean + shift * deviation, widening**2 * state.normal.covariance
        )
        result = integrate_on_lattices(state.evidence, proposal, steep=True)
        assert result
        spread = np.sqrt(np.diagonal(root @ result.covariance @ root.T))
        assert root @ result.mean == pytest.approx(exact.mean, abs=4e-3), (shift, widening)
        assert spread == pytest.approx(exact.deviation, abs=8e-3), (shift, widening)


def test_too_few_effective_points_give_no_result() -> None:
    evidence = np.array([[1e4, -1e4], [0.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    assert integrate_on_lattices(evidence, Normal(np.zeros(2), np.eye(2)), steep=True) is None


def test_signs_of_the_concepts_do_not_matter() -> None:
    state = adaptive_test(3, 3.0, 0.2, 12, 3)[1][-1]
    signs = np.diag([-1.0, 1.0, -1.0])
    evidence = np.concatenate((signs @ state.evidence[:-2], state.evidence[-2:]))
    reversed_normal = Normal(signs @ state.normal.mean, signs @ state.normal.covariance @ signs)
    original = integrate_on_lattices(state.evidence, state.normal, steep=True)
    reversed_result = integrate_on_lattices(evidence, reversed_normal, steep=True)
    assert original
    assert reversed_result
    assert signs @ reversed_result.mean == pytest.approx(original.mean, abs=1e-6)
    assert signs @ reversed_result.covariance @ signs == pytest.approx(
        original.covariance, abs=1e-6
    )
