"""Fit of persons and items; explanations, content balance and exposure control."""

import math

import numpy as np
import pytest

from lib.engine import (
    ExposureControl,
    ItemBank,
    Posterior,
    balanced,
    concept_shares,
    explain,
    update,
)
from lib.engine.fit import item_fit, person_fit, predicted_probability


def test_person_fit_is_the_standardised_log_likelihood() -> None:
    # Two items of P = 0.8 and 0.3 at the mean; right, wrong: l = ln 0.8 + ln 0.7 = -0.579818;
    # E l = 0.8 ln 0.8 + 0.2 ln 0.2 + 0.3 ln 0.3 + 0.7 ln 0.7 = -1.111267;
    # Var l = 0.16 ln² 4 + 0.21 ln²(3/7) = 0.458251; l_z = 0.531449 / 0.676943 = 0.785072
    logit = [math.log(4), math.log(3 / 7)]
    bank = ItemBank([[1e-6], [1e-6]], logit)
    state = Posterior.of_answers(Posterior.prior(1), bank, [0, 1], [True, False])
    assert person_fit(state, bank) == pytest.approx(0.78507, abs=1e-4)
    swapped = Posterior.of_answers(Posterior.prior(1), bank, [0, 1], [False, True])
    assert person_fit(swapped, bank) == pytest.approx(-2.51446, abs=1e-4)
    assert math.isnan(person_fit(Posterior.prior(1), bank))


def test_person_fit_is_low_if_easy_items_are_wrong_and_hard_ones_right() -> None:
    bank = ItemBank(np.full((20, 1), 1.7), np.linspace(4, -4, 20))
    easy_first = np.arange(20) < 10
    consistent = Posterior.of_answers(Posterior.prior(1), bank, range(20), easy_first.tolist())
    aberrant = Posterior.of_answers(Posterior.prior(1), bank, range(20), (~easy_first).tolist())
    assert person_fit(consistent, bank) > 0
    assert person_fit(aberrant, bank) < -4


def test_prediction_is_the_share_of_right_answers_under_the_posterior() -> None:
    rng = np.random.default_rng(1)
    state = Posterior.prior(2, [0.3, -0.5], [[0.5, 0.1], [0.1, 0.8]])
    bank = ItemBank([[1.5, 0.7]], 0.4, 0.2)
    theta = rng.multivariate_normal(state.mean, state.covariance, 400_000)
    assert predicted_probability(state, bank, [0])[0] == pytest.approx(
        float(bank.probability(theta, [0]).mean()), abs=2e-3
    )


def test_only_items_whose_answers_contradict_their_parameters_are_flagged() -> None:
    rng = np.random.default_rng(2)
    bank = ItemBank(np.full((30, 1), 1.7), np.linspace(-2, 2, 30))
    wrong_key, too_easy = 7, 20
    items, correct, prediction = [], [], []
    for student in rng.normal(size=400):
        state = Posterior.prior(1)
        for item in rng.permutation(30)[:15]:
            chance = bank.probability([student], [item])[0]
            if item == wrong_key:
                chance = 0.25
            if item == too_easy:
                chance = bank.probability([student + 1.0], [item])[0]
            right = bool(rng.random() < chance)
            items.append(item)
            correct.append(right)
            prediction.append(predicted_probability(state, bank, [item])[0])
            state = update(state, bank, int(item), right)
    fit = item_fit(30, items, correct, prediction)
    assert np.flatnonzero(fit.flagged).tolist() == [wrong_key, too_easy]
    assert fit.level[too_easy] > 3.29
    assert fit.slope[wrong_key] < -3.29
    assert fit.answers.sum() == 400 * 15


def test_items_with_few_answers_are_not_flagged() -> None:
    fit = item_fit(2, [0] * 19, [False] * 19, [0.99] * 19)
    assert fit.level[0] < -3.29
    assert not fit.flagged.any()


def test_explanation_shows_which_concepts_an_item_measures() -> None:
    bank = ItemBank([[1.7, 0.0]])
    uncorrelated = explain(Posterior.prior(2), bank, 0)
    assert uncorrelated.share[0] > 0.2
    assert uncorrelated.share[1] == 0
    # With a correlation of 0.6 the second concept gets 0.6² of the first one's fall.
    correlated = explain(Posterior.prior(2, None, [[1.0, 0.6], [0.6, 1.0]]), bank, 0)
    assert correlated.share[1] == pytest.approx(0.36 * correlated.share[0])
    after = update(Posterior.prior(2), bank, 0, correct=True)
    assert uncorrelated.mean_if_correct == pytest.approx(after.mean, abs=2e-3)
    assert uncorrelated.variance_if_correct == pytest.approx(after.variance, abs=2e-3)


def test_balance_prefers_the_concept_furthest_below_its_target() -> None:
    bank = ItemBank([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0], [3.0, 4.0]])
    assert concept_shares(bank)[3] == pytest.approx([0.36, 0.64])
    all_items = np.ones(4, bool)
    assert balanced(bank, all_items, [], [1, 3]).tolist() == [False, True, True, True]
    assert balanced(bank, all_items, [1, 3], [1, 1]).tolist() == [True, False, False, False]
    only_second = np.array([False, True, False, False])
    assert balanced(bank, only_second, [1, 3], [1, 1]).tolist() == only_second.tolist()
    assert balanced(bank, only_second, [], [1, 0]).tolist() == only_second.tolist()
    for invalid in ([0, 0], [1, -1], [1, 1, 1]):
        with pytest.raises(ValueError, match="targets"):
            balanced(bank, all_items, [], invalid)


def test_eligibility_falls_for_items_shown_too_often() -> None:
    # Rate 0.25 and 8 tests, of which four showed item 0 and four item 1: each of these items is
    # eligible with probability 0.25 · 8 / 4 = 0.5. An item that was never shown stays eligible.
    control = ExposureControl.start(3, 0.25)
    all_eligible = np.ones((1, 3), bool)
    for item in (0, 1) * 4:
        control = control.record(all_eligible, [item], [0])
    assert control.probability[0].tolist() == [0.5, 0.5, 1.0]
    eligible = np.stack([control.draw(np.random.default_rng(i))[0] for i in range(2000)])
    assert eligible.mean(axis=0) == pytest.approx([0.5, 0.5, 1.0], abs=0.04)


def test_eligibility_is_counted_for_the_levels_that_a_test_visited() -> None:
    control = ExposureControl.start(2, 0.5, cuts=[0.0])
    assert control.level(Posterior.prior(1, [-0.5])) == 0
    assert control.level(Posterior.prior(1, [0.5])) == 1
    after = control.record(np.ones((2, 2), bool), [0, 1], [1, 1])
    assert after.shown.tolist() == [[0, 0], [1, 1]]
    assert after.eligible.tolist() == [[0, 0], [1, 1]]
    assert control.shown.sum() == 0
    with pytest.raises(ValueError, match="rate"):
        ExposureControl.start(2, 0.0)
