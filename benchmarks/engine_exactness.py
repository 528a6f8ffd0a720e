"""How far posterior means and deviations are from brute-force integration, in 1 to 5 concepts.

Histories of 1 to 60 answers: random questions under every kind of prior and pattern that
tests/support/examinees.py knows, and adaptive tests with guessing and ever steeper questions. Each
cell is the greatest error of a mean and of a standard deviation over all histories of its row.
The alternative, the same propagation without what corrects its marginals, stands beside it. Last
come the tests of two concepts as if they were two of eight, where no points are laid.
"""

from collections.abc import Iterator

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

Errors = tuple[float, float, float, float]


def errors(state: Posterior, exact: Moments) -> Errors:
    """Return the greatest errors of ours, mean and deviation, and of propagation alone.

    Only of the concepts that `exact` is about, the first.
    """
    k, root = len(exact.mean), state.prior_root
    plain = state.prior_mean + root @ state.normal.mean
    spread = np.sqrt(np.diagonal(root @ state.normal.covariance @ root.T))
    return (
        float(np.abs(state.mean[:k] - exact.mean).max()),
        float(np.abs(np.sqrt(state.variance[:k]) - exact.deviation).max()),
        float(np.abs(plain[:k] - exact.mean).max()),
        float(np.abs(spread[:k] - exact.deviation).max()),
    )


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


def cell(found: Iterator[Errors]) -> str:
    """Return the greatest errors as text."""
    mean, deviation, plain_mean, plain_deviation = np.max(list(found), axis=0)
    return f"| {mean:.4f} {deviation:.4f} ({plain_mean:.3f} {plain_deviation:.3f}) "


def main() -> None:
    """Print the tables."""
    print("Greatest error of a mean and of a deviation (in brackets: propagation alone)\n")
    columns = " | ".join(f"k = {k}" for k in LENGTHS)
    print(f"| history | {columns} |\n" + "|---" * 6 + "|")
    for kind in KINDS:
        print(f"| {kind or 'random'} ", end="", flush=True)
        for k in LENGTHS:
            print(cell(given_histories(k, kind)), end="", flush=True)
        print("|")
    print(f"\n| adaptive | {columns} | 2 of 8 |\n" + "|---" * 7 + "|")
    for discrimination in STEEPNESS:
        for guessing in GUESSING:
            print(f"| {discrimination}, c = {guessing:.2f} ", end="", flush=True)
            for k in TESTS:
                print(cell(adaptive_histories(k, discrimination, guessing)), end="", flush=True)
            print(cell(adaptive_histories(2, discrimination, guessing, eight=True)) + "|")


if __name__ == "__main__":
    main()
