"""Errors of posterior means and deviations against brute-force integration, for 1 to 5 concepts.

    make bench ARGS=engine_exactness     # writes docs/engine-exactness.md

The histories have 1 to 60 answers: random questions with the kinds of priors and answer patterns of
tests/support/examinees.py, and adaptive tests, with steeper questions from row to row, without and
with guessing. Each cell shows the largest error of a mean and of a standard deviation over all its
histories, and in brackets those of expectation propagation (EP) without corrected marginals. The
last column takes the tests of two concepts as part of tests of eight, which are not integrated
jointly.

The summary is repeated in docs/engine.md; tests/house compares the two.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lib.engine import Posterior
from tests.support.examinees import (
    adaptive_test,
    answers_of,
    correlated,
    examinee,
    with_eight_concepts,
)
from tests.support.quadrature import Moments, exact_by_pairs, exact_posterior

PAGE = Path(__file__).resolve().parents[1] / "docs" / "engine-exactness.md"

KINDS = (
    "",
    "right",
    "wrong",
    "correlated",
    "shifted",
    "narrow correlated",
    "duplicate",
    "guessing",
    "guessing right",
    "guessing wrong",
    "guessing correlated",
    "guessing narrow shifted",
    "guessing duplicate",
)
LENGTHS = {
    1: (1, 3, 8, 20, 60),
    2: (1, 3, 8, 20, 60),
    3: (1, 3, 8, 20, 60),
    4: (3, 12, 30),
    5: (8,),
}
STEEPNESS = (1.0, 1.5, 2.0, 2.35, 3.0, 5.0)  # discriminations, probits; see `uniform_bank`
GUESSING = (0.0, 0.2, 1 / 3)
TEST_COUNTS = {1: 30, 2: 30, 3: 30, 4: 10, 5: 5}
CHECKED_LENGTHS = (3, 5, 8, 12, 20, 30)
EIGHT = "2 of 8"
STEEPEST_CALIBRATED = 2.35  # largest discrimination that calibration estimates, probits


class Errors(NamedTuple):
    """Absolute errors on the latent scale, of one history or the largest over several."""

    mean_error: float
    deviation_error: float
    ep_mean_error: float
    """Error of the mean by EP alone."""
    ep_deviation_error: float
    """Error of the standard deviation by EP alone."""


Cells = dict[str, Errors]
"""Errors by column, `k = 1` to `k = 5` and `2 of 8`."""


def errors(state: Posterior, exact: Moments) -> Errors:
    """Return the largest errors over the concepts of `exact`, which are the first of `state`."""
    k, root = len(exact.mean), state.prior_root
    ep_mean = state.prior_mean + root @ state.normal.mean
    ep_deviation = np.sqrt(np.diagonal(root @ state.normal.covariance @ root.T))
    return Errors(
        float(np.abs(state.mean[:k] - exact.mean).max()),
        float(np.abs(np.sqrt(state.variance[:k]) - exact.deviation).max()),
        float(np.abs(ep_mean[:k] - exact.mean).max()),
        float(np.abs(ep_deviation[:k] - exact.deviation).max()),
    )


def largest_errors(errors_by_history: Iterable[Errors]) -> Errors:
    """Return the largest of each error."""
    return Errors(*(max(values) for values in zip(*errors_by_history, strict=True)))


def random_histories(k: int, kind: str) -> Iterator[Errors]:
    """Yield the errors of one random history for each number of answers."""
    for t in LENGTHS[k]:
        student = examinee(np.random.default_rng([k, t, 1]), k, t, kind)
        exact = exact_posterior(student.mean, student.covariance, student.answers)
        yield errors(student.posterior, exact)


def adaptive_histories(
    k: int, discrimination: float, guessing: float, *, eight: bool = False
) -> Iterator[Errors]:
    """Yield the errors along adaptive tests of k concepts with correlations of 0.5.

    With `eight`, these tests are part of tests of eight concepts.
    """
    integrate = exact_posterior if k == 1 else exact_by_pairs
    for seed in range(TEST_COUNTS[k]):
        bank, states = adaptive_test(seed, discrimination, guessing, CHECKED_LENGTHS[-1], k)
        for t in CHECKED_LENGTHS:
            exact = integrate(np.zeros(k), correlated(k), answers_of(states[t], bank))
            yield errors(with_eight_concepts(states[t], bank) if eight else states[t], exact)


def random_row(kind: str) -> Cells:
    """Return the row of one kind of random history."""
    return {f"k = {k}": largest_errors(random_histories(k, kind)) for k in LENGTHS}


def adaptive_row(discrimination: float, guessing: float) -> Cells:
    """Return the row of adaptive tests with questions of one kind."""
    eight = adaptive_histories(2, discrimination, guessing, eight=True)
    return {
        **{
            f"k = {k}": largest_errors(adaptive_histories(k, discrimination, guessing))
            for k in TEST_COUNTS
        },
        EIGHT: largest_errors(eight),
    }


def summary(
    histories: Mapping[str, Cells], tests: Mapping[tuple[float, float], Cells]
) -> dict[str, Errors]:
    """Return the largest errors of five groups, for which the engine's accuracy differs."""
    usual, steep = (
        [row for (a, _), row in tests.items() if (a <= STEEPEST_CALIBRATED) == is_usual]
        for is_usual in (True, False)
    )
    several = [f"k = {k}" for k in LENGTHS if k > 1]

    def over(rows: Iterable[Cells], columns: Iterable[str]) -> Errors:
        return largest_errors(row[name] for row in rows for name in columns)

    random_rows = list(histories.values())
    return {
        "one concept, any discrimination up to 5": over([*random_rows, *tests.values()], ["k = 1"]),
        "2 to 5 concepts, discrimination up to 2.35": over([*random_rows, *usual], several),
        "2 to 5 concepts, discrimination 3 to 5": over(steep, several),
        "more than five dimensions (2 of 8 concepts), up to 2.35": over(usual, [EIGHT]),
        "more than five dimensions (2 of 8 concepts), 3 to 5": over(steep, [EIGHT]),
    }


