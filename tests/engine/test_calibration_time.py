"""Calibration takes as long as it may: it settles in few rounds, or stops whole at its limit."""

import itertools

import numpy as np
import pytest

from lib.engine.calibration import Budget, Calibration, ItemParameters, calibrate
from lib.engine.calibration.estimation import TOLERANCE, USABLE
from lib.engine.calibration.person_groups import _by_ability_matrix, _by_strand_matrix
from tests.support.recorded_answers import (
    LOGITS,
    as_written,
    draw_items,
    draw_people,
    random_answers,
)


def counting_clock() -> Budget:
    """A clock that shows one second more each time it is read: at the start, after each round."""
    ticks = itertools.count()
    return Budget(seconds=3.0, clock=lambda: float(next(ticks)))


def calibrated(budget: Budget | None = None, seed: int = 1) -> Calibration:
    rng = np.random.default_rng(seed)
    items = draw_items(rng, 40, 2, guessing=0.25)
    record = random_answers(rng, items, draw_people(rng, 400, 2), 15)
    return calibrate(*record.columns, origin=as_written(items), budget=budget)


def test_out_of_time_the_last_whole_round_is_the_result() -> None:
    stopped = calibrated(counting_clock())
    assert stopped.rounds == 3
    assert not stopped.converged
    assert stopped.furthest_move > TOLERANCE
    assert np.isfinite(stopped.parameters.location).all()
    assert np.isfinite(stopped.errors.difficulty).all()


def test_no_round_begins_that_would_end_too_late() -> None:
    slow = iter([0.0, 2.0, 4.0, 6.0])  # a third round would end at 6
    assert calibrated(Budget(seconds=5.0, clock=lambda: next(slow))).rounds == 2


def test_one_round_is_always_taken() -> None:
    assert calibrated(Budget(seconds=0.0, clock=lambda: 0.0)).rounds >= 1
    late = itertools.count(0.0, 100.0)
    assert calibrated(Budget(seconds=0.0, clock=lambda: next(late))).rounds == 1


def test_result_that_has_nearly_settled_is_usable_and_an_early_one_is_not() -> None:
    settled = calibrated()
    assert settled.converged
    assert settled.usable
    early = calibrated(counting_clock())
    assert early.furthest_move > USABLE
    assert not early.usable
    ticks = itertools.count()
    nearly = calibrated(Budget(settled.rounds - 3.0, lambda: float(next(ticks))))
    assert not nearly.converged
    assert nearly.usable
    off = np.abs(nearly.parameters.location - settled.parameters.location)
    assert np.max(off / settled.errors.location) < 5 * USABLE


def test_single_items_do_not_swing_for_ever() -> None:
    rng = np.random.default_rng(1)
    items = draw_items(rng, 300, 5, guessing=0.25, two_concepts=0.5)
    record = random_answers(rng, items, draw_people(rng, 3_000, 5), 20)
    found = calibrate(*record.columns, origin=as_written(items))
    assert found.converged
    assert found.rounds < 40


def test_move_that_items_share_hides_no_swing() -> None:
    k, n, people = 32, 640, 1_560
    rng = np.random.default_rng([16, k])
    tests = np.eye(k)[np.arange(n) % k]
    tests[np.arange(0, n, 2), rng.integers(k, size=n // 2)] = 1
    log_slope, location = rng.normal(LOGITS, 0.3, n), rng.normal(0, 1, n)
    items = ItemParameters.of_latent(tests, log_slope, location, np.full(n, 0.25))
    theta = (rng.normal(size=(people, k)) + rng.normal(size=(people, 1))) / np.sqrt(2)
    found = calibrate(*random_answers(rng, items, theta, 20).columns, origin=as_written(items))
    assert found.converged
    assert found.rounds < 100  # with the shared move, one item swings for all of 150


@pytest.mark.parametrize("strands", [1, 3, 5])
def test_posteriors_are_the_same_whichever_matrix_is_inverted(strands: int) -> None:
    rng = np.random.default_rng(strands)
    u = rng.normal(size=(7, strands, 4))
    u /= np.linalg.norm(u, axis=2, keepdims=True)
    precision, shift = rng.uniform(-0.05, 2, (7, strands)), rng.normal(size=(7, strands))
    correlation = 0.6 * np.eye(4) + 0.4
    ways = (
        way(u, precision, shift, correlation) for way in (_by_strand_matrix, _by_ability_matrix)
    )
    for one, other in zip(*ways, strict=True):
        assert one == pytest.approx(other, abs=1e-12)


def test_unused_item_parameters_stay_as_written() -> None:
    origin = ItemParameters(np.ones((3, 1)), 0.4)
    late = itertools.count(0.0, 100.0)
    budget = Budget(seconds=0.0, clock=lambda: next(late))
    found = calibrate([0, 1], [0, 0], [1, 0], origin=origin, budget=budget)
    assert found.parameters.difficulty[1:] == pytest.approx(0.4)
