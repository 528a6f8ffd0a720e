"""The likelihood that calibration maximises agrees with brute-force integration."""

import numpy as np
import pytest

from lib.engine.calibration import ItemParameters
from lib.engine.calibration.answers import Answers
from lib.engine.calibration.person_posteriors import Sites
from lib.engine.calibration.propagation import Curves, Sweep, sweep
from lib.engine.normal import FloatArray
from tests.support.recorded_answers import Record, draw_items, draw_people, random_answers

GRID = np.linspace(-6, 6, 121)


def curves(items: ItemParameters) -> Curves:
    return Curves(np.exp(items.log_slope), items.location, items.guessing)


def converged_sweep(items: ItemParameters, record: Record, correlation: FloatArray) -> Sweep:
    """Return the results of a sweep after the sites have converged."""
    answers = Answers.of(*record.columns, items.directions)
    sites = Sites.zero(answers)
    for _ in range(25):
        result = sweep(answers, sites, curves(items), correlation)
        sites = result.sites
    return result


def brute_force(items: ItemParameters, record: Record, correlation: FloatArray) -> FloatArray:
    """Return the log-likelihood of each person, by a dense grid in one or two dimensions."""
    k = len(correlation)
    theta = np.stack(np.meshgrid(*[GRID] * k, indexing="ij"), axis=-1).reshape(-1, k)
    prior = np.exp(-0.5 * np.einsum("ti,ij,tj->t", theta, np.linalg.inv(correlation), theta))
    probability = items.bank().probability(theta).T
    answers = np.zeros((2, len(np.unique(record.person)), len(items)))
    np.add.at(answers, (record.correct.astype(int), record.person, record.item), 1)
    log_likelihood = answers[1] @ np.log(probability) + answers[0] @ np.log1p(-probability)
    return np.asarray(np.log(np.exp(log_likelihood) @ (prior / prior.sum())))


def with_changed_parameter(
    items: ItemParameters, item: int, column: int, step: float
) -> ItemParameters:
    columns = [items.log_slope.copy(), items.location.copy(), items.guessing.copy()]
    columns[column][item] += step
    return ItemParameters.of_latent(items.concepts, *columns)


@pytest.mark.parametrize("guessing", [0.0, 0.2])
@pytest.mark.parametrize("answers_per_person", [1, 5, 30])
def test_log_likelihood_in_one_dimension_is_exact(guessing: float, answers_per_person: int) -> None:
    rng = np.random.default_rng(1)
    items = draw_items(rng, 30, guessing=guessing)
    record = random_answers(rng, items, draw_people(rng, 100), answers_per_person)
    exact = brute_force(items, record, np.eye(1)).sum()
    assert converged_sweep(items, record, np.eye(1)).log_likelihood == pytest.approx(
        exact, rel=2e-5
    )


def test_log_likelihood_in_two_correlated_dimensions_is_nearly_exact() -> None:
    rng = np.random.default_rng(2)
    items = draw_items(rng, 24, k=2, two_concepts=0.5, guessing=0.2)
    correlation = np.array([[1.0, 0.6], [0.6, 1.0]])
    record = random_answers(rng, items, draw_people(rng, 60, 2, 0.6), 12)
    exact = brute_force(items, record, correlation).sum()
    assert converged_sweep(items, record, correlation).log_likelihood == pytest.approx(
        exact, rel=1e-3
    )


@pytest.mark.parametrize("k", [1, 2])
def test_score_is_the_gradient_of_the_exact_likelihood(k: int) -> None:
    """The gap, in standard deviations of the score, is below 0.002 in one dimension, 0.1 in two."""
    rng = np.random.default_rng(3)
    items = draw_items(rng, 12, k=k, two_concepts=0.3 * (k - 1), guessing=0.15)
    correlation = 0.5 * np.eye(k) + 0.5
    record = random_answers(rng, items, draw_people(rng, 80, k), 8)
    converged_result = converged_sweep(items, record, correlation)
    score_deviation = np.sqrt(np.diagonal(converged_result.information, axis1=1, axis2=2))
    for item in range(3):
        for column in range(3):
            up, down = (
                brute_force(
                    with_changed_parameter(items, item, column, step), record, correlation
                ).sum()
                for step in (1e-3, -1e-3)
            )
            gap = (
                abs(converged_result.score[item, column] - (up - down) / 2e-3)
                / score_deviation[item, column]
            )
            assert gap < (0.002, 0.1)[k - 1], (item, column)


def test_information_is_the_expected_square_of_the_score() -> None:
    """Over many groups of people, the squares of an item's scores add up to its information."""
    rng = np.random.default_rng(4)
    items = draw_items(rng, 10)
    record = random_answers(rng, items, draw_people(rng, 4_000))
    all_people = converged_sweep(items, record, np.eye(1))
    scores = []
    for group in range(40):
        group_record = Record(*(column[record.person % 40 == group] for column in record.columns))
        scores.append(converged_sweep(items, group_record, np.eye(1)).score[:, :2])
    squares = np.square(scores).sum(axis=0)
    expected = np.diagonal(all_people.information, axis1=1, axis2=2)[:, :2]
    assert float(np.mean(squares / expected)) == pytest.approx(1.0, abs=0.12)
