"""Item banks: curves, the authors' scale and limits; percentiles and confidence."""

import numpy as np
import pytest
from numpy.typing import ArrayLike
from scipy import stats

from lib.engine import ItemBank, confidence, latent_mean, percentile


def test_probability_is_the_three_parameter_curve() -> None:
    # c = 0.2, x = 1·0.5 + 2·(-0.25) + 0.3 = 0.3: P = 0.2 + 0.8 / (1 + e^-0.3) = 0.2 + 0.8·0.574443
    bank = ItemBank([[1.0, 2.0]], [0.3], [0.2])
    assert bank.probability([0.5, -0.25])[0] == pytest.approx(0.659554, abs=1e-6)


def test_questions_use_the_authors_scale() -> None:
    # q = (3, 4): ‖q‖ = 5, a = 1.702 · 0.5 · (0.6, 0.8); difficulty 0.8413447 is the percentile of
    # b = 1, so d = -1.702 · 0.5 · 1 = -0.851.
    bank = ItemBank.from_questions([[3, 4]], [0.8413447460685429], [0.5], [0.25])
    assert bank.slopes[0] == pytest.approx([0.5106, 0.6808])
    assert bank.intercepts[0] == pytest.approx(-0.851)
    # A student at that percentile of what the question measures, θ = b q/‖q‖, is at c + (1 - c)/2.
    assert bank.probability([0.6, 0.8])[0] == pytest.approx(0.625)


def test_easiest_and_hardest_questions_have_finite_intercepts() -> None:
    bank = ItemBank.from_questions([[1], [1]], [0, 1])
    assert np.isfinite(bank.intercepts).all()
    assert bank.intercepts[0] > 8 > -8 > bank.intercepts[1]


def test_extreme_abilities_neither_overflow_nor_leave_the_limits() -> None:
    bank = ItemBank([[1.0], [1000.0]], 0.0, [0.0, 0.25])
    p = bank.probability([[-50.0], [50.0]])
    assert p[0] == pytest.approx([0.0, 0.25], abs=1e-12)
    assert p[1] == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[np.nan]],), "finite"),
        (([[1.0]], [0.0, 1.0]), "intercepts"),
        (([[1.0]], 0.0, 1.0), "guessing"),
        (([[1.0]], 0.0, -0.1), "guessing"),
        (([[1.0]], 0.0, np.nan), "guessing must be finite"),
        (([[1.0], [1.0]], 0.0, [[0.1, 0.2]]), "guessing"),
        (([[1.0]], np.inf), "finite"),
        (([[-np.inf]],), "finite"),
        ((np.ones((2, 33)),), "1 to 32"),
        ((np.ones((2, 0)),), "1 to 32"),
        (([],), "1 to 32"),
        (([1.0, 2.0],), "1 to 32"),
        ((np.ones((0, 2)),), "1 to 100,000 items"),
        ((np.ones((100_001, 1)),), "1 to 100,000 items"),
        ((np.ones((2, 2, 2)),), "1 to 32"),
    ],
)
def test_impossible_parameters_are_refused(arguments: tuple[ArrayLike, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ItemBank(*arguments)


def test_impossible_questions_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="question 1 tests no concept"):
        ItemBank.from_questions([[1, 0], [0, 0]], 0.5)
    with pytest.raises(ValueError, match="difficulty"):
        ItemBank.from_questions([[1, 0]], 1.1)
    for impossible in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="discrimination"):
            ItemBank.from_questions([[1, 0]], 0.5, impossible)


def test_largest_allowed_banks_are_accepted() -> None:
    assert ItemBank(np.ones((100_000, 1))).concepts == 1
    assert ItemBank(np.ones((1, 32))).concepts == 32


def test_percentile_is_the_mean_percentile_under_the_posterior() -> None:
    theta = np.random.default_rng(1).normal(0.7, 0.6, 400_000)
    assert percentile(0.7, 0.36) == pytest.approx(stats.norm.cdf(theta).mean(), abs=1e-3)
    assert percentile(0.0, 1.0) == 0.5


def test_latent_mean_undoes_percentile() -> None:
    mean, variance = np.array([-2.0, 0.0, 1.5]), np.array([0.1, 1.0, 0.4])
    assert latent_mean(percentile(mean, variance), variance) == pytest.approx(mean, abs=1e-9)
    assert np.isfinite(latent_mean([0.0, 1.0], 0.5)).all()


def test_confidence_is_the_share_of_variance_explained() -> None:
    assert confidence([1.0, 0.25, 1.5]).tolist() == [0.0, 0.75, 0.0]
