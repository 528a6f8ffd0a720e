"""Estimation errors of the engines on the same answers, and coverage of this engine's intervals.

All engines get 500 two-parameter items and the same simulated answers. `exact` is exact Bayes by
brute force, the best that any engine can do with the variance rule. `limit` is a lower bound on
the error of every engine, even of one that selects questions knowing θ.

`python -m benchmarks engine_quality 200` uses 200 examinees in five dimensions.
"""

import sys
from collections.abc import Sequence
from typing import get_args

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.engine_exact import approximate, exact, limit, own_error, ratio
from benchmarks.engine_peers import (
    Answers,
    Engine,
    FloatArray,
    adaptivetesting,
    catsim,
    dense_bayes,
    mirt,
    mirt_multidimensional,
    mixed_bank,
    ours,
    two_parameter_pool,
)
from lib.engine import ItemBank, Posterior, Rule, StopRules
from lib.engine.simulation import Design, simulate

ITEMS = 500
EXAMINEES = 50  # with five concepts, where exact Bayes takes half a second each
MANY_EXAMINEES = 500  # with one concept, and beside mirt
LENGTHS = (5, 10, 20, 30)  # numbers of answers at which errors are printed
GRIDS = ((2, 21), (5, 7))  # concepts, and points of mirt's grid along each of them
EXAMINEES_OF_SLOW_ENGINES = 8  # for engines that take milliseconds per item


def rmse(engine: Engine, theta: FloatArray, answers: Answers, length: int) -> FloatArray:
    """Return the root mean squared error after each answer, shape (length,)."""
    errors = [
        np.array(engine(row, length)) - truth for row, truth in zip(answers, theta, strict=True)
    ]
    return np.asarray(np.sqrt(np.square(errors).mean(axis=(0, 2))))


def heading(title: str, examinees: int, lengths: tuple[int, ...]) -> None:
    """Print the first lines of a table."""
    print(
        f"\n{title}, {examinees} examinees: RMSE after\n{'':>32}"
        + "".join(f"{t:9}" for t in lengths)
    )


def row(name: str, errors: FloatArray, lengths: tuple[int, ...], note: str = "") -> None:
    """Print one line of a table."""
    print(
        f"{name:>32}" + "".join(f"{errors[t - 1]:9.4f}" for t in lengths) + f"  {note}", flush=True
    )


def sample(bank: ItemBank, examinees: int, seed: int) -> tuple[FloatArray, Answers, FloatArray]:
    """Return abilities, every student's answer to every item, and the population's covariance."""
    k = bank.concepts
    rng = np.random.default_rng(seed)
    correlation = 0.5 * np.eye(k) + 0.5
    theta = rng.multivariate_normal(np.zeros(k), correlation, examinees)
    return theta, rng.random((examinees, len(bank))) < bank.probability(theta), correlation


def limits(bank: ItemBank, theta: FloatArray, covariance: FloatArray) -> FloatArray:
    """Return the limit after each answer, shape (30,); NaN except at `LENGTHS`."""
    errors = np.full(LENGTHS[-1], np.nan)
    for t in LENGTHS:
        errors[t - 1] = limit(bank, covariance, theta, t)
    return errors


def one_concept(examinees: int) -> None:
    """Print this engine's and the peers' errors in one dimension."""
    pool = two_parameter_pool(ITEMS, 1, 1, 1.0)
    theta, answers, correlation = sample(pool.bank, examinees, 2)
    lengths = LENGTHS[:3]
    heading("1 concept", examinees, lengths)
    row("limit", limits(pool.bank, theta, correlation), lengths)
    row("exact", rmse(dense_bayes(pool.bank), theta, answers, 20), lengths)
    for rule in get_args(Rule):
        if rule != "fisher_a":  # the same as fisher_d in one dimension
            row(f"ours, {rule}", rmse(ours(pool.bank, rule), theta, answers, 20), lengths)
    row("ours, among the best 5", rmse(ours(pool.bank, best=5), theta, answers, 20), lengths)
    row("catsim", rmse(catsim(pool), theta, answers, 20), lengths)
    row("mirt", rmse(mirt(pool, 20), theta, answers, 20), lengths)
    row("ours, at random", rmse(ours(pool.bank, best=ITEMS), theta, answers, 20), lengths)
    first = slice(0, EXAMINEES_OF_SLOW_ENGINES)
    note = f"first {EXAMINEES_OF_SLOW_ENGINES} examinees"
    row("ours", rmse(ours(pool.bank), theta[first], answers[first], 20), lengths, note)
    row(
        "adaptivetesting",
        rmse(adaptivetesting(pool), theta[first], answers[first], 20),
        lengths,
        note,
    )


