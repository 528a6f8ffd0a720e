"""Items with few, no or contradictory answers never harm a pool."""

import numpy as np
import pytest

from lib.engine.calibration import Calibration, ItemParameters, Shrinkage, calibrate
from tests.support.recorded_answers import (
    Record,
    draw_items,
    draw_people,
    random_answers,
    with_author_defaults,
)


def calibration_of(record: Record, origin: ItemParameters) -> Calibration:
    return calibrate(*record.columns, origin=origin)


def few_answers(seed: int, k: int = 1, people: int = 40, answers_per_person: int = 6) -> Record:
    rng = np.random.default_rng(seed)
    return random_answers(
        rng, draw_items(rng, 30, k), draw_people(rng, people, k), answers_per_person
    )


def test_item_without_answers_keeps_its_author_s_parameters() -> None:
    origin = ItemParameters(np.ones((31, 1)), 0.7, 1.3, 0.2)
    result = calibration_of(few_answers(1), origin)
    assert result.answers[30] == 0
    assert result.parameters.difficulty[30] == pytest.approx(0.7)
    assert result.parameters.discrimination[30] == pytest.approx(1.3)
    assert result.parameters.guessing[30] == pytest.approx(0.2)


def test_error_of_an_item_without_answers_is_the_spread_of_its_prior() -> None:
    prior = Shrinkage()
    result = calibration_of(few_answers(2), ItemParameters(np.ones((31, 1)), 0.5, 1.0, 0.2))
    assert result.errors.location[30] == pytest.approx(prior.location_sd)
    assert result.errors.log_slope[30] == pytest.approx(prior.log_slope_sd)
    # Φ of a standard normal variable is uniform: deviation 1 / √12.
    assert result.errors.difficulty[30] == pytest.approx(12**-0.5, abs=0.01)


def test_first_answer_moves_the_difficulty_a_little() -> None:
    other_answers = few_answers(3)
    right, wrong = (
        calibration_of(
            other_answers + Record(np.array([0]), np.array([30]), np.array([correct])), origin
        )
        for correct in (True, False)
        for origin in [ItemParameters(np.ones((31, 1)))]
    )
    after_right, after_wrong = right.parameters.difficulty[30], wrong.parameters.difficulty[30]
    assert 0.3 < after_right < 0.5 < after_wrong < 0.7
    assert right.errors.location[30] < Shrinkage().location_sd


@pytest.mark.parametrize("correct", [True, False])
def test_item_with_unanimous_answers_stays_finite(correct: bool) -> None:
    other_answers = few_answers(4, people=300)
    unanimous_answers = Record(np.arange(300), np.full(300, 30), np.full(300, correct))
    all_answers = Record(
        *(
            np.concatenate(pair)
            for pair in zip(other_answers.columns, unanimous_answers.columns, strict=True)
        )
    )
    result = calibration_of(all_answers, ItemParameters(np.ones((31, 1))))
    assert result.converged
    assert (result.parameters.location[30] < -1.5) == correct
    assert abs(result.parameters.location[30]) < 4
    assert 0.3 < result.parameters.discrimination[30] < 3


def test_every_loading_stays_positive_when_answers_contradict_the_key() -> None:
    """With a wrong key, better students are less likely to be graded as right."""
    rng = np.random.default_rng(5)
    items = draw_items(rng, 30)
    theta = draw_people(rng, 800)
    record = random_answers(rng, items, theta)
    miskeyed_outcomes = record.correct ^ (record.item == 7)
    result = calibrate(
        record.person, record.item, miskeyed_outcomes, origin=with_author_defaults(items)
    )
    assert result.converged
    assert (result.parameters.bank().slopes[:, 0] > 0).all()
    assert int(np.argmin(result.parameters.discrimination)) == 7
    assert result.parameters.discrimination[7] < 0.2


