"""`make simulate POOL=<id>`: what a pool can measure, by ability and length of the test.

python -m local.pools.simulate POOL [--students 60] [--questions 30]

Simulated students of known ability sit adaptive tests on the pool's newest version, as the service
would give them: with its parameters, its settings and its counts of exposure. Prints tables and
draws them to `.local/simulate/`.
"""

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import numpy as np

from lib.assessment.errors import NoGradableQuestion
from lib.assessment.pools import store
from lib.assessment.pools.item_pool import ItemPool, load_pool
from lib.assessment.sessions.wire import MAX_QUESTIONS
from lib.deps import Deps
from lib.engine import Posterior, Simulation
from lib.errors import AppError, NotFound
from lib.settings import Settings
from local.pools.measured import Measured, Table
from local.pools.rehearsal import rehearse
from local.pools.simulate_plots import draw

FOLDER = Path(".local/simulate")
ABILITIES = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Standard deviations from the population's mean: percentiles 2, 16, 50, 84 and 98."""

EVERYBODY = "all"

LENGTHS = (5, 10, 15, 20, 30, 40, 60)
Z95 = 1.959963984540054


def main(arguments: list[str]) -> int:
    """Simulate, print and draw; the exit code."""
    asked = _parser().parse_args(arguments)
    deps = Deps(Settings.from_env())
    try:
        pool = _newest(deps, asked.pool)
    except AppError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        deps.close()
    measured = measure(pool, asked.students, asked.questions, np.random.default_rng(asked.seed))
    _show(pool, measured)
    title = f"Pool {pool.pool_id}, version {pool.version}: {_settings(pool)}"
    for path in draw(measured, FOLDER / str(asked.pool), title):
        print(f"drawn  {path}")
    return 0


def measure(pool: ItemPool, students: int, questions: int, rng: np.random.Generator) -> Measured:
    """Give `students` simulated students of each ability a test of `questions` questions."""
    k = pool.bank.concepts
    prior = Posterior.prior(k, covariance=pool.correlation)
    most = min(questions, MAX_QUESTIONS, int(pool.gradable.sum()))
    tested = pool.bank.slopes[pool.gradable].any(axis=0)
    lengths = sorted({*(length for length in LENGTHS if length < most), most})
    runs = [
        rehearse(pool, theta, most, rng)
        for theta in (
            *(np.full((students, k), ability) for ability in ABILITIES),
            rng.multivariate_normal(prior.mean, prior.covariance, students),
        )
    ]
    errors = [(run.mean - run.theta[:, None, :])[:, lengths][:, :, tested] for run in runs]
    spreads = [np.sqrt(run.variance)[:, lengths][:, :, tested] for run in runs]
    over = (0, 2)
    return Measured(
        [*(_signed(ability) for ability in ABILITIES), EVERYBODY],
        lengths,
        np.array([np.sqrt(np.square(error).mean(axis=over)) for error in errors]),
        np.array([error.mean(axis=over) for error in errors]),
        np.array([np.sqrt(np.square(spread).mean(axis=over)) for spread in spreads]),
        np.array(
            [
                (np.abs(error) <= Z95 * spread).mean(axis=over)
                for error, spread in zip(errors, spreads, strict=True)
            ]
        ),
        np.array([[_exposure(run, length)[pool.gradable] for length in lengths] for run in runs]),
        pool.selection.max_exposure,
        students,
    )


def _signed(ability: float) -> str:
    """With its sign, as typeset; 0 has none."""
    return f"{ability:+.0f}".replace("-", "\N{MINUS SIGN}") if ability else "0"


def _exposure(run: Simulation, length: int) -> Table:
    shown = run.items[:, :length]
    return np.bincount(shown[shown >= 0], minlength=run.bank_size) / len(run.theta)


def _newest(deps: Deps, pool_id: UUID) -> ItemPool:
    version = store.current_version(deps.postgres, pool_id)
    if version is None:
        raise NotFound(what="Question pool")
    pool = load_pool(deps.postgres, pool_id, version)
    if not pool.gradable.any():
        raise NoGradableQuestion
    return pool


def _show(pool: ItemPool, measured: Measured) -> None:
    print(
        f"Pool {pool.pool_id}, version {pool.version}: {int(pool.gradable.sum())} questions,"
        f" {pool.bank.concepts} concepts; {measured.students} simulated students of each ability,"
        f" and as many drawn from the population ({EVERYBODY})\n"
        f"Settings: {_settings(pool)}\n"
    )
    for title, table, form in (
        ("RMSE (standard deviations of ability; not knowing anything is about 1)", "rmse", ".2f"),
        ("Bias (below 0: too low)", "bias", "+.2f"),
        ("Coverage of 95 % intervals", "coverage", ".0%"),
    ):
        _print_table(title, measured, getattr(measured, table), form)
    _print_table("Exposure: the most shown question", measured, measured.exposure.max(2), ".0%")
    seen = (measured.exposure > 0).mean(axis=2)
    _print_table("Exposure: share of the pool that was shown at all", measured, seen, ".0%")


def _settings(pool: ItemPool) -> str:
    """What rules the choice of questions, by the names it has in an upload."""
    settings = asdict(pool.selection)
    return ", ".join(f"{name} {value}" for name, value in settings.items() if value is not None)


def _print_table(title: str, measured: Measured, table: Table, form: str) -> None:
    print(title)
    print("  ability" + "".join(f"{length:>8}" for length in measured.lengths) + "  answers")
    for group, row in zip(measured.groups, table, strict=True):
        print(f"  {group:>7}" + "".join(f"{value:{form}}".rjust(8) for value in row))
    print()


def number(text: str) -> int:
    """Read a count, 1 or more; the parser tells of it by this name."""
    found = int(text)
    if found < 1:
        raise ValueError("1 or more")
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make simulate POOL=<id>")
    parser.add_argument("pool", type=UUID, help="id of the question pool")
    parser.add_argument("--students", type=number, default=60, help="of each ability")
    parser.add_argument(
        "--questions", type=number, default=30, help=f"longest test, at most {MAX_QUESTIONS}"
    )
    parser.add_argument("--seed", type=int, default=1)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
