"""How far posterior means and deviations are from brute-force integration, in 1 to 5 concepts.

    make bench ARGS=engine_exactness     # writes docs/engine-exactness.md

Histories of 1 to 60 answers: random questions under every kind of prior and pattern that
tests/support/examinees.py knows, and adaptive tests with guessing and ever steeper questions. Each
cell is the greatest error of a mean and of a standard deviation over all histories of its row.
The alternative, the same propagation without what corrects its marginals, stands beside it. Last
come the tests of two concepts as if they were two of eight, where no points are laid.

The summary is repeated in docs/engine.md; tests/house compares the two.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lib.engine import Posterior
from tests.support.examinees import (
    adaptive_test,
    among_eight,
    answers_of,
    correlated,
    examinee,
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
TESTS = {1: 30, 2: 30, 3: 30, 4: 10, 5: 5}
CHECKED = (3, 5, 8, 12, 20, 30)
EIGHT = "2 of 8"
STEEPEST_CALIBRATED = 2.35  # probits; estimates of calibration end there


class Errors(NamedTuple):
    """Absolute errors, latent scale: of a history, or the greatest over several."""

    mean: float
    deviation: float
    plain_mean: float
    """Of propagation alone, as the next."""
    plain_deviation: float


Cells = dict[str, Errors]
"""By column: `k = 1` to `k = 5`, and `2 of 8`."""


def errors(state: Posterior, exact: Moments) -> Errors:
    """Return the greatest errors over the concepts that `exact` is about, the first."""
    k, root = len(exact.mean), state.prior_root
    plain = state.prior_mean + root @ state.normal.mean
    spread = np.sqrt(np.diagonal(root @ state.normal.covariance @ root.T))
    return Errors(
        float(np.abs(state.mean[:k] - exact.mean).max()),
        float(np.abs(np.sqrt(state.variance[:k]) - exact.deviation).max()),
        float(np.abs(plain[:k] - exact.mean).max()),
        float(np.abs(spread[:k] - exact.deviation).max()),
    )


def greatest(found: Iterable[Errors]) -> Errors:
    """Return the greatest of each error."""
    return Errors(*(max(values) for values in zip(*found, strict=True)))


def given_histories(k: int, kind: str) -> Iterator[Errors]:
    """Yield the errors after each number of answers, each history another one."""
    for t in LENGTHS[k]:
        someone = examinee(np.random.default_rng([k, t, 1]), k, t, kind)
        exact = exact_posterior(someone.mean, someone.covariance, someone.answers)
        yield errors(someone.posterior, exact)


def adaptive_histories(
    k: int, discrimination: float, guessing: float, *, eight: bool = False
) -> Iterator[Errors]:
    """Yield the errors along adaptive tests of k concepts that correlate by a half."""
    integrate = exact_posterior if k == 1 else exact_by_pairs
    for seed in range(TESTS[k]):
        bank, states = adaptive_test(seed, discrimination, guessing, CHECKED[-1], k)
        for t in CHECKED:
            exact = integrate(np.zeros(k), correlated(k), answers_of(states[t], bank))
            yield errors(among_eight(states[t], bank) if eight else states[t], exact)


def given(kind: str) -> Cells:
    """Return the row of one kind of history."""
    return {f"k = {k}": greatest(given_histories(k, kind)) for k in LENGTHS}


def adaptive(discrimination: float, guessing: float) -> Cells:
    """Return the row of adaptive tests with questions of one kind."""
    eight = adaptive_histories(2, discrimination, guessing, eight=True)
    return {
        **{f"k = {k}": greatest(adaptive_histories(k, discrimination, guessing)) for k in TESTS},
        EIGHT: greatest(eight),
    }


def summary(
    histories: Mapping[str, Cells], tests: Mapping[tuple[float, float], Cells]
) -> dict[str, Errors]:
    """Return the greatest errors of five groups that the engine promises different things for."""
    usual, steep = (
        [row for (a, _), row in tests.items() if (a <= STEEPEST_CALIBRATED) == is_usual]
        for is_usual in (True, False)
    )
    several = [f"k = {k}" for k in LENGTHS if k > 1]

    def over(rows: Iterable[Cells], columns: Iterable[str]) -> Errors:
        return greatest(row[name] for row in rows for name in columns)

    given_rows = list(histories.values())
    return {
        "one concept, any discrimination up to 5": over([*given_rows, *tests.values()], ["k = 1"]),
        "2 to 5 concepts, discrimination up to 2.35": over([*given_rows, *usual], several),
        "2 to 5 concepts, discrimination 3 to 5": over(steep, several),
        "more than five dimensions (2 of 8 concepts), up to 2.35": over(usual, [EIGHT]),
        "more than five dimensions (2 of 8 concepts), 3 to 5": over(steep, [EIGHT]),
    }


def table(first: str, rows: Mapping[str, Cells]) -> str:
    """Return a table of cells as Markdown."""
    columns = list(next(iter(rows.values())))
    return "\n".join(
        [
            f"| {first} | {' | '.join(columns)} |",
            "|---" * (len(columns) + 1) + "|",
            *(f"| {name} | {' | '.join(map(cell, row.values()))} |" for name, row in rows.items()),
        ]
    )


def summary_table(groups: Mapping[str, Errors]) -> str:
    """Return the summary as Markdown."""
    columns = (
        "a mean",
        "a deviation",
        "a mean, propagation alone",
        "a deviation, propagation alone",
    )
    return "\n".join(
        [
            f"| greatest error of | {' | '.join(columns)} |",
            "|---" * (len(columns) + 1) + "|",
            *(
                f"| {name} | {' | '.join(f'{error:.4f}' for error in worst)} |"
                for name, worst in groups.items()
            ),
        ]
    )


def cell(worst: Errors) -> str:
    """Return the errors of ours and, in brackets, those of propagation alone."""
    return (
        f"{worst.mean:.4f} {worst.deviation:.4f}"
        f" ({worst.plain_mean:.3f} {worst.plain_deviation:.3f})"
    )


def page(histories: Mapping[str, Cells], tests: Mapping[tuple[float, float], Cells]) -> str:
    """Return docs/engine-exactness.md."""
    given_rows = {kind or "random": row for kind, row in histories.items()}
    tests_rows = {f"{a}, c = {c:.2f}": row for (a, c), row in tests.items()}
    return f"""# How exact the engine is