def five_concepts(examinees: int) -> None:
    """Print errors in five correlated dimensions, and their ratio to those of exact Bayes."""
    bank = mixed_bank(ITEMS, 5, 3)
    theta, answers, correlation = sample(bank, examinees, 4)
    heading("5 concepts, correlation 0.5", examinees, LENGTHS)
    prior = Posterior.prior(5, None, correlation)
    row("limit", limits(bank, theta, correlation), LENGTHS)
    exact_tests = exact(bank, correlation, answers, 30)
    row("exact", exact_tests.rmse(theta), LENGTHS)
    own_tests = approximate(bank, correlation, answers, 30)
    row("ours, variance", own_tests.rmse(theta), LENGTHS)
    for rule in ("logdet", "mutual_information"):
        row(f"ours, {rule}", rmse(ours(bank, rule, prior), theta, answers, 30), LENGTHS)
    row("ours, correlations ignored", rmse(ours(bank), theta, answers, 30), LENGTHS)
    row("ours, at random", rmse(ours(bank, prior=prior, best=ITEMS), theta, answers, 30), LENGTHS)
    print("\nExpected error given the answers: without the sampling error of the drawn abilities")
    row("exact", np.sqrt(exact_tests.loss.mean(axis=0)), LENGTHS)
    row("ours, variance", np.sqrt(own_tests.loss.mean(axis=0)), LENGTHS)
    print("\nOurs over exact, paired by examinee, with its 95 % interval")
    own_errors, exact_errors = own_tests.squared_errors(theta), exact_tests.squared_errors(theta)
    print_ratio("as simulated", own_errors, exact_errors)
    print_ratio("given the answers", own_tests.loss, exact_tests.loss)
    error = own_error(bank, correlation, answers[:20], 30)
    print(f"\nError of the exact means themselves: {error:.1e}")


def beside_mirt(concepts: int, points: int, examinees: int = MANY_EXAMINEES) -> None:
    """Print errors in several correlated dimensions beside mirt's with `points` points an axis."""
    bank = mixed_bank(ITEMS, concepts, 3)
    theta, answers, correlation = sample(bank, examinees, 4)
    heading(f"{concepts} concepts, correlation 0.5, beside mirt", examinees, LENGTHS)
    prior = Posterior.prior(concepts, None, correlation)
    length = LENGTHS[-1]
    row("ours, variance", rmse(ours(bank, prior=prior), theta, answers, length), LENGTHS)
    row("ours, correlations ignored", rmse(ours(bank), theta, answers, length), LENGTHS)
    for selection in ("A-optimality", "D-optimality"):
        engine = mirt_multidimensional(bank, length, selection, correlation, points)
        row(f"mirt, {selection}", rmse(engine, theta, answers, length), LENGTHS)


def print_ratio(name: str, numerator: FloatArray, denominator: FloatArray) -> None:
    """Print a ratio of errors and its interval at each length."""
    value, half = ratio(numerator, denominator)
    cells = "".join(f"  {value[t - 1]:.4f} ± {half[t - 1]:.4f}" for t in LENGTHS)
    print(f"{name:>32}{cells}", flush=True)


def coverage() -> None:
    """Print actual over predicted error, and the coverage of 95 % intervals."""
    print("\nStated errors, 2,000 examinees (1 concept) and 500 (5): after 1, 5, 10, 20 answers")
    rng = np.random.default_rng(5)
    for k, examinees in ((1, 2000), (5, 500)):
        bank = two_parameter_pool(ITEMS, k, 6).bank
        correlation = 0.5 * np.eye(k) + 0.5
        theta = rng.multivariate_normal(np.zeros(k), correlation, examinees)
        prior = Posterior.prior(k, None, correlation)
        result = simulate(bank, theta, rng, Design(StopRules(max_questions=20)), prior=prior)
        lengths = [1, 5, 10, 20]
        ratio = "".join(f"{value:8.3f}" for value in result.error_ratio[lengths])
        coverage_text = "".join(f"{value:8.3f}" for value in result.coverage[lengths])
        print(f"  {k} concepts: error ratio {ratio}   coverage {coverage_text}", flush=True)


def main(arguments: Sequence[str] = ()) -> None:
    """Print the tables; the argument is the number of examinees with five concepts."""
    examinees = int(arguments[0]) if arguments else EXAMINEES
    with threadpool_limits(1):
        one_concept(MANY_EXAMINEES)
        five_concepts(examinees)
        for concepts, points in GRIDS:
            beside_mirt(concepts, points)
        coverage()


if __name__ == "__main__":
    main(sys.argv[1:])
