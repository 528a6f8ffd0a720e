"""Drift: changed items are flagged, and unchanged ones are not."""

import numpy as np
import pytest

from lib.engine.calibration import ItemParameters, Shrinkage, calibrate
from lib.engine.calibration.drift import Drift
from lib.engine.normal import FloatArray
from tests.support.recorded_answers import draw_items, draw_people, random_answers

DRIFTED = [3, 17, 31]


def with_harder_items(items: ItemParameters, by: float) -> ItemParameters:
    location = items.location.copy()
    location[DRIFTED] += by
    return ItemParameters.of_latent(items.concepts, items.log_slope, location, items.guessing)


def drift_after(
    seed: int,
    by: float,
    population: tuple[float, float] = (0.0, 1.0),
    shrinkage: Shrinkage | None = None,
) -> Drift:
    """Return the drift that is found after three items became harder by `by`.

    The current parameters of all other items are the true ones. `population` is the mean and the
    standard deviation of the people's abilities.
    """
    rng = np.random.default_rng([20, seed])
    current = draw_items(rng, 60, k=2)
    theta: FloatArray = population[0] + population[1] * draw_people(rng, 1_500, 2)
    record = random_answers(rng, with_harder_items(current, by), theta, 30)
    return calibrate(*record.columns, origin=current, shrinkage=shrinkage).drift


def test_items_that_became_harder_are_flagged() -> None:
    flags = drift_after(1, 0.6).drifted
    assert flags[DRIFTED].all()
    assert flags.sum() <= 4


def test_false_flags_are_rare() -> None:
    """Without changes, a false discovery rate of 5 % allows a flag in one of twenty runs."""
    drifts = [drift_after(seed, 0.0) for seed in range(12)]
    assert sum(bool(drift.drifted.any()) for drift in drifts) <= 2
    share_below_5_percent = float(
        np.mean(np.concatenate([drift.p_value for drift in drifts]) < 0.05)
    )
    assert share_below_5_percent < 0.07


def test_a_better_population_is_not_reported_as_drift() -> None:
    drift = drift_after(3, 0.0, (0.6, 0.8))
    assert drift.drifted.sum() <= 1
    assert drift.shift == pytest.approx([0.6, 0.6], abs=0.12)
    assert drift.stretch == pytest.approx([0.8, 0.8], abs=0.12)


def test_drift_is_found_in_a_better_population() -> None:
    flags = drift_after(4, 0.8, (0.6, 0.8)).drifted
    assert flags[DRIFTED].all()
    assert flags.sum() <= 5


def test_change_of_the_curve_is_in_units_of_probability() -> None:
    """Raising b by 0.6 at a = 1.702 moves P by up to a · 0.6 / 4 = 0.26, about 0.18 on average."""
    drift = drift_after(5, 0.6)
    assert 0.1 < float(drift.curve_change[DRIFTED].mean()) < 0.25
    unchanged = np.delete(drift.curve_change, DRIFTED)
    assert float(unchanged.mean()) < 0.05


def test_drift_is_found_when_guessing_is_fixed() -> None:
    flags = drift_after(6, 0.6, shrinkage=Shrinkage(guessing_answers=np.inf)).drifted
    assert flags[DRIFTED].all()


def test_items_without_answers_have_not_drifted() -> None:
    origin = ItemParameters(np.ones((4, 1)))
    current = ItemParameters(np.ones((4, 1)), [0.5, 0.5, 0.01, 0.99])
    drift = calibrate([1, 2, 3], [0, 1, 0], [1, 0, 1], origin=origin, current=current).drift
    assert not drift.drifted[2:].any()
    assert (drift.p_value[2:] == 1).all()
    assert (drift.curve_change[2:] == 0).all()
