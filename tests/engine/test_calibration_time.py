"""Calibration converges in few rounds, or stops after a complete round at its time limit."""

import itertools

import numpy as np
import pytest

from lib.engine.calibration import Budget, Calibration, ItemParameters, calibrate
from lib.engine.calibration.estimation import TOLERANCE, USABLE
from lib.engine.calibration.person_groups import _by_ability_matrix, _by_strand_matrix
from tests.support.recorded_answers import (
    LOG_LOGISTIC_SCALE,
    draw_items,
    draw_people,
    random_answers,
    with_author_defaults,
)


def three_second_budget() -> Budget:
    """Return a budget of 3 s whose clock advances by 1 s at each reading, that is, each round."""
    ticks = itertools.count()
    return Budget(seconds=3.0, clock=lambda: float(next(ticks)))


def calibration_in(budget: Budget | None = None, seed: int = 1) -> Calibration:
    rng = np.random.default_rng(seed)
    items = draw_items(rng, 40, 2, guessing=0.25)
    record = random_answers(rng, items, draw_people(rng, 400, 2), 15)
    return calibrate(*record.columns, origin=with_author_defaults(items), budget=budget)


def test_when_time_runs_out_the_last_complete_round_is_the_result() -> None:
    result = calibration_in(three_second_budget())
    assert result.rounds == 3
    assert not result.converged
    assert result.furthest_move > TOLERANCE
    assert np.isfinite(result.parameters.location).all()
    assert np.isfinite(result.errors.difficulty).all()


def test_no_round_starts_that_would_end_too_late() -> None:
    clock_times = iter([0.0, 2.0, 4.0, 6.0])  # a third round would end at 6
    assert calibration_in(Budget(seconds=5.0, clock=lambda: next(clock_times))).rounds == 2


def test_one_round_is_always_taken() -> None:
    assert calibration_in(Budget(seconds=0.0, clock=lambda: 0.0)).rounds >= 1
    slow_clock = itertools.count(0.0, 100.0)
    assert calibration_in(Budget(seconds=0.0, clock=lambda: next(slow_clock))).rounds == 1


def test_nearly_converged_result_is_usable_and_an_early_one_is_not() -> None:
    converged_result = calibration_in()
    assert converged_result.converged
    assert converged_result.usable
    early_result = calibration_in(three_second_budget())
    assert early_result.furthest_move > USABLE
    assert not early_result.usable
    ticks = itertools.count()
    late_result = calibration_in(Budget(converged_result.rounds - 3.0, lambda: float(next(ticks))))
    assert not late_result.converged
    assert late_result.usable
    error = np.abs(late_result.parameters.location - converged_result.parameters.location)
    assert np.max(error / converged_result.errors.location) < 5 * USABLE


def test_single_items_do_not_oscillate_forever() -> None:
    rng = np.random.default_rng(1)
    items = draw_items(rng, 300, 5, guessing=0.25, two_concepts=0.5)
    record = random_answers(rng, items, draw_people(rng, 3_000, 5), 20)
    result = calibrate(*record.columns, origin=with_author_defaults(items))
    assert result.converged
    assert result.rounds < 40


def test_the_common_move_does_not_hide_an_oscillation() -> None:
    k, n, people = 32, 640, 1_560
    rng = np.random.default_rng([16, k])
    q_matrix = np.eye(k)[np.arange(n) % k]
    q_matrix[np.arange(0, n, 2), rng.integers(k, size=n // 2)] = 1
    log_slope, location = rng.normal(LOG_LOGISTIC_SCALE, 0.3, n), rng.normal(0, 1, n)
    items = ItemParameters.of_latent(q_matrix, log_slope, location, np.full(n, 0.25))
    theta = (rng.normal(size=(people, k)) + rng.normal(size=(people, 1))) / np.sqrt(2)
    result = calibrate(
        *random_answers(rng, items, theta, 20).columns, origin=with_author_defaults(items)
    )
    assert result.converged
    # If the items' steps contained the move that all items have in common, one item would oscillate
    # in all 150 rounds.
    assert result.rounds < 100


@pytest.mark.parametrize("strands", [1, 3, 5])
def test_posteriors_do_not_depend_on_the_matrix_that_is_inverted(strands: int) -> None:
    rng = np.random.default_rng(strands)
    u = rng.normal(size=(7, strands, 4))
    u /= np.linalg.norm(u, axis=2, keepdims=True)
    precision, shift = rng.uniform(-0.05, 2, (7, strands)), rng.normal(size=(7, strands))
    correlation = 0.6 * np.eye(4) + 0.4
    methods = (
        method(u, precision, shift, correlation)
        for method in (_by_strand_matrix, _by_ability_matrix)
    )
    for first, second in zip(*methods, strict=True):
        assert first == pytest.approx(second, abs=1e-12)


def test_parameters_of_items_without_answers_stay_as_written() -> None:
    origin = ItemParameters(np.ones((3, 1)), 0.4)
    slow_clock = itertools.count(0.0, 100.0)
    budget = Budget(seconds=0.0, clock=lambda: next(slow_clock))
    result = calibrate([0, 1], [0, 0], [1, 0], origin=origin, budget=budget)
    assert result.parameters.difficulty[1:] == pytest.approx(0.4)
