"""Calibration recovers simulated parameters, with errors as large as it states."""

import numpy as np
import pytest

from lib.engine.calibration import Calibration, ItemParameters, Shrinkage, calibrate
from lib.engine.normal import FloatArray
from tests.support.recorded_answers import (
    LOG_LOGISTIC_SCALE,
    adaptive_answers,
    draw_items,
    draw_people,
    random_answers,
    with_author_defaults,
)

KEPT_GUESSING = Shrinkage(guessing_answers=np.inf)
AS_DRAWN = Shrinkage(log_slope_sd=0.3, location_sd=1.0, guessing_answers=np.inf)
"""Priors with the spreads that `draw_items` uses, for which standard errors should be exact."""


def standardised_errors(
    result: Calibration, truth: ItemParameters
) -> tuple[FloatArray, FloatArray]:
    """Return the errors of log a and b, in standard errors, for items with 30 answers or more."""
    has_enough_answers = result.answers >= 30
    slope = (result.parameters.log_slope - truth.log_slope) / result.errors.log_slope
    location = (result.parameters.location - truth.location) / result.errors.location
    return slope[has_enough_answers], location[has_enough_answers]


def rmse(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def test_two_parameters_are_recovered_from_complete_data() -> None:
    rng = np.random.default_rng(1)
    items = draw_items(rng, 50)
    record = random_answers(rng, items, draw_people(rng, 1_000))
    result = calibrate(*record.columns, origin=with_author_defaults(items), shrinkage=KEPT_GUESSING)
    assert result.converged
    # 1,000 answers determine b to about 0.08 and log a to about 0.1.
    assert rmse(result.parameters.location - items.location) < 0.13
    assert rmse(result.parameters.log_slope - items.log_slope) < 0.12


def test_guessing_is_recovered_although_the_author_left_it_at_zero() -> None:
    rng = np.random.default_rng(2)
    items = draw_items(rng, 40, guessing=0.25)
    record = random_answers(rng, items, draw_people(rng, 4_000))
    origin = ItemParameters(items.concepts, 0.5, 1.0, 0.0)
    result = calibrate(*record.columns, origin=origin)
    is_informative = items.location > 0  # easy items carry little information about guessing
    assert abs(float(np.mean(result.parameters.guessing[is_informative])) - 0.25) < 0.04
    with_kept_guessing = calibrate(*record.columns, origin=origin, shrinkage=KEPT_GUESSING)
    assert result.log_likelihood > with_kept_guessing.log_likelihood + 50


def test_five_concepts_are_recovered_from_sparse_answers() -> None:
    rng = np.random.default_rng(3)
    items = draw_items(rng, 200, k=5, two_concepts=0.3)
    record = random_answers(rng, items, draw_people(rng, 3_000, 5), 20)
    result = calibrate(*record.columns, origin=with_author_defaults(items), shrinkage=AS_DRAWN)
    assert result.converged
    assert np.corrcoef(result.parameters.location, items.location)[0, 1] > 0.97
    off_diagonal = result.correlation[np.triu_indices(5, 1)]
    assert abs(float(np.mean(off_diagonal)) - 0.5) < 0.04
    assert np.abs(off_diagonal - 0.5).max() < 0.12
    assert abs(float(np.mean(result.parameters.log_slope - items.log_slope))) < 0.03


@pytest.mark.parametrize("k", [1, 5])
def test_standard_errors_are_as_large_as_the_errors(k: int) -> None:
    """The standardised errors of 600 items have mean 0 ± 0.04 and deviation 1 ± 0.03."""
    slopes, locations = [], []
    for seed in range(3):
        rng = np.random.default_rng([4, k, seed])
        items = draw_items(rng, 200, k=k, two_concepts=0.2 if k > 1 else 0.0)
        record = random_answers(rng, items, draw_people(rng, 2_000, k), 20)
        result = calibrate(*record.columns, origin=with_author_defaults(items), shrinkage=AS_DRAWN)
        slope, location = standardised_errors(result, items)
        slopes.append(slope)
        locations.append(location)
    for z in (np.concatenate(slopes), np.concatenate(locations)):
        assert abs(float(z.mean())) < 0.15
        assert 0.92 < float(z.std()) < 1.08


def test_adaptively_chosen_answers_give_unbiased_parameters() -> None:
    slopes, locations = [], []
    for seed in range(4):
        rng = np.random.default_rng([5, seed])
        selection_items = draw_items(rng, 120)
        truth = ItemParameters.of_latent(
            selection_items.concepts,
            selection_items.log_slope + rng.normal(0, 0.3, 120),
            selection_items.location + rng.normal(0, 0.5, 120),
            selection_items.guessing,
        )
        record = adaptive_answers(rng, truth, selection_items, draw_people(rng, 2_000), 15)
        result = calibrate(
            *record.columns,
            origin=selection_items,
            shrinkage=Shrinkage(log_slope_sd=0.3, location_sd=0.5, guessing_answers=np.inf),
        )
        slope, location = standardised_errors(result, truth)
        slopes.append(slope)
        locations.append(location)
    for z in (np.concatenate(slopes), np.concatenate(locations)):
        # The sample of people shifts the scale of each calibration by about 0.1 standard errors.
        assert abs(float(z.mean())) < 0.25
        assert 0.85 < float(z.std()) < 1.15


def test_share_correct_alone_would_be_biased_where_calibration_is_not() -> None:
    """In adaptive tests everybody has about half of the answers right, whatever the difficulty."""
    rng = np.random.default_rng(6)
    truth = draw_items(rng, 60)
    record = adaptive_answers(rng, truth, truth, draw_people(rng, 3_000), 15)
    result = calibrate(*record.columns, origin=with_author_defaults(truth), shrinkage=AS_DRAWN)
    has_enough_answers = result.answers > 200
    share_correct = np.bincount(record.item, record.correct, minlength=60) / np.maximum(
        result.answers, 1
    )
    naive_location = -np.log(
        share_correct[has_enough_answers] / (1 - share_correct[has_enough_answers])
    ) / np.exp(LOG_LOGISTIC_SCALE)
    assert float(np.polyfit(truth.location[has_enough_answers], naive_location, 1)[0]) < 0.5
    slope = float(
        np.polyfit(
            truth.location[has_enough_answers], result.parameters.location[has_enough_answers], 1
        )[0]
    )
    assert slope == pytest.approx(1.0, abs=0.06)


def test_the_scale_is_that_of_the_people_who_answered() -> None:
    """To people of higher mean and smaller spread, items are easier and discriminate less."""
    rng = np.random.default_rng(7)
    items = draw_items(rng, 40)
    theta = 0.5 + 0.8 * draw_people(rng, 4_000)
    record = random_answers(rng, items, theta)
    result = calibrate(
        *record.columns, origin=with_author_defaults(items), current=items, shrinkage=KEPT_GUESSING
    )
    expected = (items.location - 0.5) / 0.8
    assert abs(float(np.mean(result.parameters.location - expected))) < 0.06
    assert result.drift.shift == pytest.approx([0.5], abs=0.06)
    assert result.drift.stretch == pytest.approx([0.8], abs=0.06)
