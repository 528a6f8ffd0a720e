"""The value of each part of the engine: tests of 1,000 examinees without that part.

python -m benchmarks engine_ablation [EXAMINEES]

Guessing is 0.25 and discriminations are 2 exp(N(0, 0.2²)) probits, where the parts have the most to
do; abilities have correlations of 0.5. Each variant replaces a function or two and selects its own
questions; an examinee answers a question alike in all variants. *Largest errors* are those of
adaptive tests against brute force (see `benchmarks.engine_exactness`). A part that changes no
column could be removed.
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.engine_exactness import CHECKED_LENGTHS, errors, largest_errors
from benchmarks.engine_peers import two_parameter_pool
from lib.engine import ItemBank, Posterior, select, update
from lib.engine.normal import FloatArray
from lib.engine.posterior import marginals, updating
from lib.engine.posterior.factorized import log_ratio_without_and_with_pairs
from lib.engine.posterior.propagation import Normal
from lib.engine.selection import selection
from lib.engine.simulation import Z95
from tests.support.examinees import adaptive_test, answers_of, correlated, with_eight_concepts
from tests.support.quadrature import exact_by_pairs

ITEMS, LENGTH, EXAMINEES, GUESSING, DISCRIMINATION = 300, 20, 1_000, 0.25, 2.0
CHECKED_TESTS = 6


def _normal_alone(
    directions: FloatArray, _evidence: FloatArray, _sites: FloatArray, normal: Normal
) -> Normal:
    """Replace `posterior_moments` with the moments of expectation propagation."""
    return Normal(directions @ normal.mean, directions @ normal.covariance @ directions.T)


def _no_lattices(*_: Any, **__: Any) -> None:
    """Replace joint integration with a function that always declines."""


def _pairs_alone(
    regressions: Any, _unit_vectors: FloatArray, slopes: FloatArray, normal: Normal, x: FloatArray
) -> Iterator[FloatArray]:
    """Replace conditional EP with the product corrected for pairs of answers."""
    spread = slopes.T @ normal.covariance @ slopes
    with_pairs = log_ratio_without_and_with_pairs(regressions, spread, x)[1]
    return iter((with_pairs, with_pairs))


Replacement = tuple[Any, str, Any]
NO_LATTICES: Replacement = (marginals, "integrate_on_lattices", _no_lattices)
VARIANTS: dict[str, tuple[Replacement, ...]] = {
    "complete": (),
    "without lattice_integration.py": (NO_LATTICES,),
    "without conditional_ep.py": ((marginals, "conditional_log_ratios", _pairs_alone),),
    "without both": (NO_LATTICES, (marginals, "conditional_log_ratios", _pairs_alone)),
    "without both, and pairs of answers": (NO_LATTICES, (marginals, "_PAIRS_NEGLIGIBLE", np.inf)),
    "EP alone, without marginals.py": ((updating, "posterior_moments", _normal_alone),),
}
NO_BOUNDS: Replacement = (selection, "_MAX_WITHOUT_BOUNDS", np.inf)
BANK_SIZES = (300, 5_000, 50_000)


@contextmanager
def without(replacements: tuple[Replacement, ...]) -> Iterator[None]:
    """Run the engine without a part."""
    with ExitStack() as stack:
        for module, name, value in replacements:
            stack.enter_context(patch.object(module, name, value))
        yield


@dataclass(frozen=True)
class Figures:
    """Figures of simulated tests: errors on the latent scale, and ms of CPU per step."""

    rmse: float
    ratio: float
    coverage: float
    cpu: float


def figures(k: int, examinees: int) -> Figures:
    """Simulate tests of `LENGTH` questions, each on two of k concepts, or on the only one."""
    rng = np.random.default_rng(k)
    q = np.zeros((ITEMS, k))
    for row in q:
        row[rng.choice(k, min(k, 2), replace=False)] = 1
    discrimination = DISCRIMINATION * rng.lognormal(0, 0.2, ITEMS)
    bank = ItemBank.from_questions(q, rng.uniform(0.05, 0.95, ITEMS), discrimination, GUESSING)
    prior = Posterior.prior(k, None, correlated(k))
    theta = rng.multivariate_normal(np.zeros(k), correlated(k), examinees)
    answers = rng.random((examinees, ITEMS)) < bank.probability(theta)
    start, means, variances = time.process_time(), [], []
    for own_answers in answers:
        state = prior
        for _ in range(LENGTH):
            item = select(state, bank, np.setdiff1d(np.arange(ITEMS), state.items))
            state = update(state, bank, item, bool(own_answers[item]))
        means.append(state.mean)
        variances.append(state.variance)
    cpu = (time.process_time() - start) / examinees / LENGTH
    error, variance = np.array(means) - theta, np.array(variances)
    rmse = float(np.sqrt(np.square(error).mean()))
    is_covered = np.abs(error) <= Z95 * np.sqrt(variance)
    return Figures(
        rmse, rmse / float(np.sqrt(variance.mean())), float(is_covered.mean()), 1e3 * cpu
    )


def exactness(k: int, *, eight: bool) -> tuple[float, float]:
    """Return the largest errors of a mean and a deviation in adaptive tests of k concepts.

    With `eight`, these tests are part of tests of eight concepts.
    """
    errors_by_history = []
    for seed in range(CHECKED_TESTS):
        bank, states = adaptive_test(seed, DISCRIMINATION, GUESSING, CHECKED_LENGTHS[-1], k)
        for t in CHECKED_LENGTHS:
            exact = exact_by_pairs(np.zeros(k), correlated(k), answers_of(states[t], bank))
            state = with_eight_concepts(states[t], bank) if eight else states[t]
            errors_by_history.append(errors(state, exact))
    largest = largest_errors(errors_by_history)
    return largest.mean_error, largest.deviation_error


def _print_table(title: str, k: int, examinees: int, measure_exactness: Callable[[], Any]) -> None:
    print(
        f"\n{title}, {examinees} examinees, {LENGTH} questions\n\n"
        "| engine | error | actual over stated | coverage | ms of CPU per step"
        " | largest error of a mean | of a deviation |\n" + "|---" * 7 + "|"
    )
    for name, replacements in VARIANTS.items():
        with without(replacements):
            result = figures(k, examinees)
            mean, deviation = measure_exactness()
        print(
            f"| {name} | {result.rmse:.4f} | {result.ratio:.3f} | {result.coverage:.4f}"
            f" | {result.cpu:.2f} | {mean:.4f} | {deviation:.4f} |",
            flush=True,
        )


def milliseconds_of_selection(n: int, *, by_index: bool, repeats: int = 20) -> float:
    """Return ms of CPU of the first selection from n items of five concepts."""
    bank = two_parameter_pool(n, 5, 0).bank
    prior, available = Posterior.prior(5, None, correlated(5)), np.arange(n) if by_index else None
    select(prior, bank, available)  # fills the caches of the bank
    start = time.process_time()
    for _ in range(repeats):
        select(prior, bank, available)
    return 1e3 * (time.process_time() - start) / repeats


def _print_selection() -> None:
    print("\nms of CPU of a selection, five concepts, no guessing; both select the same item\n")
    print("| items | complete | without upper_bounds.py |\n|---|---|---|")
    for n in BANK_SIZES:
        complete = milliseconds_of_selection(n, by_index=False)
        with without((NO_BOUNDS,)):  # takes effect only for items given as indices
            without_bounds = milliseconds_of_selection(n, by_index=True)
        print(f"| {n:,} | {complete:.2f} | {without_bounds:.2f} |", flush=True)


def main(arguments: Sequence[str] = ()) -> None:
    """Print a table of selection, one for three concepts, and one for eight."""
    examinees = int(arguments[0]) if arguments else EXAMINEES
    with threadpool_limits(1):
        _print_selection()
        _print_table("3 concepts", 3, examinees, lambda: exactness(3, eight=False))
        _print_table("8 concepts", 8, examinees, lambda: exactness(2, eight=True))


if __name__ == "__main__":
    main(sys.argv[1:])
