"""An item with uncertain parameters has a flatter curve, near the average over their errors."""

import numpy as np
import pytest
from numpy.typing import NDArray

from lib.engine import ItemBank, StopRules
from lib.engine.calibration import ItemParameters
from lib.engine.normal import FloatArray
from lib.engine.simulation import Z95, Design, simulate
from lib.engine.uncertainty import attenuated, regressed

T = np.linspace(-8.0, 8.0, 401)
NEAR = np.exp(-0.5 * (T / 0.5) ** 2) / np.exp(-0.5 * (T / 0.5) ** 2).sum()
"""Weights of N(0, 0.5²) at T."""
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def logistic(x: FloatArray) -> FloatArray:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x))


def average_curve(a: float, s: float, r: float, location: float = 0.0) -> FloatArray:
    """Return E[P] at T for b ~ N(location, s²) and a log slope ~ N(log a, r²), by quadrature."""
    slopes = a * np.exp(r * NODES)[:, None, None]
    curves = logistic(slopes * (T - location - s * NODES[:, None]))
    return np.asarray(np.einsum("a,b,abt->t", WEIGHTS, WEIGHTS, curves))


@pytest.mark.parametrize("a", [0.5, 1.0, 1.702, 4.0])
@pytest.mark.parametrize(("s", "r"), [(0.7, 0.3), (0.2, 0.2), (1.0, 0.0), (0.0, 0.4), (0.7, 0.5)])
def test_attenuated_curve_is_near_the_average_curve(a: float, s: float, r: float) -> None:
    average, curve = average_curve(a, s, r), logistic(attenuated(a, s, r) * T)
    assert np.abs(curve - average).max() < 0.034
    covariance, expected = (curve * T) @ NEAR, (average * T) @ NEAR
    assert covariance == pytest.approx(expected, rel=0.023)


def test_attenuation_agrees_with_a_calculation_by_hand() -> None:
    # a² = 8/π and s = 1, so a = 1.59577 becomes 1.59577 / √(1 + 1) = 1.12838.
    assert attenuated([1.59577], [1.0], [0.0]) == pytest.approx([1.12838], abs=1e-5)
    # s² = 1.75 and r = 1: a² (s² + ¼) = 2 · 8/π, so u = 2/3 and g = 1/√3; (1 - u)(1 - 3u) = -1/3,
    # so g falls by 1/6 to 0.48113. The slope is 1.59577 · 0.48113 / √(1 - ¼ · 0.23148) = 0.79100.
    assert attenuated([1.59577], [1.32288], [1.0]) == pytest.approx([0.79100], abs=1e-5)


def test_certain_items_stay_the_same_bit_for_bit_beside_uncertain_ones() -> None:
    rng = np.random.default_rng(3)
    q, difficulty, discrimination = rng.random((50, 3)), rng.random(50), rng.lognormal(size=50)
    plain = ItemBank.from_questions(q, difficulty, discrimination, 0.2)
    certain = ItemBank.from_questions(
        q, difficulty, discrimination, 0.2, location_error=0.0, log_slope_error=0.0
    )
    assert certain.slopes.tobytes() == plain.slopes.tobytes()
    assert certain.intercepts.tobytes() == plain.intercepts.tobytes()
    error = np.where(np.arange(50) < 25, 0.0, 0.7)
    half_uncertain = ItemBank.from_questions(
        q, difficulty, discrimination, 0.2, location_error=error
    )
    assert half_uncertain.slopes[:25].tobytes() == plain.slopes[:25].tobytes()
    assert (np.abs(half_uncertain.slopes[25:]) < np.abs(plain.slopes[25:])).all()
    # The curve is still ½ (1 + c) at the difficulty.
    ratio = half_uncertain.intercepts / plain.intercepts
    assert half_uncertain.slopes[:, 0] / plain.slopes[:, 0] == pytest.approx(ratio)


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


