"""Report on a pool: its calibrations and the questions flagged for drift.

A calibration flags a question if its estimates differ by more than chance from the parameters with
which it was asked (`lib.engine.calibration.drift`). The next calibration compares its own estimates
with those of this one, so it does not find the same drift again. The flag remains until the author
gives the question new parameters.
"""

from uuid import UUID

from lib.assessment.debug.wire import AttemptOut, CalibrationOut, FlaggedOut, PoolDebugOut
from lib.assessment.errors import PoolNotFound
from lib.assessment.pools import store
from lib.assessment.pools.store import FlaggedRow, FlagPosition
from lib.deps import Deps
from lib.web import cursor

MAX_PAGE = 200
"""Maximum number of flagged questions on a page."""

MAX_VERSION = 2**31 - 1

MAX_CALIBRATIONS = 20
"""Number of calibrations reported, newest first."""


def pool_report(pool_id: UUID, limit: int, after: str | None, deps: Deps) -> PoolDebugOut:
    """Report a pool's last attempt at a calibration, its calibrations and a page of flags.

    Raises:
        InvalidCursor: If `after` is not the cursor of a page.
        PoolNotFound: If the pool does not exist.
    """
    report = store.read_report(
        deps.postgres, pool_id, calibrations=MAX_CALIBRATIONS, after=_position(after), limit=limit
    )
    if report is None:
        raise PoolNotFound
    attempt = report.state.last_attempt
    return PoolDebugOut(
        question_pool_id=pool_id,
        version=report.state.version,
        question_count=report.state.question_count,
        last_attempt=None if attempt is None else AttemptOut.model_validate(attempt),
        calibrations=[CalibrationOut(**vars(row)) for row in report.calibrations],
        flagged=[FlaggedOut.model_validate(vars(row)) for row in report.flagged],
        next_cursor=_cursor(report.flagged[-1]) if len(report.flagged) == limit else None,
    )


def _cursor(last: FlaggedRow) -> str:
    return cursor.write(last.version, last.p_value, last.question_id)


def _position(after: str | None) -> FlagPosition:
    if after is None:
        return FlagPosition()
    version, p_value, question_id = cursor.read(after, _version, float, str)
    return FlagPosition(version=version, p_value=p_value, question_id=question_id)


def _version(number: int) -> int:
    if not 0 <= number <= MAX_VERSION:
        raise ValueError("not a version")
    return int(number)
