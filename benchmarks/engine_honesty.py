"""Honesty: actual over stated error, and coverage, on pools whose parameters are wrong.

python -m benchmarks engine_honesty [EXAMINEES_OF_A_POOL]

Each pool of 300 items has slopes exp(N(log 1.702, 0.3²)) and difficulties N(0, 1). *Plug-in* is a
bank that treats the stated parameters as exact; *b alone* is given the standard deviation of the
errors of difficulties, and *ours* also that of the errors of log slopes. All get the same answers,
drawn from the true parameters. There are two cases. Either the true parameters ("truth") scatter
around the stated ones, as after a calibration with priors. Or the stated ones ("statement") scatter
around the true ones, as estimates without priors do; *regressed* is then ours after
`lib.engine.uncertainty.regressed`.

Where the true parameters scatter, the exact posterior is known, and errors and coverage are those
that it expects given the answers (`benchmarks.engine_uncertain`), without the sampling error of the
drawn abilities. Where the stated ones scatter, errors and coverage are those for the drawn
abilities.
"""

import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.engine_uncertain import UncertainItems, expected, log_prior
from lib.engine import ItemBank, Posterior, StopRules
from lib.engine.normal import FloatArray
from lib.engine.simulation import Z95, Design, Simulation, simulate
from lib.engine.uncertainty import attenuated, regressed

POOLS, ITEMS, PROCESSES = 40, 300, 1
GUESSED, CALIBRATED = (0.7, 0.3), (0.2, 0.2)
"""Standard deviations of the errors of b and log a, if authors guessed the parameters, and after a
calibration."""
FIXED = StopRules(max_questions=20)
PRECISION = StopRules("precision", max_questions=40, precision_threshold=0.35)


@dataclass(frozen=True)
class Case:
    """One comparison on 40 pools."""

    errors: tuple[float, float]
    rules: StopRules
    concepts: int = 1
    statement_scatters: bool = False

    @property
    def examinees(self) -> int:
        """Number of examinees of each pool; few suffice where sampling error plays no part."""
        if self.statement_scatters:
            return 20
        return 5 if self.concepts == 1 else 3

    @property
    def banks(self) -> tuple[str, ...]:
        """Names of the banks."""
        return ("plug-in", "b alone", "ours", *(("regressed",) if self.statement_scatters else ()))


CASES = (
    *(Case(errors, rules) for errors in (GUESSED, CALIBRATED) for rules in (FIXED, PRECISION)),
    *(Case(errors, FIXED, concepts=3) for errors in (GUESSED, CALIBRATED)),
    Case(GUESSED, FIXED, statement_scatters=True),
    Case(CALIBRATED, FIXED, statement_scatters=True),
)


@dataclass(frozen=True, eq=False)
class Items:
    """Locations and log slopes of n items, and their directions in k concepts, shape (n, k)."""

    location: FloatArray
    log_slope: FloatArray
    directions: FloatArray

    def bank(self, location_error: float = 0.0, log_slope_error: float = 0.0) -> ItemBank:
        """Return the bank of items with these standard deviations of the errors."""
        slope = attenuated(np.exp(self.log_slope), location_error, log_slope_error)
        return ItemBank(slope[:, None] * self.directions, -slope * self.location)


def draw(case: Case, rng: np.random.Generator) -> tuple[Items, Items]:
    """Return the true and the stated items of a pool."""
    k = case.concepts
    location, log_slope = rng.normal(0, 1, ITEMS), rng.normal(np.log(1.702), 0.3, ITEMS)
    directions = np.eye(k)[np.arange(ITEMS) % k]
    b_error, a_error = case.errors
    drawn = Items(location, log_slope, directions)
    scattered = Items(
        location + rng.normal(0, b_error, ITEMS),
        log_slope + rng.normal(0, a_error, ITEMS),
        directions,
    )
    return (drawn, scattered) if case.statement_scatters else (scattered, drawn)


