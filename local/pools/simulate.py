"""`make simulate POOL=<id>`: accuracy of a pool, by ability and length of the test.

python -m local.pools.simulate POOL [--students 60] [--questions 30]
python -m local.pools.simulate POOL --difficulty-error 0.7 --discrimination-error 0.3

Simulated students of known ability take adaptive tests on the newest version of the pool, with its
parameters, settings and exposure counts. The command prints tables and draws them to
`.local/simulate/`.

With one or both of the error options, the command instead draws true parameters around those of the
pool, and prints the stated errors of the tests beside the actual ones.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import numpy as np

from lib.assessment.errors import NoGradableQuestion, PoolNotFound
from lib.assessment.pools import store
from lib.assessment.pools.item_pool import ItemPool, build_pool
from lib.assessment.pools.rules import MAX_QUESTIONS
from lib.assessment.pools.store import ItemRow
from lib.assessment.sessions.wire import EndCriteria
from lib.deps import Deps
from lib.engine import Posterior
from lib.engine.simulation import Simulation
from lib.errors import AppError
from lib.settings import Settings
from local.pools.accuracy import PoolAccuracy, Table
from local.pools.simulate_plots import draw
from local.pools.simulated_tests import simulate_tests
from local.pools.wrong_parameters import CERTAIN, Errors, compare

FOLDER = Path(".local/simulate")
ABILITIES = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Standard deviations from the population's mean: percentiles 2, 16, 50, 84 and 98."""

POPULATION = "all"

LENGTHS = (5, 10, 15, 20, 30, 40, 60)
Z95 = 1.959963984540054
STUDENTS, STUDENTS_PER_TRUTH = 60, 10
GREATEST_DEVIATION = 3.0


def main(command_line: list[str]) -> int:
    """Simulate, print and draw; return the exit code."""
    arguments = _parser().parse_args(command_line)
    deps = Deps(Settings.from_env())
    try:
        pool, items = _newest_version(deps, arguments.pool)
    except AppError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        deps.close()
    rng = np.random.default_rng(arguments.seed)
    errors = Errors(arguments.difficulty_error, arguments.discrimination_error)
    if errors != CERTAIN:
        _compare(pool, items, errors, arguments, rng)
        return 0
    accuracy = measure(pool, arguments.students or STUDENTS, arguments.questions, rng)
    _print_tables(pool, accuracy)
    title = f"Pool {pool.pool_id}, version {pool.version}: {_settings(pool)}"
    for path in draw(accuracy, FOLDER / str(arguments.pool), title):
        print(f"Drew {path}")
    return 0


def measure(
    pool: ItemPool, students: int, questions: int, rng: np.random.Generator
) -> PoolAccuracy:
    """Simulate tests of up to `questions` questions, with `students` students in each group."""
    k = pool.bank.concepts
    prior = Posterior.prior(k, covariance=pool.correlation)
    longest = min(questions, MAX_QUESTIONS, int(pool.gradable.sum()))
    is_tested = pool.bank.slopes[pool.gradable].any(axis=0)
    lengths = sorted({*(length for length in LENGTHS if length < longest), longest})
    runs = [
        simulate_tests(pool, theta, longest, rng)
        for theta in (
            *(np.full((students, k), ability) for ability in ABILITIES),
            rng.multivariate_normal(prior.mean, prior.covariance, students),
        )
    ]
    errors = [(run.mean - run.theta[:, None, :])[:, lengths][:, :, is_tested] for run in runs]
    spreads = [np.sqrt(run.variance)[:, lengths][:, :, is_tested] for run in runs]
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


def _newest_version(deps: Deps, pool_id: UUID) -> tuple[ItemPool, list[ItemRow]]:
    version = store.current_version(deps.postgres, pool_id)
    rows = None if version is None else store.read_version(deps.postgres, pool_id, version)
    if version is None or rows is None:
        raise PoolNotFound
    pool = build_pool(pool_id, version, *rows)
    if not pool.gradable.any():
        raise NoGradableQuestion
    return pool, rows[1]


def _compare(
    pool: ItemPool,
    items: list[ItemRow],
    errors: Errors,
    arguments: argparse.Namespace,
    rng: np.random.Generator,
) -> None:
    """Print stated and actual errors of tests on the pool if its parameters have these errors."""
    questions = min(arguments.questions, MAX_QUESTIONS, int(pool.gradable.sum()))
    students, threshold = arguments.students or STUDENTS_PER_TRUTH, arguments.threshold
    own, plug_in = compare(
        pool,
        items,
        errors,
        truths=arguments.truths,
        students=students,
        questions=questions,
        threshold=threshold,
        rng=rng,
    )
    print(
        f"{_heading(pool)}\nSettings: {_settings(pool)}\n\n"
        f"Replications: {arguments.truths}. Each draws true parameters around the pool's, with"
        f" deviations of {errors.difficulty} in Φ⁻¹(difficulty) and {errors.discrimination} in log"
        f" discrimination.\nStudents drawn from the population in each replication: {students}."
        " Each takes a test with the pool's bank and one with a bank that treats the parameters as"
        " exact (plug-in).\n\n"
        "  bank     end                answers  actual error  stated error  actual/stated  coverage"
    )
    for bank, comparison in (("pool", own), ("plug-in", plug_in)):
        for end, row in (
            (f"length {questions}", comparison.fixed),
            (f"precision {threshold:g}", comparison.precision),
        ):
            print(
                f"  {bank:8} {end:16}{row.answers:10.1f}{row.rmse:14.3f}{row.stated:14.3f}"
                f"{row.ratio:15.3f}{row.coverage:10.1%}"
            )
    print("\nIf the stated errors are right, actual/stated is 1 and the coverage 95 %.")


def _print_tables(pool: ItemPool, accuracy: PoolAccuracy) -> None:
    print(
        f"{_heading(pool)}; simulated students of each ability: {accuracy.students}, and as many"
        f" drawn from the population ({POPULATION})\n"
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


def _heading(pool: ItemPool) -> str:
    """Return the pool's version and size in words."""
    return (
        f"Pool {pool.pool_id}, version {pool.version}; questions: {int(pool.gradable.sum())},"
        f" concepts: {pool.bank.concepts}"
    )


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


def deviation(text: str) -> float:
    """Parse a standard deviation from 0 to 3."""
    value = float(text)
    if not 0 <= value <= GREATEST_DEVIATION:
        raise ValueError("not from 0 to 3")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make simulate POOL=<id>")
    parser.add_argument("pool", type=UUID, help="id of the question pool")
    parser.add_argument(
        "--students",
        type=number,
        help=f"number of students of each ability (default {STUDENTS}); with an error option,"
        f" number in each replication (default {STUDENTS_PER_TRUTH})",
    )
    parser.add_argument(
        "--questions", type=number, default=30, help=f"length of the tests, at most {MAX_QUESTIONS}"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--difficulty-error",
        type=deviation,
        default=0.0,
        help="draw true parameters around the pool's; this is the standard deviation of"
        " b = Φ⁻¹(difficulty)",
    )
    parser.add_argument(
        "--discrimination-error",
        type=deviation,
        default=0.0,
        help="draw true parameters around the pool's; this is the standard deviation of log"
        " discrimination",
    )
    parser.add_argument(
        "--truths",
        type=number,
        default=40,
        help="number of replications, each with true parameters of its own",
    )
    parser.add_argument(
        "--threshold",
        type=deviation,
        default=EndCriteria().precision_threshold,
        help="posterior standard deviation at which the stop rule `precision` ends a test, if"
        " there is an error option",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