def table(first_heading: str, rows: Mapping[str, Cells]) -> str:
    """Return a table of cells as Markdown."""
    columns = list(next(iter(rows.values())))
    return "\n".join(
        [
            f"| {first_heading} | {' | '.join(columns)} |",
            "|---" * (len(columns) + 1) + "|",
            *(f"| {name} | {' | '.join(map(cell, row.values()))} |" for name, row in rows.items()),
        ]
    )


def summary_table(groups: Mapping[str, Errors]) -> str:
    """Return the summary as Markdown."""
    columns = (
        "a mean",
        "a deviation",
        "a mean, EP alone",
        "a deviation, EP alone",
    )
    return "\n".join(
        [
            f"| largest error of | {' | '.join(columns)} |",
            "|---" * (len(columns) + 1) + "|",
            *(
                f"| {name} | {' | '.join(f'{error:.4f}' for error in largest)} |"
                for name, largest in groups.items()
            ),
        ]
    )


def cell(largest: Errors) -> str:
    """Return the engine's errors and, in brackets, those of EP alone."""
    return (
        f"{largest.mean_error:.4f} {largest.deviation_error:.4f}"
        f" ({largest.ep_mean_error:.3f} {largest.ep_deviation_error:.3f})"
    )


def page(histories: Mapping[str, Cells], tests: Mapping[tuple[float, float], Cells]) -> str:
    """Return the text of docs/engine-exactness.md."""
    random_rows = {kind or "random": row for kind, row in histories.items()}
    tests_rows = {f"{a}, c = {c:.2f}": row for (a, c), row in tests.items()}
    return f"""# Exactness of the engine

Written by `make bench ARGS=engine_exactness`; do not edit by hand. Each cell shows the largest
error of a mean and of a standard deviation against dense quadrature, and in brackets that of
expectation propagation (EP) alone. The quadrature is `tests/support/quadrature.py`, itself checked
against scipy, products of single dimensions, millions of weighted draws and importance sampling
around the posterior.

## Summary

{summary_table(summary(histories, tests))}

## Random histories

k is the number of concepts. The histories have 1 to 60 answers (k = 4: 3 to 30; k = 5: 8). The
prior is standard normal and independent, unless it is "correlated" (0.5), "narrow" (a tenth of the
variance) or "shifted" (to a random mean). "right" and "wrong" mean that all answers are right or
wrong, "duplicate" that all questions are nearly the same, and "guessing" that c = 0.25.

{table("history", random_rows)}

## Adaptive tests

3 to 30 answers (thirty tests with up to three concepts, ten with four, five with five).
Discriminations are the row's number times exp(N(0, 0.2²)), probits. For two or more concepts, the
reference is `exact_by_pairs` in `tests/support/quadrature.py`, which integrates over the whole
prior and so misses no second mode. In the last column the tests of two concepts are part of tests
of eight, in which all eight concepts have answers: too many for the engine to integrate jointly.

{table("adaptive", tests_rows)}
"""


def main() -> None:
    """Measure, print each row when it is complete, and write the page."""
    histories, tests = dict[str, Cells](), dict[tuple[float, float], Cells]()
    for kind in KINDS:
        histories[kind] = random_row(kind)
        print(kind or "random", *map(cell, histories[kind].values()), sep=" | ", flush=True)
    for discrimination in STEEPNESS:
        for guessing in GUESSING:
            row = tests[discrimination, guessing] = adaptive_row(discrimination, guessing)
            print(discrimination, guessing, *map(cell, row.values()), sep=" | ", flush=True)
    PAGE.write_text(page(histories, tests), encoding="utf-8")
    print(f"Wrote {PAGE}")


if __name__ == "__main__":
    main()
