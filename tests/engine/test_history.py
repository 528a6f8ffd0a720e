"""Short histories calculated by hand, and one long golden history."""

import math

import numpy as np
import pytest

from lib.engine import ItemBank, Posterior, explain, select, update

# θ, φ(θ) and L(θ) = 1/(1 + e^-θ), from tables. Half of a sum over these θ is the trapezoid rule
# with step 1/2; its error on these integrals is below 1e-8.
TABLE = (
    (0.0, 0.3989422804, 0.5000000000),
    (0.5, 0.3520653268, 0.6224593312),
    (1.0, 0.2419707245, 0.7310585786),
    (1.5, 0.1295175957, 0.8175744762),
    (2.0, 0.0539909665, 0.8807970780),
    (2.5, 0.0175283005, 0.9241418200),
    (3.0, 0.0044318484, 0.9525741268),
    (3.5, 0.0008726827, 0.9706877692),
    (4.0, 0.0001338302, 0.9820137900),
    (4.5, 0.0000159837, 0.9890130574),
    (5.0, 0.0000014867, 0.9933071491),
)


def test_first_answer_gives_the_mean_and_variance_calculated_by_hand() -> None:
    # One concept, a = 1, d = 0, no guessing, correct. P(correct) = 1/2 by symmetry, so
    #   mean = 2 · ½ Σ θ φ L over all θ = Σ_{θ>0} θ φ (2L - 1)
    #        = 0.0431137 + 0.1118188 + 0.1233944 + 0.0822384 + 0.0371724
    #          + 0.0120344 + 0.0028753 + 0.0005161 + 0.0000703 + 0.0000073 = 0.4132411
    #   E θ² = 1, because L(θ) + L(-θ) = 1, so variance = 1 - 0.413242² = 0.829231
    by_hand = sum(theta * phi * (2 * sigma - 1) for theta, phi, sigma in TABLE)
    assert by_hand == pytest.approx(0.4132411, abs=1e-6)

    after = update(Posterior.prior(1), ItemBank([[1.0]]), 0, correct=True)
    assert after.mean[0] == pytest.approx(by_hand, abs=2e-6)
    assert after.covariance[0, 0] == pytest.approx(0.829231, abs=2e-6)


def test_right_then_wrong_on_the_same_item_is_symmetric() -> None:
    # The likelihood L(1 - L) is even, so the mean is 0 and variance = Σ θ² φ L(1-L) / Σ φ L(1-L):
    #   numerator   2 (0.0206842 + 0.0475743 + 0.0434635 + 0.0226748 + 0.0076800 + 0.0018019
    #                  + 0.0003042 + 0.0000378 + 0.0000035 + 0.0000002) = 0.2884488
    #   denominator 0.0997356 + 2 (0.0827367 + 0.0475743 + 0.0193171 + 0.0056687 + 0.0012288
    #                  + 0.0002002 + 0.0000248 + 0.0000024 + 0.0000002) = 0.4132420
    bank = ItemBank([[1.0], [1.0]])
    after = Posterior.of_answers(Posterior.prior(1), bank, [0, 1], [True, False])
    assert after.mean[0] == pytest.approx(0.0, abs=1e-9)
    assert after.covariance[0, 0] == pytest.approx(0.2884488 / 0.4132420, abs=2e-6)


def test_guessing_reduces_the_effect_of_a_correct_answer() -> None:
    # c = 0.2: P(correct) = 0.2 + 0.8 · 1/2 = 0.6; E[θ; correct] = 0.8 · 0.413242/2 = 0.165297;
    # mean 0.165297 / 0.6 = 0.275495; E θ² = 1, so variance = 1 - 0.275495² = 0.924103.
    bank = ItemBank([[1.0]], 0.0, 0.2)
    after = update(Posterior.prior(1), bank, 0, correct=True)
    assert after.mean[0] == pytest.approx(0.275495, abs=2e-6)
    assert after.covariance[0, 0] == pytest.approx(0.924103, abs=2e-6)
    # A wrong answer has likelihood (1 - c)(1 - L): the same posterior as without guessing.
    wrong = update(Posterior.prior(1), bank, 0, correct=False)
    assert wrong.mean[0] == pytest.approx(-0.413242, abs=2e-6)


def test_an_item_on_two_concepts_moves_both_equally() -> None:
    # a = (1, 1)/√2: a · θ is N(0, 1), so it moves by 0.413242 as above, and each concept along
    # Σa = (1, 1)/√2: mean 0.413242/√2 = 0.292206; variance 1 - (1 - 0.829231)/2 = 0.914616 and
    # covariance -(1 - 0.829231)/2 = -0.085384.
    bank = ItemBank([[math.sqrt(0.5), math.sqrt(0.5)]])
    after = update(Posterior.prior(2), bank, 0, correct=True)
    assert after.mean == pytest.approx([0.292206, 0.292206], abs=2e-4)
    assert np.diagonal(after.covariance) == pytest.approx([0.914616, 0.914616], abs=2e-4)
    assert after.covariance[0, 1] == pytest.approx(-0.085384, abs=2e-4)


def test_explanation_agrees_with_the_answer_calculated_by_hand() -> None:
    # Expected fall of the variance = variance of the mean after the answer = 0.413242² = 0.170769.
    explanation = explain(Posterior.prior(1), ItemBank([[1.0]]), 0)
    assert explanation.probability == pytest.approx(0.5)
    assert explanation.expected_fall[0] == pytest.approx(0.170769, abs=2e-6)
    assert explanation.mean_if_correct[0] == pytest.approx(0.413242, abs=2e-6)
    assert explanation.mean_if_wrong[0] == pytest.approx(-0.413242, abs=2e-6)
    assert explanation.variance_if_correct[0] == pytest.approx(0.829231, abs=2e-6)


GOLDEN_ITEMS = (22, 30, 34, 26, 28, 29, 23, 25, 24, 21, 32, 36)
GOLDEN_MEAN = (0.48803, 0.08780)
GOLDEN_DEVIATION = (0.49613, 0.53971)


def test_golden_history_selects_the_same_items_and_gives_the_same_posterior() -> None:
    # Twelve questions of a pool on the authors' scale; means and deviations come from the dense
    # integration in tests/support/quadrature.py (see test_exactness.py).
    difficulty = np.linspace(0.1, 0.9, 40)
    concepts = [[1, 0], [0, 1], [1, 1], [2, 1]] * 10
    bank = ItemBank.from_questions(concepts, difficulty, np.linspace(0.7, 1.4, 40), 0.2)
    state, unasked = Posterior.prior(2, None, [[1.0, 0.4], [0.4, 1.0]]), np.ones(40, bool)
    for right in (1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 0):
        item = select(state, bank, unasked)
        unasked[item] = False
        state = update(state, bank, item, bool(right))
    assert state.items == GOLDEN_ITEMS
    assert state.mean == pytest.approx(GOLDEN_MEAN, abs=0.003)
    assert np.sqrt(state.variance) == pytest.approx(GOLDEN_DEVIATION, abs=0.003)
