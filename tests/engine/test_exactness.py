"""With up to five concepts, means are within 0.01 and deviations within 0.015 of brute force."""

import numpy as np
import pytest

from tests.support.examinees import (
    adaptive_test,
    answers_of,
    correlated,
    examinee,
    with_eight_concepts,
)
from tests.support.quadrature import exact_by_pairs, exact_posterior

KINDS = [
    "",
    "guessing",
    "right",
    "wrong",
    "guessing right",
    "guessing wrong",
    "correlated",
    "guessing correlated",
    "shifted",
    "narrow correlated",
    "guessing narrow shifted",
    "duplicate",
    "guessing duplicate",
]
"""Kinds of random examinees; see `tests.support.examinees.examinee`."""
LENGTHS = (1, 3, 8, 20, 60)


def errors(k: int, t: int, kind: str) -> tuple[float, float]:
    """Return the largest errors of a mean and a deviation on k concepts after t answers."""
    someone = examinee(np.random.default_rng([k, t]), k, t, kind)
    exact = exact_posterior(someone.mean, someone.covariance, someone.answers)
    posterior = someone.posterior
    return (
        float(np.abs(posterior.mean - exact.mean).max()),
        float(np.abs(np.sqrt(posterior.variance) - exact.deviation).max()),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_one_concept_is_integrated_exactly(kind: str) -> None:
    for t in LENGTHS:
        mean, deviation = errors(1, t, kind)
        assert mean < 5e-4, (t, mean)
        assert deviation < 5e-4, (t, deviation)


@pytest.mark.parametrize("discrimination", [2.0, 5.0])
@pytest.mark.parametrize("guessing", [0.0, 0.2, 1 / 3])
def test_one_concept_misses_no_second_mode(discrimination: float, guessing: float) -> None:
    for seed in range(20):
        bank, states = adaptive_test(seed, discrimination, guessing, 20, k=1)
        for t in (5, 8, 11, 20):
            exact = exact_posterior([0.0], [[1.0]], answers_of(states[t], bank))
            assert states[t].mean == pytest.approx(exact.mean, abs=4e-3), (seed, t)
            assert np.sqrt(states[t].variance) == pytest.approx(exact.deviation, abs=4e-3)


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("kind", [*KINDS, "singular", "guessing singular"])
def test_two_and_three_concepts_are_exact_enough(k: int, kind: str) -> None:
    for t in LENGTHS if k == 2 else (2, 12, 40):
        mean, deviation = errors(k, t, kind)
        assert mean < 0.01, (t, mean)
        assert deviation < 0.015, (t, deviation)


@pytest.mark.parametrize(("t", "kind"), [(20, "guessing"), (10, "right"), (15, "correlated")])
def test_four_concepts_are_exact_enough(t: int, kind: str) -> None:
    mean, deviation = errors(4, t, kind)
    assert mean < 0.01
    assert deviation < 0.015


def test_five_concepts_are_exact_enough() -> None:
    mean, deviation = errors(5, 12, "guessing correlated")
    assert mean < 0.01
    assert deviation < 0.015


def test_two_hundred_questions_stay_exact() -> None:
    for k, kind in ((1, "guessing"), (2, "guessing correlated"), (2, "duplicate")):
        mean, deviation = errors(k, 200, kind)
        assert mean < 0.01
        assert deviation < 0.015


@pytest.mark.parametrize(
    ("k", "tests"),
    # In test 5 of two concepts, a hard item is answered right after several wrong answers, so the
    # posterior has two modes: the answer was guessed or known.
    [(2, (0, 5, 6, 34)), (3, (3, 6, 10)), (4, (3,))],
)
@pytest.mark.parametrize("discrimination", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("guessing", [0.0, 0.2, 1 / 3])
def test_adaptive_histories_are_exact_enough(
    k: int, tests: tuple[int, ...], discrimination: float, guessing: float
) -> None:
    for seed in tests:
        bank, states = adaptive_test(seed, discrimination, guessing, 20, k)
        for t in (3, 5, 8, 11, 20):
            exact = exact_by_pairs(np.zeros(k), correlated(k), answers_of(states[t], bank))
            mean = np.abs(states[t].mean - exact.mean).max()
            deviation = np.abs(np.sqrt(states[t].variance) - exact.deviation).max()
            assert mean < 0.01, (seed, t)
            assert deviation < 0.015, (seed, t)


@pytest.mark.parametrize("discrimination", [2.0, 5.0])
def test_five_steep_concepts_are_exact_enough(discrimination: float) -> None:
    bank, states = adaptive_test(2, discrimination, 0.2, 20, 5)
    exact = exact_by_pairs(np.zeros(5), correlated(5), answers_of(states[20], bank))
    assert np.abs(states[20].mean - exact.mean).max() < 0.01
    assert np.abs(np.sqrt(states[20].variance) - exact.deviation).max() < 0.015


@pytest.mark.parametrize(("discrimination", "tolerance"), [(1.0, 0.01), (2.0, 0.012), (5.0, 0.15)])
@pytest.mark.parametrize("guessing", [0.2, 1 / 3])
def test_more_than_five_concepts_are_nearly_as_exact_unless_questions_are_steep(
    discrimination: float, tolerance: float, guessing: float
) -> None:
    # Above five concepts, expectation propagation runs at every grid point of each concept. In test
    # 34, after a lucky guess at steep questions, it diverges far from the mode: every sweep adds
    # more probability mass where there is none.
    for seed in (0, 20, 34):
        bank, states = adaptive_test(seed, discrimination, guessing, 20)
        for t in (5, 8, 20):
            exact = exact_by_pairs(np.zeros(2), correlated(2), answers_of(states[t], bank))
            posterior = with_eight_concepts(states[t], bank)
            assert np.abs(posterior.mean[:2] - exact.mean).max() < tolerance
            assert np.abs(np.sqrt(posterior.variance[:2]) - exact.deviation).max() < 1.5 * tolerance
            # The other six concepts have one right answer each: see test_history.py.
            assert posterior.mean[2:] == pytest.approx(np.full(6, 0.413242), abs=1e-3)
            assert posterior.variance[2:] == pytest.approx(np.full(6, 0.829231), abs=1e-3)


def test_off_diagonal_covariances_are_exact_enough() -> None:
    someone = examinee(np.random.default_rng(8), 3, 25, "guessing correlated")
    exact = exact_posterior(someone.mean, someone.covariance, someone.answers)
    assert np.abs(someone.posterior.covariance - exact.covariance).max() < 0.01