def test_regression_agrees_with_a_calculation_by_hand() -> None:
    # Errors make up 1 of the variance 4, so 3/4 of each value's distance from the mean 1 remains.
    values, error = regressed([-1.0, 3.0], 1.0)
    assert values == pytest.approx([-0.5, 2.5])
    assert error == pytest.approx(np.sqrt(0.75))
    same, no_error = regressed([-1.0, 3.0], 0.0)
    assert (same.tolist(), no_error) == ([-1.0, 3.0], 0.0)
    with pytest.raises(ValueError, match="values must differ"):
        regressed([1.0, 1.0], 0.5)


@pytest.mark.parametrize("errors", [(0.7, 0.3), (0.2, 0.2)], ids=["guessed", "calibrated"])
@pytest.mark.parametrize(
    "rules",
    [
        StopRules(max_questions=20),
        StopRules("precision", max_questions=40, precision_threshold=0.35),
    ],
    ids=["fixed_length", "precision"],
)
def test_stated_error_is_the_actual_one_when_parameters_are_wrong(
    rules: StopRules, errors: tuple[float, float]
) -> None:
    """The benchmark engine_honesty has the figures of 40 pools, and of three concepts."""
    figures = np.mean([one_pool(rules, errors, pool) for pool in range(8)], axis=0)
    (plug_in_ratio, plug_in_coverage), (ratio, coverage) = (
        (np.sqrt(squared / stated), covered) for squared, stated, covered in figures
    )
    # The standard error of `ratio` is about 0.003; the goals are 0.97 to 1.03 and 94 to 96 %.
    assert 0.985 < ratio < 1.015
    assert 0.94 < coverage < 0.96
    assert plug_in_ratio > (1.3 if errors[0] > 0.5 else 1.03)
    assert plug_in_coverage < (0.87 if errors[0] > 0.5 else 0.94)


def one_pool(
    rules: StopRules, errors: tuple[float, float], pool: int, examinees: int = 3
) -> FloatArray:
    """Return expected squared error, stated variance and coverage, shape (2, 3).

    The first row is for a plug-in bank, which ignores the errors, the second for an attenuated one.
    Given the answers, the expected squared error is the variance of the exact posterior plus the
    squared distance of its mean from the stated one. So the abilities add no random error.
    """
    rng, n = np.random.default_rng([19, pool]), 300
    location, log_slope = rng.normal(0, 1, n), rng.normal(np.log(1.702), 0.3, n)
    true_slope = np.exp(log_slope + rng.normal(0, errors[1], n))
    true_location = location + rng.normal(0, errors[0], n)
    truth = ItemBank(true_slope[:, None], -true_slope * true_location)
    theta = rng.normal(0, 1, (examinees, 1))
    answers = rng.random((examinees, n)) < truth.probability(theta)
    result = []
    for assumed_errors in ((0.0, 0.0), errors):
        slope = attenuated(np.exp(log_slope), *assumed_errors)
        bank = ItemBank(slope[:, None], -slope * location)
        run = simulate(bank, theta, rng, Design(rules), answers=answers)
        rows = []
        for i, length in enumerate(run.length):
            items = run.items[i, :length]
            density = exact_density(location[items], log_slope[items], errors, answers[i, items])
            mean, variance = run.mean[i, -1, 0], run.variance[i, -1, 0]
            inside = np.abs(T - mean) <= Z95 * np.sqrt(variance)
            rows.append([density @ (T - mean) ** 2, variance, density @ inside])
        result.append(np.mean(rows, axis=0))
    return np.array(result)


def exact_density(
    location: FloatArray,
    log_slope: FloatArray,
    errors: tuple[float, float],
    correct: NDArray[np.bool_],
) -> FloatArray:
    """Return the posterior at T from N(0, 1) and curves averaged over the items' errors."""
    log_density = -0.5 * T * T
    for b, log_a, right in zip(location, log_slope, correct, strict=True):
        p = average_curve(float(np.exp(log_a)), *errors, location=b)
        log_density = log_density + np.log(p if right else 1 - p)
    density = np.exp(log_density - np.max(log_density))
    return np.asarray(density / density.sum())
