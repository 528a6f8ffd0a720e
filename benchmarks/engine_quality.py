"""How near the truth each engine comes on the same answers, and whether its intervals hold.

500 two-parameter items, the same simulated answers for every engine. `dense` is exact Bayes on a
grid of 401 points that integrates every item at every step: the best any engine can do with the
variance rule.
"""

from typing import get_args

import numpy as np

from benchmarks.engine_peers import (
    Answers,
    Engine,
    FloatArray,
    adaptivetesting,
    catsim,
    dense_bayes,
    ours,
    two_parameter_pool,
)
from lib.engine import Design, Posterior, Rule, StopRules, simulate

ITEMS = 500
EXAMINEES = 500
SLOW_EXAMINEES = 8  # for engines that take milliseconds per item


def rmse(engine: Engine, theta: FloatArray, answers: Answers, length: int) -> FloatArray:
    """Return root mean squared error after each answer, shape (length,)."""
    errors = [
        np.array(engine(row, length)) - truth for row, truth in zip(answers, theta, strict=True)
    ]
    return np.asarray(np.sqrt(np.square(errors).mean(axis=(0, 2))))


def row(name: str, errors: FloatArray, at: tuple[int, ...], note: str = "") -> None:
    """Print one line of a table."""
    print(f"{name:>32}" + "".join(f"{errors[t - 1]:9.4f}" for t in at) + f"  {note}", flush=True)


def one_concept() -> None:
    """Print errors in one dimension beside the peers."""
    pool = two_parameter_pool(ITEMS, 1, 1)
    rng = np.random.default_rng(2)
    theta = rng.normal(size=(EXAMINEES, 1))
    answers = rng.random((EXAMINEES, ITEMS)) < pool.bank.probability(theta)
    at = (5, 10, 20)
    print(f"1 concept, {EXAMINEES} examinees: RMSE after\n{'':>32}" + "".join(f"{t:9}" for t in at))
    best = rmse(dense_bayes(pool.bank), theta, answers, 20)
    row("dense", best, at)
    for rule in get_args(Rule):
        if rule != "fisher_a":  # the same as fisher_d in one dimension
            row(f"ours, {rule}", rmse(ours(pool.bank, rule), theta, answers, 20), at)
    row("ours, among the best 5", rmse(ours(pool.bank, best=5), theta, answers, 20), at)
    row("catsim", rmse(catsim(pool), theta, answers, 20), at)
    row("ours, at random", rmse(ours(pool.bank, best=ITEMS), theta, answers, 20), at)
    few = slice(0, SLOW_EXAMINEES)
    note = f"first {SLOW_EXAMINEES} examinees"
    row("ours", rmse(ours(pool.bank), theta[few], answers[few], 20), at, note)
    row("adaptivetesting", rmse(adaptivetesting(pool), theta[few], answers[few], 20), at, note)


def five_concepts() -> None:
    """Print errors in five correlated dimensions."""
    pool = two_parameter_pool(ITEMS, 5, 3)
    rng = np.random.default_rng(4)
    correlation = 0.5 * np.eye(5) + 0.5
    theta = rng.multivariate_normal(np.zeros(5), correlation, 300)
    answers = rng.random((300, ITEMS)) < pool.bank.probability(theta)
    at = (5, 10, 20, 30)
    print(
        "\n5 concepts, correlation 0.5, 300 examinees: RMSE after\n"
        + " " * 32
        + "".join(f"{t:9}" for t in at)
    )
    prior = Posterior.prior(5, None, correlation)
    for rule in ("variance", "logdet", "mutual_information"):
        row(f"ours, {rule}", rmse(ours(pool.bank, rule, prior), theta, answers, 30), at)
    row("ours, correlations ignored", rmse(ours(pool.bank), theta, answers, 30), at)
    row("ours, at random", rmse(ours(pool.bank, prior=prior, best=ITEMS), theta, answers, 30), at)


def coverage() -> None:
    """Print real over predicted error, and how often 95 % intervals hold the truth."""
    print("\nCalibration, 2,000 examinees (1 concept) and 500 (5): after 1, 5, 10, 20 answers")
    rng = np.random.default_rng(5)
    for k, examinees in ((1, 2000), (5, 500)):
        bank = two_parameter_pool(ITEMS, k, 6).bank
        correlation = 0.5 * np.eye(k) + 0.5
        theta = rng.multivariate_normal(np.zeros(k), correlation, examinees)
        prior = Posterior.prior(k, None, correlation)
        result = simulate(bank, theta, rng, Design(StopRules(max_questions=20)), prior=prior)
        at = [1, 5, 10, 20]
        ratio = "".join(f"{value:8.3f}" for value in result.error_ratio[at])
        inside = "".join(f"{value:8.3f}" for value in result.coverage[at])
        print(f"  {k} concepts: error ratio {ratio}   coverage {inside}", flush=True)


def main() -> None:
    """Print the three tables."""
    one_concept()
    five_concepts()
    coverage()


if __name__ == "__main__":
    main()
