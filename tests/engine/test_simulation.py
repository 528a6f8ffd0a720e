"""Whole tests: calibrated intervals, errors near the limit, and what each control costs."""

import numpy as np
import pytest

from lib.engine import (
    Design,
    ExposureControl,
    ItemBank,
    Posterior,
    StopRules,
    concept_shares,
    select,
    simulate,
    update,
)
from lib.engine.normal import normal_quantile
from lib.engine.simulation import Z95
from tests.support.particles import Particles

LENGTH = StopRules(max_questions=15)


def bank_of(n: int, k: int, guessing: float = 0.0, seed: int = 0) -> ItemBank:
    rng = np.random.default_rng(seed)
    steepness = 1.2 * rng.lognormal(0, 0.3, n)
    slopes = np.eye(k)[np.arange(n) % k] * steepness[:, None]
    return ItemBank(slopes, -steepness * rng.normal(size=n), guessing)


@pytest.mark.parametrize("guessing", [0.0, 0.25])
def test_errors_are_as_large_as_stated_at_every_length(guessing: float) -> None:
    # Abilities at 3,000 evenly spread percentiles. Chance leaves the ratio a standard error of
    # 0.013 and the coverage one of 0.004.
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
    # Given the answers, the error to expect is the exact posterior's: no chance of the abilities is
    # left, and forty tests tell what many thousands of examinees would.
    rng = np.random.default_rng(k)
    correlation = 0.5 * np.eye(k) + 0.5
    bank = bank_of(60, k, guessing)
    particles = Particles(bank, np.zeros(k), correlation, 1024)
    stated, real, inside = np.zeros(13), np.zeros(13), np.zeros(13)
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
            stated[t] += state.variance.mean()
            real[t] += (cloud.variance + np.square(cloud.mean - state.mean)).mean()
            inside[t] += cloud.mass_within(state.mean - half, state.mean + half).mean() / 40
    assert np.sqrt(real[1:] / stated[1:]) == pytest.approx(np.ones(12), abs=0.01)
    assert inside[1:] == pytest.approx(np.full(12, 0.95), abs=0.006)


def test_choosing_beats_not_choosing_and_the_error_falls_with_length() -> None:
    rng = np.random.default_rng(1)
    bank, theta = bank_of(300, 1), rng.normal(size=(200, 1))
    answers = rng.random((200, 300)) < bank.probability(theta)
    chosen = simulate(bank, theta, rng, Design(LENGTH), answers=answers)
    aimless = simulate(bank, theta, rng, Design(LENGTH, best=300), answers=answers)
    assert chosen.rmse[15] < 0.85 * aimless.rmse[15]
    assert chosen.rmse[15] < chosen.rmse[5] < chosen.rmse[0] == pytest.approx(1.0, abs=0.1)


def test_learned_correlations_help() -> None:
    rng = np.random.default_rng(2)
    correlation = 0.4 * np.eye(4) + 0.6
    bank, theta = bank_of(300, 4), rng.multivariate_normal(np.zeros(4), correlation, 120)
    answers = rng.random((120, 300)) < bank.probability(theta)
    prior = Posterior.prior(4, None, correlation)
    used = simulate(bank, theta, rng, Design(LENGTH), prior=prior, answers=answers)
    ignored = simulate(bank, theta, rng, Design(LENGTH), answers=answers)
    assert used.rmse[5] < 0.92 * ignored.rmse[5]
    assert used.rmse[15] < 0.97 * ignored.rmse[15]


def test_exposure_controls_lower_the_greatest_exposure_at_a_small_price() -> None:
    rng = np.random.default_rng(3)
    bank, theta = bank_of(200, 1), rng.normal(size=(300, 1))
    answers = rng.random((300, 200)) < bank.probability(theta)
    free = simulate(bank, theta, rng, Design(LENGTH), answers=answers)
    few = simulate(bank, theta, rng, Design(LENGTH, best=5), answers=answers)
    control = ExposureControl.start(200, 0.3)
    capped = simulate(bank, theta, rng, Design(LENGTH, exposure=control), answers=answers)
    assert np.max(free.exposure) == 1.0
    assert np.max(few.exposure) < 0.85
    assert np.max(capped.exposure) < 0.4
    assert few.rmse[15] < 1.06 * free.rmse[15]
    assert capped.rmse[15] < 1.15 * free.rmse[15]


def test_content_balance_reaches_its_targets() -> None:
    rng = np.random.default_rng(4)
    bank = bank_of(120, 3)
    design = Design(StopRules(max_questions=20), targets=[0.6, 0.3, 0.1])
    result = simulate(bank, rng.normal(size=(20, 3)), rng, design)
    got = concept_shares(bank)[result.items].mean(axis=(0, 1))
    assert got == pytest.approx([0.6, 0.3, 0.1], abs=0.03)


def test_precise_tests_are_as_long_as_they_need() -> None:
    rng = np.random.default_rng(5)
    design = Design(StopRules("precision", 3, 40, precision_threshold=0.4))
    result = simulate(bank_of(200, 1), rng.normal(size=(100, 1)), rng, design)
    last = np.sqrt(result.variance[:, -1, 0])
    assert ((last <= 0.4) | (result.length == 40)).all()
    assert np.min(result.length) >= 3
    assert len(set(result.length.tolist())) > 1
    assert ((result.items >= 0).sum(axis=1) == result.length).all()


def test_a_concept_that_no_item_tests_keeps_no_test_going() -> None:
    rng = np.random.default_rng(8)
    bank = ItemBank(np.outer(np.full(60, 2.0), [1.0, 0.0]), rng.normal(size=60))
    rules = StopRules("precision", max_questions=60, precision_threshold=0.4)
    found = simulate(bank, np.zeros((5, 2)), rng, Design(stop=rules))
    assert np.max(found.length) < 60


def test_a_small_gain_ends_a_test_early() -> None:
    rng = np.random.default_rng(6)
    bank = ItemBank(np.full((30, 1), 1.7), np.full(30, -1.0))
    design = Design(StopRules("fixed_length", 2, 30, minimum_gain=0.08))
    result = simulate(bank, rng.normal(size=(10, 1)), rng, design)
    assert np.max(result.length) < 30


def test_the_same_generator_gives_the_same_simulation_and_no_item_twice() -> None:
    runs = [
        simulate(bank_of(60, 2), np.zeros((5, 2)), np.random.default_rng(7), Design(LENGTH, best=4))
        for _ in range(2)
    ]
    assert (runs[0].items == runs[1].items).all()
    assert (runs[0].mean == runs[1].mean).all()
    assert all(len(set(row)) == 15 for row in runs[0].items.tolist())


def test_a_bank_used_up_ends_the_test() -> None:
    rng = np.random.default_rng(8)
    result = simulate(bank_of(6, 1), np.zeros((3, 1)), rng, Design(LENGTH))
    assert result.length.tolist() == [6, 6, 6]