Written by `make bench ARGS=engine_exactness`; do not edit by hand. Each cell is the greatest error
of a mean and of a standard deviation against dense quadrature, and in brackets that of propagation
alone. The quadrature is `tests/support/quadrature.py`, itself checked against scipy, products of
single dimensions, millions of weighted draws and points laid around the posterior.

## Summary

{summary_table(summary(histories, tests))}

## Given histories

1 to 60 answers (k = 4: 3 to 30; k = 5: 8); "guessing" is c = 0.25.

{table("history", given_rows)}

## Adaptive tests

3 to 30 answers (thirty tests with up to three concepts, ten with four, five with five),
discriminations of about 1 to 5 probits (the row's number times exp(N(0, 0.2²))), against the sum
over pairs of concepts in `tests/support/quadrature.py`, which covers the prior so that no second
mode is missed. The last column takes the tests of two concepts as part of a bank of eight, all of
them asked about, where no points are laid.

{table("adaptive", tests_rows)}
"""


def main() -> None:
    """Measure, show each row as it comes, and write the page."""
    histories, tests = dict[str, Cells](), dict[tuple[float, float], Cells]()
    for kind in KINDS:
        histories[kind] = given(kind)
        print(kind or "random", *map(cell, histories[kind].values()), sep=" | ", flush=True)
    for discrimination in STEEPNESS:
        for guessing in GUESSING:
            row = tests[discrimination, guessing] = adaptive(discrimination, guessing)
            print(discrimination, guessing, *map(cell, row.values()), sep=" | ", flush=True)
    PAGE.write_text(page(histories, tests), encoding="utf-8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
