"""The reachable deviation follows from the information of the most informative questions."""

import numpy as np
import pytest

from lib.engine import ItemBank
from lib.engine.precision import reachable_deviation


def test_reachable_deviation_follows_from_the_slope_of_the_response_curve() -> None:
    bank = ItemBank.from_questions([[1.0], [1.0], [1.0]], [0.2, 0.5, 0.9], [0.7, 1.1, 1.4], 0.2)
    ability, step = 0.4, 1e-4
    p, higher, lower = (bank.probability([ability + s])[None] for s in (0, step, -step))
    slope = (higher - lower) / (2 * step)
    information = (slope**2 / (p * (1 - p))).ravel()
    for questions in (1, 2, 3):
        expected = 1 / np.sqrt(1 + np.sort(information)[::-1][:questions].sum())
        deviation = reachable_deviation(bank, [ability], [True] * 3, questions)
        assert deviation == pytest.approx(np.array([[expected]]), rel=1e-6)


def test_each_concept_is_measured_by_its_own_questions() -> None:
    bank = ItemBank.from_questions([[1, 0], [1, 0], [1, 1]], [0.5, 0.5, 0.5], [1.0, 1.0, 1.0])
    with_all_items = reachable_deviation(bank, [0.0], [True, True, True], 20)
    assert with_all_items[0, 0] < with_all_items[1, 0] < 1
    without_the_last_item = reachable_deviation(bank, [0.0], [True, True, False], 20)
    assert without_the_last_item[1, 0] == 1
    assert without_the_last_item[0, 0] > with_all_items[0, 0]


def test_deviation_is_larger_far_from_every_difficulty() -> None:
    bank = ItemBank.from_questions([[1.0]] * 30, [0.5] * 30, 1.0, 0.25)
    low, middle, high = reachable_deviation(bank, [-2.0, 0.1, 2.0], [True] * 30, 20)[0]
    assert middle < high < low  # guessing costs the most information at low abilities
