"""Uncertain items get the flatter curve of the average over their errors; others do not change."""

import numpy as np
import pytest

from lib.engine import ItemBank, StopRules
from lib.engine.calibration import ItemParameters
from lib.engine.normal import FloatArray
from lib.engine.simulation import Design, simulate
from lib.engine.uncertainty import attenuated, regressed

T = np.linspace(-8.0, 8.0, 801)
NORMAL = np.exp(-0.5 * T * T) / np.exp(-0.5 * T * T).sum()
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def logistic(x: FloatArray) -> FloatArray:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x))


def average_curve(a: float, s: float, r: float) -> FloatArray:
    """Return E[P] at T, with b ~ N(0, s²) and log a ~ N(log a, r²), by Gauss-Hermite quadrature."""
    slopes = a * np.exp(r * NODES)[:, None, None]
    curves = logistic(slopes * (T - s * NODES[:, None]))
    return np.asarray(np.einsum("a,b,abt->t", WEIGHTS, WEIGHTS, curves))


@pytest.mark.parametrize("a", [0.5, 1.0, 1.702, 4.0])
@pytest.mark.parametrize(("s", "r"), [(0.7, 0.3), (0.2, 0.2), (1.0, 0.0), (0.0, 0.4), (0.7, 0.5)])
def test_attenuated_curve_is_the_average_curve(a: float, s: float, r: float) -> None:
    average, curve = average_curve(a, s, r), logistic(attenuated(a, s, r) * T)
    assert np.abs(curve - average).max() < 0.032
    covariance, expected = (curve * T) @ NORMAL, (average * T) @ NORMAL
    assert covariance == pytest.approx(expected, rel=0.026)


def test_attenuation_by_hand() -> None:
    # a = 1.702, s = 1: 1.702 / √(1 + 1) = 1.2035.
    assert attenuated([1.702], [1.0], [0.0]) == pytest.approx([1.2035], abs=1e-4)
    # r = 1: a² (s² + 1) = 2 · 1.702², so u = 2/3 and g = 1/√3; (1 - u)(1 - 3u) = -1/3, so g falls
    # by 1/6 to 0.48113, and the slope is 1.702 · 0.48113 / √(1 - 0.23148) = 0.9341.
    assert attenuated([1.702], [1.0], [1.0]) == pytest.approx([0.9341], abs=1e-4)


def test_certain_items_stay_bit_for_bit_even_beside_uncertain_ones() -> None:
    rng = np.random.default_rng(3)
    q, difficulty, discrimination = rng.random((50, 3)), rng.random(50), rng.lognormal(size=50)
    plain = ItemBank.from_questions(q, difficulty, discrimination, 0.2)
    certain = ItemBank.from_questions(
        q, difficulty, discrimination, 0.2, location_error=0.0, log_slope_error=0.0
    )
    assert certain.slopes.tobytes() == plain.slopes.tobytes()
    assert certain.intercepts.tobytes() == plain.intercepts.tobytes()
    error = np.where(np.arange(50) < 25, 0.0, 0.7)
    half = ItemBank.from_questions(q, difficulty, discrimination, 0.2, location_error=error)
    assert half.slopes[:25].tobytes() == plain.slopes[:25].tobytes()
    assert (np.abs(half.slopes[25:]) < np.abs(plain.slopes[25:])).all()
    # The curve is still ½ (1 + c) at the difficulty.
    ratio = half.intercepts / plain.intercepts
    assert half.slopes[:, 0] / plain.slopes[:, 0] == pytest.approx(ratio)


def test_calibrated_parameters_give_a_bank_with_their_errors() -> None:
    items = ItemParameters([[1.0, 0.0], [3.0, 4.0]], 0.4, 1.0, 0.1)
    expected = ItemBank.from_questions(
        items.concepts, 0.4, 1.0, 0.1, location_error=[0.2, 0.5], log_slope_error=[0.1, 0.3]
    )
    bank = items.bank([0.2, 0.5], [0.1, 0.3])
    assert bank.slopes == pytest.approx(expected.slopes)
    assert bank.intercepts == pytest.approx(expected.intercepts)


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("location_error", {"location_error": -0.1}),
        ("location_error", {"location_error": float("nan")}),
        ("log_slope_error", {"log_slope_error": 1.01}),
        ("log_slope_error", {"log_slope_error": [0.1, 0.1]}),
    ],
)
def test_errors_out_of_range_are_refused(name: str, errors: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=name):
        ItemBank.from_questions([[1.0]], 0.5, **errors)


def test_regression_by_hand() -> None:
    # Variance 4, of which 1 is errors: three quarters of each distance from the mean, 1, are kept.
    values, error = regressed([-1.0, 3.0], 1.0)
    assert values == pytest.approx([-0.5, 2.5])
    assert error == pytest.approx(np.sqrt(0.75))
    same, no_error = regressed([-1.0, 3.0], 0.0)
    assert (same.tolist(), no_error) == ([-1.0, 3.0], 0.0)
    with pytest.raises(ValueError, match="values must differ"):
        regressed([1.0, 1.0], 0.5)


@pytest.mark.parametrize(
    "rules",
    [
        StopRules(max_questions=20),
        StopRules("precision", max_questions=40, precision_threshold=0.35),
    ],
    ids=["fixed_length", "precision"],
)
def test_stated_error_is_no_longer_too_small(rules: StopRules) -> None:
    """The benchmark engine_honesty has the figures; 80 examinees show the direction."""
    figures = np.array([squared_error_and_variance(rules, pool) for pool in range(8)])
    actual, stated = np.moveaxis(figures.mean(axis=0), 1, 0)
    plug_in, ours = np.sqrt(actual / stated)
    assert plug_in > 1.25
    assert 0.8 < ours < 1.2


def squared_error_and_variance(rules: StopRules, pool: int) -> list[list[float]]:
    """Return mean squared error and stated variance with a plug-in bank, and with ours."""
    rng, n, examinees = np.random.default_rng([19, pool]), 300, 10
    location, log_slope = rng.normal(0, 1, n), rng.normal(np.log(1.702), 0.3, n)
    true_slope = np.exp(log_slope + rng.normal(0, 0.3, n))
    truth = ItemBank(true_slope[:, None], -true_slope * (location + rng.normal(0, 0.7, n)))
    theta = rng.normal(0, 1, (examinees, 1))
    answers = rng.random((examinees, n)) < truth.probability(theta)
    result = []
    for errors in ((0.0, 0.0), (0.7, 0.3)):
        slope = attenuated(np.exp(log_slope), *errors)
        bank = ItemBank(slope[:, None], -slope * location)
        run = simulate(bank, theta, rng, Design(rules), answers=answers)
        error, variance = run.mean[:, -1] - theta, run.variance[:, -1]
        result.append([float(np.square(error).mean()), float(variance.mean())])
    return result
