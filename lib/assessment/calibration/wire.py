"""Bodies of calibration."""

from typing import Any, Literal
from uuid import UUID

from lib.web.wire import Answer, Body, StrictBody

Outcome = Literal[
    "calibrated",
    "too_few_answers",
    "changed_meanwhile",
    "not_converged",
    "out_of_time",
    "failed",
]


class CalibrateIn(StrictBody):
    """The pool to calibrate; without an id, every pool with enough new answers."""

    question_pool_id: UUID | None = None
    """Id of the pool; if left out, every pool with enough new answers."""
    adminPassword: Any = None  # noqa: N815 spelled so in every operator's body


class PoolCalibrationOut(Body):
    """Result of an attempt to calibrate one pool."""

    question_pool_id: UUID
    """Id of the pool."""
    outcome: Outcome
    """`calibrated` if a new version was written, or else the reason why not."""
    version: int | None
    """Version that new sessions get; null if the pool could not be read."""
    answers: int
    """Number of answers used: each student's first to the current text of each question."""
    people: int
    """Number of students who gave these answers."""
    settled: bool | None
    """Whether the estimates converged; null if nothing was estimated."""
    questions: int
    """Number of questions with answers, which get new parameters."""
    drifted: list[str]
    """Questions whose estimates differ from their parameters by more than chance."""


class CalibrateOut(Answer):
    """Results of all pools, in the order in which they were calibrated."""

    pools: list[PoolCalibrationOut]
    """The result of each pool."""
