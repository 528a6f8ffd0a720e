"""What operators see of a pool: its calibrations, and the questions whose answers contradict them.

A question is flagged when a calibration finds it to differ from the parameters it was asked with
by more than chance (`lib.engine.calibration.drift`). The next one compares with what this one
found, so a flag stands until the question's author gives it new parameters. No numpy here.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from lib.deps import Deps
from lib.errors import NotFound
from lib.queries import Query, load_queries
from lib.statements import Statement

MAX_PAGE = 200
"""Flagged questions a page."""

CALIBRATIONS = 20
"""Shown, newest first."""

DIGITS = 2


class AttemptOut(BaseModel):
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


class CalibrationOut(BaseModel):
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


class ParameterOut(BaseModel):
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


class FlaggedOut(BaseModel):
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
    difficulty: ParameterOut
    discrimination: ParameterOut
    guessing: ParameterOut


class PoolDebugOut(BaseModel):
    """A pool's calibrations and flagged questions."""

    question_pool_id: UUID
    version: int
    """That new sessions get now."""
    question_count: int
    last_attempt: AttemptOut | None
    calibrations: list[CalibrationOut]
    flagged: list[FlaggedOut]
    """A page, those of the newest calibration first, and of one the surest first."""


@dataclass(frozen=True)
class _Pool:
    version: int
    question_count: int
    started_at: datetime | None
    finished_at: datetime | None
    outcome: str | None
    reason: str | None
    failures: int | None


@dataclass(frozen=True)
class _Flagged:
    question_id: str
    version: int
    text_changed: bool
    answers: int
    p_value: float
    curve_change: float
    difficulty: list[float]
    discrimination: list[float]
    guessing: list[float]


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
            Statement(_query("flagged"), page, _Flagged),
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
        last_attempt=_attempt(pool),
        calibrations=calibrations,
        flagged=[_shown(row) for row in flagged],
    )


def _attempt(pool: _Pool) -> AttemptOut | None:
    if pool.started_at is None or pool.failures is None:
        return None
    return AttemptOut(
        started_at=pool.started_at,
        finished_at=pool.finished_at,
        outcome=pool.outcome,
        reason=pool.reason,
        failures=pool.failures,
    )


def _shown(row: _Flagged) -> FlaggedOut:
    return FlaggedOut(
        question_id=row.question_id,
        version=row.version,
        text_changed=row.text_changed,
        answers=row.answers,
        p_value=row.p_value,
        curve_change=row.curve_change,
        difficulty=_parameter(row.difficulty),
        discrimination=_parameter(row.discrimination),
        guessing=_parameter(row.guessing),
    )


def _parameter(numbers: list[float]) -> ParameterOut:
    written, before, found, error = numbers
    moved = round((found - before) / error, DIGITS) if error > 0 else None
    return ParameterOut(written=written, before=before, found=found, error=error, moved=moved)


def _query(name: str) -> Query:
    return load_queries("assessment/flagged.sql")[name]
