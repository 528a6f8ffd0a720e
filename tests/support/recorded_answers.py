"""Simulated answers of people with known abilities to items with known parameters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.engine.calibration import ItemParameters
from lib.engine.normal import FloatArray

LOG_LOGISTIC_SCALE = np.log(1.702)


@dataclass(frozen=True)
class Record:
    """Recorded answers as parallel arrays, one entry per answer."""

    person: NDArray[np.intp]
    item: NDArray[np.intp]
    correct: NDArray[np.bool_]

    @property
    def columns(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
        return self.person, self.item, self.correct

    def __add__(self, other: "Record") -> "Record":
        """Return both records' answers; the people of the two records are different people."""
        return Record(
            np.concatenate([self.person, other.person + len(np.unique(self.person))]),
            np.concatenate([self.item, other.item]),
            np.concatenate([self.correct, other.correct]),
        )


def draw_items(
    rng: np.random.Generator, n: int, k: int = 1, guessing: float = 0.0, two_concepts: float = 0.0
) -> ItemParameters:
    """Return items with b ~ N(0, 1) and log a ~ N(log 1.702, 0.3²).

    The share `two_concepts` of the items draws a second concept, which may be the first one again.
    """
    q = np.zeros((n, k))
    q[np.arange(n), np.arange(n) % k] = 1
    measures_two = rng.random(n) < two_concepts
    q[np.flatnonzero(measures_two), rng.integers(k, size=measures_two.sum())] = 1
    return ItemParameters.of_latent(
        q, LOG_LOGISTIC_SCALE + rng.normal(0, 0.3, n), rng.normal(0, 1, n), np.full(n, guessing)
    )


def with_author_defaults(items: ItemParameters) -> ItemParameters:
    """Return the items with true guessing and the default difficulty and discrimination."""
    return ItemParameters(items.concepts, 0.5, 1.0, items.guessing)


def draw_people(
    rng: np.random.Generator, people: int, k: int = 1, correlation: float = 0.5
) -> FloatArray:
    """Return standard normal abilities with equal correlations, shape (people, k)."""
    covariance = np.full((k, k), correlation) + (1 - correlation) * np.eye(k)
    return np.asarray(rng.multivariate_normal(np.zeros(k), covariance, people))


def random_answers(
    rng: np.random.Generator,
    items: ItemParameters,
    theta: FloatArray,
    per_person: int | None = None,
) -> Record:
    """Return the answers of each person to `per_person` random items, or to all items."""
    people, n = len(theta), len(items)
    chosen_items = np.argsort(rng.random((people, n)), axis=1)[:, : per_person or n]
    probability = np.take_along_axis(items.bank().probability(theta), chosen_items, axis=1)
    person = np.repeat(np.arange(people), chosen_items.shape[1])
    return Record(
        person, chosen_items.ravel(), (rng.random(chosen_items.shape) < probability).ravel()
    )


def adaptive_answers(
    rng: np.random.Generator,
    items: ItemParameters,
    assumed: ItemParameters,
    theta: FloatArray,
    per_person: int,
) -> Record:
    """Return answers to items chosen, in one dimension, for high information at the posterior mean.

    Args:
        rng: Random generator.
        items: The true parameters, by which people answer.
        assumed: The parameters by which items are selected and abilities estimated.
        theta: Abilities, shape (people, 1).
        per_person: Number of items that each person answers.
    """
    grid = np.linspace(-4, 4, 81)
    weight = np.tile(np.exp(-0.5 * grid**2), (len(theta), 1))
    truth, curve = items.bank().probability(theta), assumed.bank().probability(grid[:, None])
    a = np.exp(assumed.log_slope)
    people, unasked = np.arange(len(theta)), np.ones(truth.shape, bool)
    chosen_items, correct = [], []
    for _ in range(per_person):
        mean = (weight @ grid) / weight.sum(axis=1)
        curve_at_mean = 1 / (1 + np.exp(-a * (mean[:, None] - assumed.location)))
        information = (
            a**2 * curve_at_mean * (1 - curve_at_mean) * rng.uniform(0.7, 1.0, curve_at_mean.shape)
        )
        item = np.where(unasked, information, -1.0).argmax(axis=1)
        unasked[people, item] = False
        outcome = rng.random(len(theta)) < truth[people, item]
        weight = weight * np.where(outcome[:, None], curve.T[item], 1 - curve.T[item])
        chosen_items.append(item)
        correct.append(outcome)
    return Record(
        np.tile(people, per_person), np.concatenate(chosen_items), np.concatenate(correct)
    )