def banks(case: Case, stated: Items) -> Iterator[ItemBank]:
    """Yield the banks in the order of `Case.banks`."""
    b_error, a_error = case.errors
    yield stated.bank()
    yield stated.bank(b_error)
    yield stated.bank(b_error, a_error)
    if case.statement_scatters:
        location, b_remaining = regressed(stated.location, b_error)
        log_slope, a_remaining = regressed(stated.log_slope, a_error)
        yield Items(location, log_slope, stated.directions).bank(b_remaining, a_remaining)


def one_pool(case: Case, pool: int, examinees: int) -> FloatArray:
    """Return each bank's squared error, stated variance, coverage and length of tests.

    Shape (banks, 4), each averaged over examinees and concepts.
    """
    rng = np.random.default_rng([19, pool])
    true, stated = draw(case, rng)
    k = case.concepts
    correlation = 0.5 * np.eye(k) + 0.5
    theta = rng.multivariate_normal(np.zeros(k), correlation, examinees)
    answers = rng.random((examinees, ITEMS)) < true.bank().probability(theta)
    prior = Posterior.prior(k, None, correlation)
    rows = []
    for bank in banks(case, stated):
        run = simulate(bank, theta, rng, Design(case.rules), prior=prior, answers=answers)
        squared, inside = outcome(case, stated, run, answers, correlation)
        rows.append([squared, run.variance[:, -1].mean(), inside, run.length.mean()])
    return np.array(rows)


def outcome(
    case: Case, stated: Items, run: Simulation, answers: NDArray[np.bool_], correlation: FloatArray
) -> tuple[float, float]:
    """Return the mean squared error and the coverage at the end of the tests."""
    mean, variance = run.mean[:, -1], run.variance[:, -1]
    if case.statement_scatters:
        error = mean - run.theta
        inside = np.abs(error) <= Z95 * np.sqrt(variance)
        return float(np.square(error).mean()), float(inside.mean())
    concept = stated.directions.argmax(axis=1)
    items = UncertainItems(stated.location, stated.log_slope, concept, case.errors)
    prior = log_prior(correlation)
    figures = []
    for i, length in enumerate(run.length):
        own_items = run.items[i, :length]
        estimate = (mean[i], variance[i])
        figures.append(expected(items, own_items, answers[i, own_items], prior, estimate))
    squared, inside = np.mean(figures, axis=0).tolist()
    return squared, inside


def compare(case: Case, pools: int, examinees: int, processes: int = PROCESSES) -> FloatArray:
    """Return each pool's figures of each bank, shape (pools, banks, 4); see `one_pool`."""
    with ProcessPoolExecutor(processes) as executor:
        jobs = [executor.submit(one_pool, case, pool, examinees) for pool in range(pools)]
        return np.array([job.result() for job in jobs])


def summary(figures: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return actual over stated error and coverage of each bank, shape (banks,)."""
    mean = figures.mean(axis=0)
    return np.sqrt(mean[:, 0] / mean[:, 1]), mean[:, 2]


def main(arguments: Sequence[str] = ()) -> None:
    """Print a row for each case and bank, with 95 % intervals over pools."""
    examinees = int(arguments[0]) if arguments else None
    print("| concepts | errors of b, log a | what scatters | rule | bank | error", end="")
    print(" | actual over stated error | coverage | answers |\n" + "|---" * 9 + "|", flush=True)
    for case in CASES:
        figures = compare(case, POOLS, examinees or case.examinees)
        ratios, coverages = summary(figures)
        halves = Z95 * figures[:, :, 2].std(axis=0) / np.sqrt(POOLS)
        for i, bank in enumerate(case.banks):
            mean = figures[:, i].mean(axis=0)
            residual = figures[:, i, 0] - ratios[i] ** 2 * figures[:, i, 1]
            half = Z95 * residual.std() / np.sqrt(POOLS) / (2 * ratios[i] * mean[1])
            scatters = "statement" if case.statement_scatters else "truth"
            print(
                f"| {case.concepts} | {case.errors[0]}, {case.errors[1]} | {scatters} |"
                f" {case.rules.type} | {bank} | {np.sqrt(mean[0]):.3f} |"
                f" {ratios[i]:.3f} ± {half:.3f} | {coverages[i]:.3f} ± {halves[i]:.3f} |"
                f" {mean[3]:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
