"""Simulated tests: errors and intervals are as stated, and controls cost little accuracy."""

import numpy as np
import pytest

from lib.engine import (
    ExposureControl,
    ItemBank,
    Posterior,
    StopRules,
    concept_shares,
    select,
    update,
)
from lib.engine.normal import normal_quantile
from lib.engine.simulation import Z95, Design, simulate
from tests.support.particles import Particles

LENGTH = StopRules(max_questions=15)
"""Rules of tests that ask fifteen questions."""


def bank_of(n: int, k: int, guessing: float = 0.0, seed: int = 0) -> ItemBank:
    rng = np.random.default_rng(seed)
    steepness = 1.2 * rng.lognormal(0, 0.3, n)
    slopes = np.eye(k)[np.arange(n) % k] * steepness[:, None]
    return ItemBank(slopes, -steepness * rng.normal(size=n), guessing)


@pytest.mark.parametrize("guessing", [0.0, 0.25])
def test_errors_are_as_large_as_stated_at_every_length(guessing: float) -> None:
    # Abilities at 3,000 evenly spaced percentiles. The standard error of the ratio is 0.013, that
    # of the coverage 0.004.
    students = 3_000
    theta = normal_quantile((np.arange(students) + 0.5) / students)[:, None]
    rng = np.random.default_rng(1)
    design = Design(StopRules(max_questions=8))
    result = simulate(bank_of(120, 1, guessing), theta, rng, design)
    assert result.error_ratio == pytest.approx(np.ones(9), abs=0.03)
    assert result.coverage == pytest.approx(np.full(9, 0.95), abs=0.01)
    assert result.bias == pytest.approx(np.zeros(9), abs=0.03)


@pytest.mark.parametrize(("k", "guessing"), [(1, 0.25), (3, 0.0), (3, 0.2), (5, 0.2)])
def test_stated_errors_are_those_of_the_exact_posterior_at_every_length(
    k: int, guessing: float
) -> None:
    # Given the answers, the exact posterior gives the expected squared error. It
    # varies less at random than the error from the drawn ability, so forty tests are as informative
    # as many thousands of simulated errors.
    rng = np.random.default_rng(k)
    correlation = 0.5 * np.eye(k) + 0.5
    bank = bank_of(60, k, guessing)
    particles = Particles(bank, np.zeros(k), correlation, 1024)
    variance, squared_error, coverage = np.zeros(13), np.zeros(13), np.zeros(13)
    for theta in rng.multivariate_normal(np.zeros(k), correlation, 40):
        state, unasked = Posterior.prior(k, None, correlation), np.ones(60, bool)
        cloud = particles.start()
        for t in range(1, 13):
            item = select(state, bank, unasked)
            unasked[item] = False
            right = bool(rng.random() < bank.probability(theta, [item])[0])
            state = update(state, bank, item, right)
            cloud = particles.after(cloud, state.items, state.correct)
            half = Z95 * np.sqrt(state.variance)
            variance[t] += state.variance.mean()
            squared_error[t] += (cloud.variance + np.square(cloud.mean - state.mean)).mean()
            coverage[t] += cloud.mass_within(state.mean - half, state.mean + half).mean() / 40
    assert np.sqrt(squared_error[1:] / variance[1:]) == pytest.approx(np.ones(12), abs=0.01)
    assert coverage[1:] == pytest.approx(np.full(12, 0.95), abs=0.006)


def test_adaptive_selection_beats_random_and_the_error_falls_with_length() -> None:
    rng = np.random.default_rng(1)
    bank, theta = bank_of(300, 1), rng.normal(size=(200, 1))
    answers = rng.random((200, 300)) < bank.probability(theta)
    adaptive = simulate(bank, theta, rng, Design(LENGTH), answers=answers)
    random_selection = simulate(bank, theta, rng, Design(LENGTH, best=300), answers=answers)
    assert adaptive.rmse[15] < 0.85 * random_selection.rmse[15]
    assert adaptive.rmse[15] < adaptive.rmse[5] < adaptive.rmse[0] == pytest.approx(1.0, abs=0.1)


