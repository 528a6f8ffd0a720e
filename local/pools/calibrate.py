"""`make calibrate POOL=<id>`: estimate a pool's parameters from all answers of admitted tests.

python -m local.pools.calibrate POOL
"""

import sys
from uuid import UUID

from lib.assessment.calibration.run import calibrate_pool
from lib.assessment.calibration.wire import PoolCalibrationOut
from lib.deps import Deps
from lib.errors import AppError
from lib.settings import Settings

EVERY_ANSWER = 2**31 - 1

OUTCOMES = {
    "calibrated": "New sessions use version {version}; running sessions keep theirs.",
    "needs_acceptance": (
        "Many questions drifted: version {version} stays in use. Accept the estimates with\n"
        'POST /api/admin-calibrate {{"question_pool_id": "{pool_id}", "accept": {proposal}}}.'
    ),
    "too_few_answers": "There are too few answers: version {version} stays in use.",
    "not_converged": "The estimates did not converge: version {version} stays in use.",
    "out_of_time": "The estimates did not converge in time: version {version} stays in use.",
    "failed": "The calibration failed, so there is no new version. See the log for the reason.",
    "changed_meanwhile": "Questions were uploaded during the calibration. Run it again.",
}


def main(arguments: list[str]) -> int:
    """Calibrate a pool; return the exit code."""
    try:
        (pool_id,) = map(UUID, arguments)
    except ValueError:
        print("Give the id of one pool: make calibrate POOL=<id>", file=sys.stderr)
        return 2
    deps = Deps(Settings.from_env())
    try:
        _print_result(calibrate_pool(pool_id, deps, EVERY_ANSWER))
    except AppError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        deps.close()
    return 0


def _print_result(pool: PoolCalibrationOut) -> None:
    print(
        f"Answers: {pool.answers:,}; people: {pool.people:,}; questions: {pool.questions:,}.\n"
        + OUTCOMES[pool.outcome].format(
            version=pool.version, pool_id=pool.question_pool_id, proposal=pool.proposal
        )
    )
    if pool.drifted:
        print(f"\nQuestions whose parameters drifted, clearest drift first ({len(pool.drifted)}):")
        print("\n".join(f"  {question_id}" for question_id in pool.drifted))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
