"""The engine stays sound for every allowed bank and every pattern of answers."""

import numpy as np
import pytest

from lib.assessment.pools.question import STEEPEST_DISCRIMINATION
from lib.engine import (
    RULES,
    ItemBank,
    Posterior,
    explain,
    gains,
    select,
    update,
)
from lib.engine.fit import person_fit
from lib.engine.posterior.grid import wide_grid_for
from tests.support.examinees import examinee


def assert_sound(state: Posterior, bank: ItemBank) -> None:
    assert np.isfinite(state.mean).all()
    assert (state.variance > 0).all()
    assert np.linalg.eigvalsh(state.covariance)[0] > -1e-9 * np.max(state.variance)
    for rule in RULES:
        assert np.isfinite(gains(state, bank, np.arange(len(bank)), rule)).all()  # type: ignore[arg-type]
        select(state, bank, rule=rule)  # type: ignore[arg-type]
    assert np.isfinite(explain(state, bank, 0).variance_if_wrong).all()
    assert np.isfinite(person_fit(state, bank))


@pytest.mark.parametrize("k", [1, 2, 6])
@pytest.mark.parametrize("guessing", [0.0, 0.25, 0.99])
@pytest.mark.parametrize("steepness", [1e-6, 1.0, 20.0, 500.0])
def test_any_answers_leave_a_sound_posterior(k: int, guessing: float, steepness: float) -> None:
    rng = np.random.default_rng(k)
    for pattern in ("random", "right", "wrong"):
        t = 16
        slopes = steepness * (1 + 1e-6 * rng.normal(size=(t, k))) / k**0.5
        bank = ItemBank(slopes, steepness * rng.normal(size=t), guessing)
        correct = {"random": rng.random(t) < 0.5, "right": np.ones(t), "wrong": np.zeros(t)}
        prior = Posterior.prior(k, np.full(k, 2.0), np.ones((k, k)))
        state = Posterior.of_answers(prior, bank, range(t), correct[pattern].astype(bool).tolist())
        assert_sound(state, bank)


@pytest.mark.parametrize("seed", [78, 104])
def test_long_tests_of_many_concepts_stay_finite(seed: int) -> None:
    rng = np.random.default_rng(seed)
    k, discrimination = int(rng.choice([5, 8, 12, 16])), float(rng.choice([1, 1.5, 2.35, 3, 5]))
    guessing, concepts_per_item = float(rng.choice([0.25, 0.33, 0.5])), int(rng.integers(1, 5))
    correlation = float(rng.choice([0, 0.5, 0.8]))
    q = np.zeros((200, k))
    for row in q:
        row[rng.choice(k, concepts_per_item, replace=False)] = 1
    difficulty = rng.uniform(0.05, 0.95, len(q))
    steepness = np.minimum(discrimination * np.exp(0.2 * rng.normal(size=len(q))), 5.0)
    bank = ItemBank.from_questions(q, difficulty, steepness, guessing)
    state = Posterior.prior(k, covariance=correlation + (1 - correlation) * np.eye(k))
    theta, unasked = rng.normal(size=k), np.ones(len(q), bool)
    for _ in range(36):
        item = select(state, bank, unasked)
        unasked[item] = False
        state = update(state, bank, item, bool(rng.random() < bank.probability(theta, [item])[0]))
        assert np.isfinite(state.mean).all()
        assert (state.variance > 0).all()
        assert np.max(state.variance) < 2.0


@pytest.mark.parametrize("steepest", [1e-9, 1.0, 10.0, 1e3, 1e12])
@pytest.mark.parametrize("reach", [7.0, 14.0, 1e3, 1e9])
def test_every_grid_has_a_bounded_number_of_points(steepest: float, reach: float) -> None:
    grid = wide_grid_for(steepest, reach)
    assert len(grid.x) < 800
    assert grid.x[-1] >= min(reach, 12.0)  # 250 steps of at least 0.05 reach 12.5
    assert (np.diff(grid.x) > 0).all()
    assert np.isfinite(grid.log_normal).all()


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("guessing", [0.0, 0.2, 1 / 3])
def test_the_steepest_uploadable_questions_leave_sound_posteriors(k: int, guessing: float) -> None:
    rng = np.random.default_rng(9)
    bank = ItemBank.from_questions(
        rng.integers(0, 2, (60, k)) + np.eye(k)[np.arange(60) % k],
        rng.uniform(0.02, 0.98, 60),
        STEEPEST_DISCRIMINATION,
        guessing,
    )
    for _ in range(4):
        theta, state, unasked = rng.normal(size=k), Posterior.prior(k), np.ones(60, bool)
        for _ in range(25):
            item = select(state, bank, unasked)
            unasked[item] = False
            right = bool(rng.random() < bank.probability(theta, [item])[0])
            state = update(state, bank, item, right)
            assert (state.variance < 1.5).all()  # 1 before any answer
            assert (np.abs(state.mean - theta) < 6 * state.variance**0.5 + 0.5).all()
        assert_sound(state, bank)


@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize("gap", [1e-3, 1e-4, 1e-6])
def test_nearly_identical_concepts_are_measured_as_one(k: int, gap: float) -> None:
    rng = np.random.default_rng(4)
    concepts = np.eye(k)[np.arange(40) % k]
    bank = ItemBank(1.7 * concepts, rng.normal(size=40), 0.25)
    covariance = np.full((k, k), 1.0 - gap) + gap * np.eye(k)
    state, single_concept = Posterior.prior(k, covariance=covariance), Posterior.prior(1)
    single_bank = ItemBank(bank.slopes.sum(axis=1, keepdims=True), bank.intercepts, 0.25)
    for item in range(40):
        right = bool(rng.random() < bank.probability(np.zeros((1, k)), [item])[0, 0])
        state, single_concept = (
            update(state, bank, item, right),
            update(single_concept, single_bank, item, right),
        )
    # The abilities themselves differ by about √(2 · gap), 0.045 for the largest gap.
    assert state.mean == pytest.approx(
        np.full(k, single_concept.mean[0]), abs=0.01 + 0.3 * gap**0.5
    )
    assert state.variance**0.5 == pytest.approx(
        np.full(k, single_concept.variance[0] ** 0.5), abs=0.015
    )


def test_two_hundred_questions_leave_a_sound_posterior() -> None:
    someone = examinee(np.random.default_rng(1), 8, 200, "guessing correlated")
    assert_sound(someone.posterior, someone.bank)


def test_thirty_two_concepts_leave_a_sound_posterior() -> None:
    someone = examinee(np.random.default_rng(2), 32, 25, "guessing singular")
    assert_sound(someone.posterior, someone.bank)


def test_an_exactly_known_ability_does_not_change() -> None:
    prior = Posterior.prior(2, [1.0, 0.0], np.diag([0.0, 1.0]))
    after = update(prior, ItemBank([[1.0, 1.0]], -1.0), 0, correct=True)
    assert after.mean[0] == 1.0
    assert after.variance[0] == 0.0
    assert after.mean[1] == pytest.approx(0.413242, abs=1e-3)


def test_selection_among_a_hundred_thousand_items_is_exact() -> None:
    rng = np.random.default_rng(3)
    bank = ItemBank(rng.normal(size=(100_000, 3)), rng.normal(size=100_000), 0.2)
    item = select(Posterior.prior(3), bank)
    assert np.argmax(gains(Posterior.prior(3), bank, np.arange(100_000))) == item
