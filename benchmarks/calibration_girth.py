"""Item calibration compared with girth on complete data, and measured alone on sparse data.

girth (PyPI) computes marginal maximum likelihood estimates from complete data in one dimension.
Both run on one processor. Errors are differences from the parameters that generated the answers.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import girth
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lib.engine.calibration import Calibration, ItemParameters, Shrinkage, calibrate
from lib.engine.normal import LOGISTIC_SCALE

REPEATS = 3
FIXED_GUESSING = Shrinkage(guessing_answers=np.inf)
GUESSING = 0.25

HEADER = (
    "people x items   model  RMSE a: ours  girth   RMSE b: ours  girth   RMSE c: ours  girth"
    "   CPU s: ours  girth   ratio"
)


@dataclass(frozen=True)
class Fit:
    """Estimates on the logistic scale, and their CPU time in seconds."""

    slope: NDArray[np.float64]
    location: NDArray[np.float64]
    guessing: NDArray[np.float64]
    cpu: float


def main() -> None:
    """Print both tables."""
    fix_girth_for_new_numpy()
    with threadpool_limits(1):
        print(HEADER)
        for people, items, guesses in ((1_000, 50, False), (2_000, 100, False), (1_000, 25, True)):
            _print_comparison(people, items, guesses=guesses)
        print(
            "\nsparse answers, 20 per person, guessing estimated; "
            "m: every second item also measures a concept drawn at random"
        )
        print("concepts   answers   CPU s   rounds   RMSE a   RMSE b   correlation (truth 0.5)")
        for concepts, people, items, mixed in (
            (1, 5_000, 500, False),
            (5, 5_000, 500, False),
            (5, 10_000, 500, True),
            (32, 1_000, 640, False),
            (32, 1_560, 640, True),
        ):
            _print_sparse(concepts, people, items, mixed=mixed)


def fix_girth_for_new_numpy() -> None:
    """Make girth 0.8 pass numbers to scipy instead of arrays, which newer numpy rejects."""
    rasch_mml: Any = import_module("girth.unidimensional.dichotomous.rasch_mml")
    minimise = rasch_mml.fminbound
    rasch_mml.fminbound = lambda function, *limits, **options: minimise(
        lambda x: function(x).item(), *limits, **options
    )


def _print_comparison(people: int, items: int, *, guesses: bool) -> None:
    rows = []
    for seed in range(REPEATS if not guesses else 1):
        rng = np.random.default_rng([people, items, seed])
        slope, location = rng.lognormal(0, 0.4, items), rng.normal(0, 1, items)
        floor = GUESSING if guesses else 0.0
        theta = rng.normal(0, 1, people)
        probability = floor + (1 - floor) / (1 + np.exp(-slope * (theta[:, None] - location)))
        correct = rng.random(probability.shape) < probability
        truth = Fit(slope, location, np.full(items, floor), 0.0)
        rows.append(
            [_errors(fit, truth) for fit in (_ours(correct, floor), _girth(correct, floor))]
        )
    ours, theirs = np.mean(rows, axis=0)
    print(
        f"{people:6,} x {items:<5}    {'3PL' if guesses else '2PL'}"
        f"{ours[0]:15.3f}{theirs[0]:7.3f}{ours[1]:15.3f}{theirs[1]:7.3f}"
        f"{ours[2]:15.3f}{theirs[2]:7.3f}{ours[3]:14.2f}{theirs[3]:7.2f}"
        f"{theirs[3] / ours[3]:8.1f}"
    )


def _errors(fit: Fit, truth: Fit) -> tuple[float, float, float, float]:
    def rmse(result: NDArray[np.float64], true_values: NDArray[np.float64]) -> float:
        return float(np.sqrt(np.mean((result - true_values) ** 2)))

    return (
        rmse(fit.slope, truth.slope),
        rmse(fit.location, truth.location),
        rmse(fit.guessing, truth.guessing),
        fit.cpu,
    )


def _time_cpu(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def _ours(correct: NDArray[np.bool_], floor: float) -> Fit:
    items = correct.shape[1]
    person, item = np.divmod(np.arange(correct.size), items)
    origin = ItemParameters(np.ones((items, 1)), 0.5, 1 / LOGISTIC_SCALE, floor)

    def work() -> Calibration:
        return calibrate(
            person,
            item,
            correct.ravel(),
            origin=origin,
            shrinkage=None if floor else FIXED_GUESSING,
        )

    result, cpu = _time_cpu(work)
    parameters = result.parameters
    return Fit(np.exp(parameters.log_slope), parameters.location, parameters.guessing, cpu)


def _girth(correct: NDArray[np.bool_], floor: float) -> Fit:
    estimate = girth.threepl_mml if floor else girth.twopl_mml
    result, cpu = _time_cpu(lambda: estimate(correct.T.astype(int)))
    guessing = result.get("Guessing", np.zeros(correct.shape[1]))
    return Fit(result["Discrimination"], result["Difficulty"], guessing, cpu)


def _print_sparse(
    concepts: int, people: int, items: int, *, mixed: bool, answers_per_person: int = 20
) -> None:
    rng = np.random.default_rng(concepts)
    q_matrix = np.eye(concepts)[np.arange(items) % concepts]
    if mixed:
        q_matrix[np.arange(0, items, 2), rng.integers(concepts, size=(items + 1) // 2)] = 1
    covariance = 0.5 * (np.eye(concepts) + 1)
    truth = ItemParameters.of_latent(
        q_matrix,
        rng.normal(np.log(LOGISTIC_SCALE), 0.3, items),
        rng.normal(0, 1, items),
        np.full(items, GUESSING),
    )
    theta = rng.multivariate_normal(np.zeros(concepts), covariance, people)
    item = np.argsort(rng.random((people, items)), axis=1)[:, :answers_per_person]
    probability = np.take_along_axis(truth.bank().probability(theta), item, axis=1)
    correct = rng.random(item.shape) < probability
    person = np.repeat(np.arange(people), answers_per_person)
    origin = ItemParameters(truth.concepts, 0.5, 1.0, GUESSING)
    result, cpu = _time_cpu(lambda: calibrate(person, item.ravel(), correct.ravel(), origin=origin))
    slope = np.exp(result.parameters.log_slope) - np.exp(truth.log_slope)
    location = result.parameters.location - truth.location
    pairs = result.correlation[np.triu_indices(concepts, 1)]
    print(
        f"{concepts:8}{'m' if mixed else ' '}{correct.size:9,}{cpu:8.2f}{result.rounds:9}"
        f"{np.sqrt(np.mean(slope**2)):9.3f}{np.sqrt(np.mean(location**2)):9.3f}"
        f"   {f'{pairs.min():.2f} to {pairs.max():.2f}' if concepts > 1 else '-'}"
    )
