"""Priors from earlier tests and from the population."""

import numpy as np
import pytest

from lib.engine import (
    HALF_LIFE_DAYS,
    ItemBank,
    Posterior,
    aged,
    population_correlation,
    prior_from_record,
    update,
)

CORRELATION = np.array([[1.0, 0.6, 0.2], [0.6, 1.0, 0.4], [0.2, 0.4, 1.0]])


def test_explained_variance_halves_after_the_half_life() -> None:
    mean, variance = aged([0.8], [0.2], HALF_LIFE_DAYS)
    assert 1 - variance[0] == pytest.approx(0.4)
    assert mean[0] == pytest.approx(0.8 * 0.5**0.5)
    assert aged([0.8], [0.2], 0)[0][0] == 0.8
    assert aged([0.8], [0.2], -5)[1][0] == pytest.approx(0.2)
    after_centuries = aged([0.8], [0.2], 1e5)
    assert after_centuries[0][0] == pytest.approx(0, abs=1e-9)
    assert after_centuries[1][0] == pytest.approx(1)


def test_ageing_preserves_the_population() -> None:
    # m ~ N(0, 1 - v) over students; after ageing m' ~ N(0, 1 - v'), so that v' + var m' is still 1.
    variance = np.array([0.3])
    spread = 1 - variance
    mean_factor, aged_variance = aged(np.ones(1), variance, 77.0)
    assert mean_factor**2 * spread + aged_variance == pytest.approx([1.0])


def test_a_prior_from_a_record_has_its_means_and_variances() -> None:
    for correlation in (None, CORRELATION):
        prior = prior_from_record([0.5, -1.0, 0.0], [0.2, 0.4, 0.9], 0, correlation)
        assert prior.mean == pytest.approx([0.5, -1.0, 0.0])
        assert prior.variance == pytest.approx([0.2, 0.4, 0.9], abs=1e-9)
        assert np.linalg.eigvalsh(prior.covariance)[0] > 0


def test_a_record_without_information_gives_the_population() -> None:
    prior = prior_from_record([0, 0, 0], [1, 1, 1], 0, CORRELATION)
    assert prior.covariance == pytest.approx(CORRELATION, abs=1e-6)


def test_a_record_gives_back_the_posterior_of_independent_evidence() -> None:
    # Independent evidence of precision λ₁, λ₂, λ₃ on the concepts turns C into
    # (C⁻¹ + diag(λ₁, λ₂, λ₃))⁻¹: a record with the diagonal of that matrix must give it back.
    exact = np.linalg.inv(np.linalg.inv(CORRELATION) + np.diag([5.0, 2.0, 0.5]))
    prior = prior_from_record(np.zeros(3), np.diagonal(exact), 0, CORRELATION)
    assert prior.covariance == pytest.approx(exact, abs=1e-5)


def test_correlations_are_estimated_from_tests_with_an_uncorrelated_prior() -> None:
    rng = np.random.default_rng(2)
    bank = ItemBank(np.eye(3)[np.arange(60) % 3] * 1.7, rng.normal(size=60))
    theta = rng.multivariate_normal(np.zeros(3), CORRELATION, 300)
    means, covariances = [], []
    for student in theta:
        state = Posterior.prior(3)
        right = rng.random(30) < bank.probability(student, np.arange(30))
        for item in range(30):
            state = update(state, bank, item, bool(right[item]))
        means.append(state.mean)
        covariances.append(state.covariance)
    estimated_correlations = population_correlation(means, covariances)
    assert np.diagonal(estimated_correlations) == pytest.approx([1, 1, 1])
    truth = np.corrcoef(theta.T) * 300 / 330 + np.eye(3) * 30 / 330  # shrunk by PRIOR_STUDENTS = 30
    assert np.abs(estimated_correlations - truth).max() < 0.12
    naive_correlations = np.corrcoef(np.array(means).T)
    assert np.abs(naive_correlations - truth).max() > np.abs(estimated_correlations - truth).max()
    from_variances = population_correlation(means, [np.diagonal(c) for c in covariances])
    assert np.abs(from_variances - truth).max() < 0.12


def test_few_students_give_small_correlations() -> None:
    means, variances = [[1.0, 1.0], [-1.0, -1.0]], [[0.1, 0.1], [0.1, 0.1]]
    assert 0 < population_correlation(means, variances)[0, 1] < 0.15
    without_students = population_correlation(np.zeros((0, 2)), np.zeros((0, 2)))
    assert without_students == pytest.approx(np.eye(2))


def test_an_invalid_prior_is_refused() -> None:
    for mean, covariance in (
        ([0.0], np.eye(2)),
        ([0.0, 0.0], [[1.0, 2.0], [2.0, 1.0]]),
        ([0.0, 0.0], [[1.0, 0.9], [-0.9, 1.0]]),
        ([np.nan, 0.0], np.eye(2)),
        ([0.0, 0.0], np.eye(3)),
    ):
        with pytest.raises(ValueError, match=r"covariance|means"):
            Posterior.prior(2, mean, covariance)


@pytest.mark.parametrize("k", [-1, 0, 33])
def test_a_prior_is_over_one_to_thirty_two_concepts(k: int) -> None:
    with pytest.raises(ValueError, match="1 to 32 concepts"):
        Posterior.prior(k)
    assert len(Posterior.prior(32).mean) == 32
