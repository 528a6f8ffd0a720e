"""`make calibrate-learning`: fit the model of mastery to all answers of all students."""

import sys
from datetime import UTC, datetime

from lib.deps import Deps
from lib.errors import AppError
from lib.learning.calibration.run import calibrate
from lib.learning.calibration.wire import LearningCalibrationOut
from lib.learning.database import postgres_session
from lib.settings import Settings

OUTCOMES = {
    "calibrated": "The new coefficients predict held-out students better and are in use.",
    "no_better": "New coefficients predict held-out students no better; the present ones stay.",
    "nothing_new": "There are hardly any new answers since the last calibration.",
    "too_few_answers": "There are too few answers: 1,000 by 10 students are needed.",
}


def main() -> int:
    """Calibrate; return the exit code."""
    deps = Deps(Settings.from_env())
    try:
        with postgres_session(deps) as db:
            result = calibrate(db, datetime.now(UTC), max_answers=None, max_seconds=float("inf"))
        print(in_words(result))
    except AppError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        deps.close()
    return 0


def in_words(result: LearningCalibrationOut) -> str:
    """Return a report on a calibration, for a terminal."""
    lines = [f"Answers: {result.answers:,}; students: {result.students:,}."]
    if result.log_loss_before is not None:
        lines.append(
            f"Log loss of held-out students: {result.log_loss_before:.4f} before,"
            f" {result.log_loss_after:.4f} after."
        )
    lines.append(OUTCOMES[result.outcome])
    lines.append(f"Students whose mastery was recomputed: {result.recounted:,}.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