def test_parameters_are_valid_for_the_engine_whatever_the_answers() -> None:
    for seed in range(30):
        rng = np.random.default_rng([6, seed])
        k, n = int(rng.integers(1, 6)), int(rng.integers(1, 12))
        pairs = rng.choice(10 * n, min(int(rng.integers(1, 60)), 10 * n), replace=False)
        origin = ItemParameters(
            rng.random((n, k)) + 0.01,
            rng.random(n),
            rng.lognormal(0, 1, n),
            rng.choice([0.0, 0.25, 0.5], n),
        )
        record = Record(pairs // n, pairs % n, rng.random(len(pairs)) < rng.random())
        result = calibration_of(record, origin)
        assert result.parameters.bank().concepts == k
        assert np.isfinite(result.log_likelihood)
        assert (result.errors.difficulty > 0).all()
        assert np.linalg.eigvalsh(result.correlation)[0] > 0


def test_without_answers_nothing_changes() -> None:
    no_answers = Record(np.zeros(0, int), np.zeros(0, int), np.zeros(0, bool))
    result = calibration_of(no_answers, ItemParameters(np.eye(3), [0.2, 0.5, 0.8], 1.0, 0.1))
    assert result.parameters.difficulty == pytest.approx([0.2, 0.5, 0.8])
    assert result.correlation == pytest.approx(np.eye(3))
    assert not result.drift.drifted.any()
    assert result.people == 0


def test_calibrating_again_with_the_same_answers_changes_nothing() -> None:
    """The priors stay at the author's parameters, so no answer counts twice."""
    record, origin = few_answers(8), ItemParameters(np.ones((30, 1)))
    first = calibration_of(record, origin)
    second = calibrate(*record.columns, origin=origin, current=first.parameters)
    change = (second.parameters.location - first.parameters.location) / first.errors.location
    assert np.abs(change).max() < 0.05
    assert not second.drift.drifted.any()


def test_order_and_names_of_people_do_not_matter() -> None:
    record, origin = few_answers(9, k=3), ItemParameters(np.eye(3)[np.arange(30) % 3])
    shuffle = np.random.default_rng(10).permutation(len(record.item))
    renamed_record = Record(
        (record.person * 7 + 1_000_000)[shuffle], record.item[shuffle], record.correct[shuffle]
    )
    first, second = calibration_of(record, origin), calibration_of(renamed_record, origin)
    assert np.array_equal(first.parameters.location, second.parameters.location)
    assert np.array_equal(first.errors.difficulty, second.errors.difficulty)


def test_thirty_two_concepts_with_real_weights_are_calibrated() -> None:
    rng = np.random.default_rng(11)
    origin = ItemParameters(rng.random((40, 32)))
    record = random_answers(rng, origin, draw_people(rng, 30, 32), 10)
    result = calibration_of(record, origin)
    assert (result.parameters.bank().slopes > 0).all()
    assert np.linalg.eigvalsh(result.correlation)[0] > 0


@pytest.mark.parametrize(
    ("item", "correct"), [([3], [1]), ([-1], [1]), ([0], [2]), ([0], [np.nan]), ([0, 1], [1])]
)
def test_answers_of_wrong_shape_or_value_are_refused(item: list[int], correct: list[float]) -> None:
    with pytest.raises(ValueError, match="must"):
        calibrate([1], item, correct, origin=ItemParameters(np.eye(3)))


@pytest.mark.parametrize(
    ("concepts", "difficulty", "discrimination", "guessing"),
    [
        ([[0, 0]], 0.5, 1, 0),
        ([[1, -1]], 0.5, 1, 0),
        ([[1, 0]], 1.5, 1, 0),
        ([[1, 0]], 0.5, 0, 0),
        ([[1, 0]], 0.5, 1, 0.95),
    ],
)
def test_parameters_out_of_range_are_refused(
    concepts: list[list[float]], difficulty: float, discrimination: float, guessing: float
) -> None:
    with pytest.raises(ValueError, match=r"must|needs"):
        ItemParameters(concepts, difficulty, discrimination, guessing)


def test_pool_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="same items"):
        calibrate([1], [0], [1], origin=ItemParameters(np.eye(3)), current=ItemParameters([[1.0]]))
