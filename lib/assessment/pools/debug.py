"""What operators see of a pool: its calibrations, and the questions whose answers contradict them.

A question is flagged when a calibration finds it to differ from the parameters it was asked with
by more than chance (`lib.engine.calibration.drift`). The next one compares with what this one
found, so a flag stands until the question's author gives it new parameters. No numpy here.
"""

from dataclasses import dataclass
from uuid import UUID

from lib.assessment.pools.wire import AttemptOut, CalibrationOut, FlaggedOut, PoolDebugOut
from lib.database.queries import Query, load_queries
from lib.database.statements import Statement
from lib.deps import Deps
from lib.errors import NotFound

MAX_PAGE = 200
"""Flagged questions a page."""

CALIBRATIONS = 20
"""Shown, newest first."""


@dataclass(frozen=True)
class _Pool:
    version: int
    question_count: int
    last_attempt: AttemptOut | None


def look(pool_id: UUID, limit: int, offset: int, deps: Deps) -> PoolDebugOut:
    """Show a pool's last attempt, its calibrations, and a page of its flagged questions.

    Raises:
        NotFound: If there is no such pool.
    """
    asked = {"pool_id": pool_id}
    page = {**asked, "limit": limit, "offset": offset}
    pools, calibrations, flagged = deps.postgres.batch(
        [
            Statement(_query("pool"), asked, _Pool),
            Statement(
                _query("calibrations"), {**asked, "calibrations": CALIBRATIONS}, CalibrationOut
            ),
            Statement(_query("flagged"), page, FlaggedOut),
        ],
        read=True,
    )
    if not pools:
        raise NotFound(what="Question pool")
    pool: _Pool = pools[0]
    return PoolDebugOut(
        question_pool_id=pool_id,
        version=pool.version,
        question_count=pool.question_count,
        last_attempt=pool.last_attempt,
        calibrations=calibrations,
        flagged=flagged,
    )


def _query(name: str) -> Query:
    return load_queries("assessment/pool_debug.sql")[name]
