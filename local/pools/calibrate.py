"""`make calibrate POOL=<id>`: estimate a pool's items from all recorded answers.

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
    "calibrated": "Version {version} is what new sessions get; running ones keep theirs.",
    "too_few_answers": "Too few answers: version {version} stays.",
    "not_converged": "The estimates did not settle: version {version} stays.",
    "out_of_time": "The estimates did not settle in time: version {version} stays.",
    "failed": "That failed, the log says why: no new version.",
    "changed_meanwhile": "Questions were uploaded meanwhile: run it again.",
}


def main(arguments: list[str]) -> int:
    """Calibrate; the exit code."""
    try:
        (pool_id,) = map(UUID, arguments)
    except ValueError:
        print("Name one pool by its id: make calibrate POOL=<id>", file=sys.stderr)
        return 2
    deps = Deps(Settings.from_env())
    try:
        _show(calibrate_pool(pool_id, deps, EVERY_ANSWER))
    except AppError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        deps.close()
    return 0


def _show(pool: PoolCalibrationOut) -> None:
    print(
        f"{pool.answers:,} answers by {pool.people:,} people to {pool.questions:,} questions.\n"
        + OUTCOMES[pool.outcome].format(version=pool.version)
    )
    if pool.drifted:
        print(f"\nChanged by more than chance, the surest first ({len(pool.drifted)}):")
        print("\n".join(f"  {question_id}" for question_id in pool.drifted))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
