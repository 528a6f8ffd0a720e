"""Values of items agree with direct evaluations of their definitions."""

import numpy as np
import pytest
from scipy import integrate, stats

from lib.engine import RULES, ItemBank, Posterior, Rule, gains, select, update
from lib.engine.normal import FloatArray
from tests.support.examinees import examinee

MEAN, COVARIANCE = np.array([0.4, -0.3]), np.array([[0.5, 0.2], [0.2, 0.7]])
SLOPES, INTERCEPT, GUESSING = np.array([1.1, 0.7]), -0.4, 0.2
WEIGHTS = np.array([2.0, 0.5])


def expectations() -> tuple[float, list[FloatArray]]:
    """Return P(correct) and the covariances after a right and a wrong answer, by quadrature."""
    axis = np.linspace(-9, 9, 361)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    weight = stats.multivariate_normal(MEAN, COVARIANCE).pdf(grid)
    weight /= weight.sum()
    p = GUESSING + (1 - GUESSING) * stats.logistic.cdf(grid @ SLOPES + INTERCEPT)
    after = [np.cov(grid.T, aweights=weight * f, ddof=0) for f in (p, 1 - p)]
    return float(weight @ p), after


def value_of(rule: Rule, weights: FloatArray | None = None) -> float:
    bank = ItemBank(SLOPES[None], INTERCEPT, GUESSING)
    return float(gains(Posterior.prior(2, MEAN, COVARIANCE), bank, [0], rule, weights)[0])


def test_variance_rule_is_the_expected_fall_of_the_variances() -> None:
    p, (right, wrong) = expectations()
    fall = np.diagonal(COVARIANCE - p * right - (1 - p) * wrong)
    assert value_of("variance") == pytest.approx(fall.sum(), abs=1e-6)
    assert value_of("variance", WEIGHTS) == pytest.approx(WEIGHTS @ fall, abs=1e-6)


def test_logdet_rule_is_the_expected_fall_of_the_log_determinant() -> None:
    p, (right, wrong) = expectations()
    fall = np.linalg.slogdet(COVARIANCE)[1] - p * np.linalg.slogdet(right)[1]
    fall -= (1 - p) * np.linalg.slogdet(wrong)[1]
    assert value_of("logdet") == pytest.approx(fall, abs=1e-6)


def test_mutual_information_is_the_fall_of_the_entropy_of_the_answer() -> None:
    s, v = SLOPES @ MEAN + INTERCEPT, SLOPES @ COVARIANCE @ SLOPES

    def probability(z: float) -> float:
        return float(GUESSING + (1 - GUESSING) * stats.logistic.cdf(s + v**0.5 * z))

    def entropy(p: float) -> float:
        return float(stats.entropy([p, 1 - p]))

    mean = integrate.quad(lambda z: probability(z) * stats.norm.pdf(z), -10, 10)[0]
    conditional = integrate.quad(lambda z: entropy(probability(z)) * stats.norm.pdf(z), -10, 10)[0]
    assert value_of("mutual_information") == pytest.approx(entropy(mean) - conditional, abs=1e-6)


def test_fisher_rules_add_the_information_at_the_mean() -> None:
    # I = (1 - c) L² (1 - L) / P at x = 1.1·0.4 - 0.7·0.3 - 0.4 = -0.17: L = 0.457602,
    # P = 0.2 + 0.8 L = 0.566082, I = 0.8 · 0.209400 · 0.542398 / 0.566082 = 0.160511.
    information = 0.160511
    precision = np.linalg.inv(COVARIANCE) + information * np.outer(SLOPES, SLOPES)
    after = np.linalg.inv(precision)
    assert value_of("fisher_a") == pytest.approx(np.trace(COVARIANCE - after), abs=1e-5)
    ratio = np.linalg.det(COVARIANCE) / np.linalg.det(after)
    assert value_of("fisher_d") == pytest.approx(np.log(ratio), abs=1e-5)


def test_every_rule_prefers_an_item_at_the_student_s_ability_to_one_far_away() -> None:
    bank = ItemBank([[1.5], [1.5]], [0.0, -6.0])
    for rule in RULES:
        value = gains(Posterior.prior(1), bank, [0, 1], rule)  # type: ignore[arg-type]
        assert value[0] > value[1] >= 0


def test_weights_direct_selection_to_the_concepts_that_count() -> None:
    bank = ItemBank([[1.5, 0.0], [0.0, 1.6]])
    assert select(Posterior.prior(2), bank) == 1
    assert select(Posterior.prior(2), bank, weights=[1.0, 0.1]) == 0


def test_correlations_make_one_concept_s_item_worth_more() -> None:
    bank = ItemBank([[1.5, 0.0]])
    uncorrelated = gains(Posterior.prior(2), bank, [0])[0]
    correlated = gains(Posterior.prior(2, None, [[1.0, 0.6], [0.6, 1.0]]), bank, [0])[0]
    assert correlated == pytest.approx(uncorrelated * (1 + 0.6**2))


def test_expected_fall_is_the_average_effect_of_updates() -> None:
    someone = examinee(np.random.default_rng(5), 2, 8, "correlated")
    state, bank = someone.posterior, ItemBank([[1.2, 0.6]], -0.2)
    normal_prior = Posterior.prior(2, state.mean, state.covariance)
    after = [update(normal_prior, bank, 0, right).variance.sum() for right in (True, False)]
    x = np.random.default_rng(1).multivariate_normal(
        normal_prior.mean, normal_prior.covariance, 400_000
    )
    p = float(bank.probability(x, [0]).mean())
    fall = normal_prior.variance.sum() - p * after[0] - (1 - p) * after[1]
    assert gains(normal_prior, bank, [0])[0] == pytest.approx(fall, abs=2e-3)


def test_an_unknown_rule_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="rule must be one of variance"):
        gains(Posterior.prior(1), ItemBank([[1.0]]), [0], "best")  # type: ignore[arg-type]
