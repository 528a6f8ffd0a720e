"""The oracles, quadrature.py and particles.py in tests/support/, agree with other integrations."""

import numpy as np
import pytest
from scipy import integrate, stats

from tests.support.examinees import Examinee, adaptive_test, answers_of, correlated, examinee
from tests.support.particles import Particles
from tests.support.quadrature import Answers, exact_by_pairs, exact_posterior, log_likelihood


def adaptive_moments(someone: Examinee, low: float, high: float) -> tuple[float, float]:
    """Return mean and deviation in one dimension, by scipy's adaptive quadrature."""
    answers, m0, s0 = someone.answers, someone.mean[0], someone.covariance[0, 0] ** 0.5

    def density(x: float, power: int) -> float:
        p = answers.guessing + (1 - answers.guessing) * stats.logistic.cdf(
            answers.slopes[:, 0] * x + answers.intercepts
        )
        likelihood = np.prod(np.where(answers.correct, p, 1 - p))
        return float(likelihood * stats.norm.pdf(x, m0, s0) * x**power)

    total, first, second = (
        integrate.quad(density, low, high, args=(n,), epsabs=0, epsrel=1e-10, limit=500)[0]
        for n in range(3)
    )
    return first / total, (second / total - (first / total) ** 2) ** 0.5


def test_oracle_agrees_with_adaptive_quadrature_in_one_dimension() -> None:
    for seed, kind in enumerate(["", "guessing", "right", "guessing wrong", "shifted narrow"]):
        someone = examinee(np.random.default_rng(seed), 1, 12, kind)
        result = exact_posterior(someone.mean, someone.covariance, someone.answers)
        centre, reach = result.mean[0], 12 * result.deviation[0]
        mean, deviation = adaptive_moments(someone, centre - reach, centre + reach)
        assert result.mean[0] == pytest.approx(mean, abs=2e-5)
        assert result.deviation[0] == pytest.approx(deviation, abs=2e-5)


def test_oracle_agrees_with_a_product_of_single_dimensions() -> None:
    rng = np.random.default_rng(3)
    slopes = np.zeros((9, 3))
    slopes[np.arange(9), np.arange(9) % 3] = rng.uniform(0.8, 2.5, 9)
    answers = Answers(slopes, rng.normal(size=9), np.full(9, 0.2), rng.random(9) < 0.6)
    joint = exact_posterior(np.zeros(3), np.eye(3), answers)
    for j in range(3):
        on_concept = np.arange(9) % 3 == j
        part = Answers(slopes[on_concept][:, [j]], *(column[on_concept] for column in answers[1:]))
        single = exact_posterior([0.0], [[1.0]], part)
        assert joint.mean[j] == pytest.approx(single.mean[0], abs=2e-5)
        assert joint.deviation[j] == pytest.approx(single.deviation[0], abs=2e-5)
    assert np.abs(joint.covariance - np.diag(np.diagonal(joint.covariance))).max() < 1e-5


def test_oracle_agrees_with_a_million_weighted_draws_in_four_dimensions() -> None:
    rng = np.random.default_rng(4)
    someone = examinee(rng, 4, 10, "correlated")
    answers = someone.answers
    theta = rng.multivariate_normal(someone.mean, someone.covariance, 1_000_000)
    weight = np.ones(len(theta))
    for a, d, right in zip(answers.slopes, answers.intercepts, answers.correct, strict=True):
        p = stats.logistic.cdf(theta @ a + d)
        weight *= p if right else 1 - p
    exact = exact_posterior(someone.mean, someone.covariance, answers)
    effective = weight.sum() ** 2 / (weight**2).sum()
    assert effective > 10_000
    error = 4 * exact.deviation / effective**0.5
    sample_mean = weight @ theta / weight.sum()
    assert (np.abs(sample_mean - exact.mean) < error).all()
    assert np.cov(theta.T, aweights=weight) == pytest.approx(exact.covariance, abs=0.02)


def test_oracle_agrees_with_importance_sampling_around_the_posterior() -> None:
    someone = examinee(np.random.default_rng(6), 4, 14, "correlated")
    exact = exact_posterior(someone.mean, someone.covariance, someone.answers)
    particles = Particles(someone.bank, someone.mean, someone.covariance, 4096)
    cloud = particles.path(range(14), someone.answers.correct.tolist())[-1]
    assert cloud.mean == pytest.approx(exact.mean, abs=2e-3)
    assert cloud.covariance == pytest.approx(exact.covariance, abs=2e-3)


def test_expected_fall_agrees_with_the_posteriors_after_either_answer() -> None:
    someone = examinee(np.random.default_rng(7), 2, 6, "guessing correlated")
    bank = someone.bank
    particles = Particles(bank, someone.mean, someone.covariance, 8192)
    correct = someone.answers.correct[:5].tolist()
    cloud = particles.path(range(5), correct)[-1]
    right, wrong = (particles.after(cloud, range(6), [*correct, r]) for r in (True, False))
    chance = float(cloud.weight @ cloud.p_correct[:, 5])
    remaining = chance * right.variance.sum() + (1 - chance) * wrong.variance.sum()
    assert cloud.expected_fall()[5] == pytest.approx(cloud.variance.sum() - remaining, abs=2e-3)


@pytest.mark.parametrize("k", [2, 3, 4])
@pytest.mark.parametrize("kind", ["", "guessing correlated", "shifted narrow correlated"])
def test_sum_over_pairs_agrees_with_the_dense_grid(k: int, kind: str) -> None:
    someone = examinee(np.random.default_rng(8), k, 12, kind)
    dense = exact_posterior(someone.mean, someone.covariance, someone.answers)
    pairs = exact_by_pairs(someone.mean, someone.covariance, someone.answers)
    assert pairs.mean == pytest.approx(dense.mean, abs=1e-4)
    assert pairs.covariance == pytest.approx(dense.covariance, abs=1e-4)


def test_sum_over_pairs_misses_no_second_mode() -> None:
    # After a lucky guess at very steep questions, much mass can lie far from the mode. Weighted
    # draws from the prior, many more than the grid has points, measure it.
    bank, states = adaptive_test(6, 5.0, 0.2, 20, k=3)
    answers = answers_of(states[20], bank)
    rng = np.random.default_rng(1)
    weight, first, squares = 0.0, np.zeros(3), np.zeros(3)
    for _ in range(200):
        theta = rng.multivariate_normal(np.zeros(3), correlated(3), 20_000)
        likelihood = np.exp(log_likelihood(theta, answers) + 20.0)
        weight += likelihood.sum()
        first += likelihood @ theta
        squares += likelihood @ theta**2
    mean = first / weight
    exact = exact_by_pairs(np.zeros(3), correlated(3), answers)
    assert exact.mean == pytest.approx(mean, abs=0.02)
    assert exact.deviation == pytest.approx(np.sqrt(squares / weight - mean**2), abs=0.02)
