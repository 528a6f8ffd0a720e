"""Item calibration beside girth, theta-irt and mirt (PyPI), cold and warm.

All estimate parameters from the same complete answers in one dimension, each in a process of its
own. *Cold* is the CPU time of importing the package and of the first estimation, *warm* that of a
second one of the same size, which can use what the first one compiled or cached. theta-irt compiles
with JAX at the first estimation of a size. Errors are those of the warm estimation: differences
from the parameters that generated its answers.
"""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

FloatArray = NDArray[np.float64]
Answers = NDArray[np.bool_]
SIZES = ((1_000, 50, 0.0), (2_000, 100, 0.0), (1_000, 25, 0.25))
"""Numbers of people and of items, and the guessing parameter; above 0 it is estimated."""
REPEATS = 3  # pairs of a cold and a warm estimation


@dataclass(frozen=True)
class Estimates:
    """Slopes and locations in logits, and guessing parameters, each of shape (items,)."""

    slope: FloatArray
    location: FloatArray
    guessing: FloatArray


def ours(correct: Answers, floor: float) -> Estimates:
    """Estimate with this project's calibration."""
    calibration = import_module("lib.engine.calibration")
    people, items = correct.shape
    person, item = np.divmod(np.arange(people * items), items)
    origin = calibration.ItemParameters(np.ones((items, 1)), 0.5, 1 / 1.702, floor)
    shrinkage = None if floor else calibration.Shrinkage(guessing_answers=np.inf)
    result = calibration.calibrate(
        person, item, correct.ravel(), origin=origin, shrinkage=shrinkage
    ).parameters
    return Estimates(np.exp(result.log_slope), result.location, result.guessing)


def girth(correct: Answers, floor: float) -> Estimates:
    """Estimate with girth."""
    import_module("benchmarks.calibration_girth").fix_girth_for_new_numpy()
    package = import_module("girth")
    result = (package.threepl_mml if floor else package.twopl_mml)(correct.T.astype(int))
    guessing = result.get("Guessing", np.zeros(correct.shape[1]))
    return Estimates(result["Discrimination"], result["Difficulty"], guessing)


def theta_irt(correct: Answers, floor: float) -> Estimates:
    """Estimate with theta-irt."""
    model = import_module("theta").fit(correct.astype(float), "3PL" if floor else "2PL")
    return Estimates(np.asarray(model.a), np.asarray(model.b), np.asarray(model.c))


def mirt(correct: Answers, floor: float) -> Estimates:
    """Estimate with mirt, without its standard errors."""
    package = import_module("mirt")
    name = "3PL" if floor else "2PL"
    fit = package.fit_mirt(correct.astype(int), model=name, compute_standard_errors=False)
    parameters = fit.model.parameters
    guessing = parameters.get("guessing", np.zeros(correct.shape[1]))
    return Estimates(parameters["discrimination"], parameters["difficulty"], guessing)


ENGINES: tuple[Callable[[Answers, float], Estimates], ...] = (ours, girth, theta_irt, mirt)


def cold_and_warm(
    engine: Callable[[Answers, float], Estimates], size: tuple[int, int, float], seed: int
) -> list[float]:
    """Return errors of slope, location and guessing, then cold and warm CPU seconds."""
    people, items, floor = size
    with threadpool_limits(1):
        seconds, errors = [], list[float]()
        for repeat in range(2):
            rng = np.random.default_rng([people, items, seed, repeat])
            truth = Estimates(
                rng.lognormal(0, 0.4, items), rng.normal(0, 1, items), np.full(items, floor)
            )
            x = truth.slope * (rng.normal(0, 1, people)[:, None] - truth.location)
            correct = rng.random(x.shape) < floor + (1 - floor) / (1 + np.exp(-x))
            start = time.process_time()
            estimates = engine(correct, floor)
            seconds.append(time.process_time() - start)
            errors = [
                _rmse(estimates.slope, truth.slope),
                _rmse(estimates.location, truth.location),
                _rmse(estimates.guessing, truth.guessing),
            ]
    return [*errors, *seconds]


def _rmse(estimates: Any, truth: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.square(np.asarray(estimates) - truth))))


def main() -> None:
    """Print a table for each size."""
    for size in SIZES:
        people, items, floor = size
        print(
            f"\n{people:,} people, {items} items, {'3PL' if floor else '2PL'}\n\n"
            "| engine | RMSE a | RMSE b | RMSE c | CPU s, cold | CPU s, warm |\n" + "|---" * 6 + "|"
        )
        for engine in ENGINES:
            rows = []
            for seed in range(REPEATS):
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                    rows.append(process.submit(cold_and_warm, engine, size, seed).result())
            a, b, c, cold, warm = np.median(rows, axis=0)
            print(
                f"| {engine.__name__} | {a:.3f} | {b:.3f} | {c:.3f} | {cold:.2f} | {warm:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
