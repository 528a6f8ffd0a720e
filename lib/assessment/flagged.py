"""What operators see of a pool: its calibrations, and the questions whose answers contradict them.

A question is flagged when a calibration finds it to differ from the parameters it was asked with
by more than chance (`lib.engine.calibration.drift`). The next one compares with what this one
found, so a flag stands until the question's author gives it new parameters. No numpy here.
"""

from datetime import datetime
from uuid import UUID

from lib.database.queries import Query, load_queries
from lib.database.statements import Statement
from lib.deps import Deps
from lib.errors import NotFound
from lib.web.wire import Body

MAX_PAGE = 200
"""Flagged questions a page."""

CALIBRATIONS = 20
"""Shown, newest first."""


class AttemptOut(Body):
    """The last attempt to calibrate the pool."""

    started_at: datetime
    finished_at: datetime | None
    """None: it runs, or its function was stopped."""
    outcome: str | None
    """As `admin-calibrate` told it; None as above."""
    reason: str | None
    """Name of the error, of an attempt that failed."""
    failures: int
    """Attempts since the last that ended well, this one too."""


class CalibrationOut(Body):
    """A version that a calibration wrote."""

    version: int
    created_at: datetime
    answers: int | None
    people: int | None
    questions: int | None
    rounds: int | None
    settled: bool | None
    drifted: int | None
    """Questions it flagged, 1,000 at most."""


class ParameterOut(Body):
    """One parameter of a question."""

    written: float
    """By its author, last."""
    before: float
    """What it was asked with when the answers contradicted it."""
    found: float
    """What the answers say."""
    error: float
    """Standard error of `found`."""
    moved: float | None
    """(found - before) / error; None where the error is 0. What all have in common is in it."""


class ParametersOut(Body):
    """Each parameter of a question."""

    difficulty: ParameterOut
    discrimination: ParameterOut
    guessing: ParameterOut


class FlaggedOut(Body):
    """A question whose answers contradict its parameters."""

    question_id: str
    version: int
    """Of the calibration that found it."""
    text_changed: bool
    """Whether its author has changed the text since."""
    answers: int
    p_value: float
    """Of "nothing has changed but what all questions have in common": other people, say."""
    curve_change: float
    """Root mean square change of P(correct) over the people; 0.1 is much."""
    parameters: ParametersOut


class PoolDebugOut(Body):
    """A pool's calibrations and flagged questions."""

    question_pool_id: UUID
    version: int
    """That new sessions get now."""
    question_count: int
    last_attempt: AttemptOut | None
    calibrations: list[CalibrationOut]
    flagged: list[FlaggedOut]
    """A page, those of the newest calibration first, and of one the surest first."""


class _Pool(Body):
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
    return load_queries("assessment/flagged.sql")[name]