def test_known_correlations_reduce_the_error() -> None:
    rng = np.random.default_rng(2)
    correlation = 0.4 * np.eye(4) + 0.6
    bank, theta = bank_of(300, 4), rng.multivariate_normal(np.zeros(4), correlation, 120)
    answers = rng.random((120, 300)) < bank.probability(theta)
    prior = Posterior.prior(4, None, correlation)
    with_correlations = simulate(bank, theta, rng, Design(LENGTH), prior=prior, answers=answers)
    without_correlations = simulate(bank, theta, rng, Design(LENGTH), answers=answers)
    assert with_correlations.rmse[5] < 0.92 * without_correlations.rmse[5]
    assert with_correlations.rmse[15] < 0.97 * without_correlations.rmse[15]


def test_exposure_controls_lower_the_greatest_exposure_at_little_loss() -> None:
    rng = np.random.default_rng(3)
    bank, theta = bank_of(200, 1), rng.normal(size=(300, 1))
    answers = rng.random((300, 200)) < bank.probability(theta)
    uncontrolled = simulate(bank, theta, rng, Design(LENGTH), answers=answers)
    among_five = simulate(bank, theta, rng, Design(LENGTH, best=5), answers=answers)
    control = ExposureControl.start(200, 0.3)
    limited = simulate(bank, theta, rng, Design(LENGTH, exposure=control), answers=answers)
    assert np.max(uncontrolled.exposure) == 1.0
    assert np.max(among_five.exposure) < 0.85
    assert np.max(limited.exposure) < 0.4
    assert among_five.rmse[15] < 1.06 * uncontrolled.rmse[15]
    assert limited.rmse[15] < 1.15 * uncontrolled.rmse[15]


def test_content_balance_reaches_its_targets() -> None:
    rng = np.random.default_rng(4)
    bank = bank_of(120, 3)
    design = Design(StopRules(max_questions=20), targets=[0.6, 0.3, 0.1])
    result = simulate(bank, rng.normal(size=(20, 3)), rng, design)
    shares = concept_shares(bank)[result.items].mean(axis=(0, 1))
    assert shares == pytest.approx([0.6, 0.3, 0.1], abs=0.03)


def test_precision_rule_ends_each_test_at_its_precision() -> None:
    rng = np.random.default_rng(5)
    design = Design(StopRules("precision", 3, 40, precision_threshold=0.4))
    result = simulate(bank_of(200, 1), rng.normal(size=(100, 1)), rng, design)
    final_deviation = np.sqrt(result.variance[:, -1, 0])
    assert ((final_deviation <= 0.4) | (result.length == 40)).all()
    assert np.min(result.length) >= 3
    assert len(set(result.length.tolist())) > 1
    assert ((result.items >= 0).sum(axis=1) == result.length).all()


def test_a_concept_without_items_does_not_prolong_tests() -> None:
    rng = np.random.default_rng(8)
    bank = ItemBank(np.outer(np.full(60, 2.0), [1.0, 0.0]), rng.normal(size=60))
    rules = StopRules("precision", max_questions=60, precision_threshold=0.4)
    result = simulate(bank, np.zeros((5, 2)), rng, Design(stop=rules))
    assert np.max(result.length) < 60


def test_a_small_gain_ends_a_test_early() -> None:
    rng = np.random.default_rng(6)
    bank = ItemBank(np.full((30, 1), 1.7), np.full(30, -1.0))
    design = Design(StopRules("fixed_length", 2, 30, minimum_gain=0.08))
    result = simulate(bank, rng.normal(size=(10, 1)), rng, design)
    assert np.max(result.length) < 30


def test_equal_generators_give_the_same_simulation_without_repeated_items() -> None:
    runs = [
        simulate(bank_of(60, 2), np.zeros((5, 2)), np.random.default_rng(7), Design(LENGTH, best=4))
        for _ in range(2)
    ]
    assert (runs[0].items == runs[1].items).all()
    assert (runs[0].mean == runs[1].mean).all()
    assert all(len(set(row)) == 15 for row in runs[0].items.tolist())


def test_an_exhausted_bank_ends_the_test() -> None:
    rng = np.random.default_rng(8)
    result = simulate(bank_of(6, 1), np.zeros((3, 1)), rng, Design(LENGTH))
    assert result.length.tolist() == [6, 6, 6]
