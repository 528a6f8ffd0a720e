"""People with known abilities answering items with known parameters."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib.engine.calibration import ItemParameters
from lib.engine.normal import FloatArray

LOGITS = np.log(1.702)


@dataclass(frozen=True)
class Record:
    """Parallel arrays: who, what, right or wrong."""

    person: NDArray[np.intp]
    item: NDArray[np.intp]
    correct: NDArray[np.bool_]

    @property
    def columns(self) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
        return self.person, self.item, self.correct

    def __add__(self, other: "Record") -> "Record":
        """The other record's people are other people."""
        return Record(
            np.concatenate([self.person, other.person + len(np.unique(self.person))]),
            np.concatenate([self.item, other.item]),
            np.concatenate([self.correct, other.correct]),
        )


def draw_items(
    rng: np.random.Generator, n: int, k: int = 1, guessing: float = 0.0, two_concepts: float = 0.0
) -> ItemParameters:
    """Items with b ~ N(0, 1) and log a ~ N(log 1.702, 0.3²); a share loads on two concepts."""
    q = np.zeros((n, k))
    q[np.arange(n), np.arange(n) % k] = 1
    both = rng.random(n) < two_concepts
    q[np.flatnonzero(both), rng.integers(k, size=both.sum())] = 1
    return ItemParameters.of_latent(
        q, LOGITS + rng.normal(0, 0.3, n), rng.normal(0, 1, n), np.full(n, guessing)
    )


def as_written(items: ItemParameters) -> ItemParameters:
    """What an author knows who has seen no answer: middling difficulty and discrimination."""
    return ItemParameters(items.concepts, 0.5, 1.0, items.guessing)


def draw_people(
    rng: np.random.Generator, people: int, k: int = 1, correlation: float = 0.5
) -> FloatArray:
    covariance = np.full((k, k), correlation) + (1 - correlation) * np.eye(k)
    return np.asarray(rng.multivariate_normal(np.zeros(k), covariance, people))


def random_answers(
    rng: np.random.Generator, items: ItemParameters, theta: FloatArray, each: int | None = None
) -> Record:
    """Everybody answers `each` items drawn at random, or all of them."""
    people, n = len(theta), len(items)
    chosen = np.argsort(rng.random((people, n)), axis=1)[:, : each or n]
    chance = np.take_along_axis(items.bank().probability(theta), chosen, axis=1)
    person = np.repeat(np.arange(people), chosen.shape[1])
    return Record(person, chosen.ravel(), (rng.random(chosen.shape) < chance).ravel())


def adaptive_answers(
    rng: np.random.Generator,
    items: ItemParameters,
    asked_as: ItemParameters,
    theta: FloatArray,
    each: int,
) -> Record:
    """One dimension: the most informative item at the posterior mean, by `asked_as`."""
    grid = np.linspace(-4, 4, 81)
    weight = np.tile(np.exp(-0.5 * grid**2), (len(theta), 1))
    truth, curve = items.bank().probability(theta), asked_as.bank().probability(grid[:, None])
    a = np.exp(asked_as.log_slope)
    everybody, free = np.arange(len(theta)), np.ones(truth.shape, bool)
    chosen, correct = [], []
    for _ in range(each):
        mean = (weight @ grid) / weight.sum(axis=1)
        level = 1 / (1 + np.exp(-a * (mean[:, None] - asked_as.location)))
        information = a**2 * level * (1 - level) * rng.uniform(0.7, 1.0, level.shape)
        item = np.where(free, information, -1.0).argmax(axis=1)
        free[everybody, item] = False
        right = rng.random(len(theta)) < truth[everybody, item]
        weight = weight * np.where(right[:, None], curve.T[item], 1 - curve.T[item])
        chosen.append(item)
        correct.append(right)
    return Record(np.tile(everybody, each), np.concatenate(chosen), np.concatenate(correct))
