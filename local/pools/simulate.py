"""`make simulate POOL=<id>`: accuracy of a pool, by ability and length of the test.

python -m local.pools.simulate POOL [--students 60] [--questions 30]

Simulated students of known ability take adaptive tests on the newest version of the pool, with its
parameters, settings and exposure counts. The command prints tables and draws them to
`.local/simulate/`.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import numpy as np

from lib.assessment.errors import NoGradableQuestion, PoolNotFound
from lib.assessment.pools import store
from lib.assessment.pools.item_pool import ItemPool, load_pool
from lib.assessment.pools.rules import MAX_QUESTIONS
from lib.deps import Deps
from lib.engine import Posterior
from lib.engine.simulation import Simulation
from lib.errors import AppError
from lib.settings import Settings
from local.pools.accuracy import PoolAccuracy, Table
from local.pools.simulate_plots import draw
from local.pools.simulated_tests import simulate_tests

FOLDER = Path(".local/simulate")
ABILITIES = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Standard deviations from the population's mean: percentiles 2, 16, 50, 84 and 98."""

POPULATION = "all"

LENGTHS = (5, 10, 15, 20, 30, 40, 60)
Z95 = 1.959963984540054


def main(command_line: list[str]) -> int:
    """Simulate, print and draw; return the exit code."""
    arguments = _parser().parse_args(command_line)
    deps = Deps(Settings.from_env())
    try:
        pool = _newest_version(deps, arguments.pool)
    except AppError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        deps.close()
    accuracy = measure(
        pool, arguments.students, arguments.questions, np.random.default_rng(arguments.seed)
    )
    _print_tables(pool, accuracy)
    title = f"Pool {pool.pool_id}, version {pool.version}: {_settings(pool)}"
    for path in draw(accuracy, FOLDER / str(arguments.pool), title):
        print(f"Drew {path}")
    return 0


def measure(
    pool: ItemPool, students: int, questions: int, rng: np.random.Generator
) -> PoolAccuracy:
    """Simulate tests of up to `questions` questions, with `students` students of each ability."""
    k = pool.bank.concepts
    prior = Posterior.prior(k, covariance=pool.correlation)
    longest = min(questions, MAX_QUESTIONS, int(pool.gradable.sum()))
    tested = pool.bank.slopes[pool.gradable].any(axis=0)
    lengths = sorted({*(length for length in LENGTHS if length < longest), longest})
    runs = [
        simulate_tests(pool, theta, longest, rng)
        for theta in (
            *(np.full((students, k), ability) for ability in ABILITIES),
            rng.multivariate_normal(prior.mean, prior.covariance, students),
        )
    ]
    errors = [(run.mean - run.theta[:, None, :])[:, lengths][:, :, tested] for run in runs]
    spreads = [np.sqrt(run.variance)[:, lengths][:, :, tested] for run in runs]
    axes = (0, 2)  # students and concepts
    return PoolAccuracy(
        groups=[*(_signed(ability) for ability in ABILITIES), POPULATION],
        lengths=lengths,
        rmse=np.array([np.sqrt(np.square(error).mean(axis=axes)) for error in errors]),
        bias=np.array([error.mean(axis=axes) for error in errors]),
        predicted=np.array([np.sqrt(np.square(spread).mean(axis=axes)) for spread in spreads]),
        coverage=np.array(
            [
                (np.abs(error) <= Z95 * spread).mean(axis=axes)
                for error, spread in zip(errors, spreads, strict=True)
            ]
        ),
        exposure=np.array(
            [[_exposure(run, length)[pool.gradable] for length in lengths] for run in runs]
        ),
        limit=pool.selection.max_exposure,
        students=students,
    )


def _signed(ability: float) -> str:
    """Return the number with a typographic sign; 0 has none."""
    return f"{ability:+.0f}".replace("-", "\N{MINUS SIGN}") if ability else "0"


def _exposure(run: Simulation, length: int) -> Table:
    items = run.items[:, :length]
    return np.bincount(items[items >= 0], minlength=run.bank_size) / len(run.theta)


def _newest_version(deps: Deps, pool_id: UUID) -> ItemPool:
    version = store.current_version(deps.postgres, pool_id)
    if version is None:
        raise PoolNotFound
    pool = load_pool(deps.postgres, pool_id, version)
    if not pool.gradable.any():
        raise NoGradableQuestion
    return pool


def _print_tables(pool: ItemPool, accuracy: PoolAccuracy) -> None:
    print(
        f"Pool {pool.pool_id}, version {pool.version}: {int(pool.gradable.sum())} questions,"
        f" {pool.bank.concepts} concepts; {accuracy.students} simulated students of each ability,"
        f" and as many drawn from the population ({POPULATION})\n"
        f"Settings: {_settings(pool)}\n"
    )
    for title, table, form in (
        ("RMSE (standard deviations of ability; about 1 before any answer)", "rmse", ".2f"),
        ("Bias (below 0: estimates are too low)", "bias", "+.2f"),
        ("Coverage of 95 % intervals", "coverage", ".0%"),
    ):
        _print_table(title, accuracy, getattr(accuracy, table), form)
    _print_table("Exposure: the most exposed question", accuracy, accuracy.exposure.max(2), ".0%")
    shares = (accuracy.exposure > 0).mean(axis=2)
    _print_table("Exposure: share of the pool that was shown", accuracy, shares, ".0%")


def _settings(pool: ItemPool) -> str:
    """Return the selection settings under the names that they have in an upload."""
    settings = asdict(pool.selection)
    return ", ".join(f"{name} {value}" for name, value in settings.items() if value is not None)


def _print_table(title: str, accuracy: PoolAccuracy, table: Table, form: str) -> None:
    print(title)
    print("  ability" + "".join(f"{length:>8}" for length in accuracy.lengths) + "  answers")
    for group, row in zip(accuracy.groups, table, strict=True):
        print(f"  {group:>7}" + "".join(f"{value:{form}}".rjust(8) for value in row))
    print()


def number(text: str) -> int:
    """Parse a number of at least 1; argparse names this function in its error messages."""
    value = int(text)
    if value < 1:
        raise ValueError("not at least 1")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make simulate POOL=<id>")
    parser.add_argument("pool", type=UUID, help="id of the question pool")
    parser.add_argument(
        "--students", type=number, default=60, help="number of students of each ability"
    )
    parser.add_argument(
        "--questions", type=number, default=30, help=f"length of the tests, at most {MAX_QUESTIONS}"
    )
    parser.add_argument("--seed", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
