"""Requests and answers of calibration."""

from typing import Any, Literal
from uuid import UUID

from lib.web.wire import Body, StrictBody

Outcome = Literal[
    "calibrated",
    "too_few_answers",
    "changed_meanwhile",
    "not_converged",
    "out_of_time",
    "failed",
]


class CalibrateIn(StrictBody):
    """Which pool; every pool with enough new answers, if none is named."""

    question_pool_id: UUID | None = None
    adminPassword: Any = None  # noqa: N815 every operator's body names it so


class PoolOut(Body):
    """What became of one pool."""

    question_pool_id: UUID
    outcome: Outcome
    version: int | None
    """That new sessions get now; None where the pool could not be read."""
    answers: int
    """Used: each student's first to each question, as it reads today."""
    people: int
    settled: bool | None
    """Whether more rounds would have changed nothing; None where nothing was estimated."""
    questions: int
    """With an answer, and so with new parameters."""
    drifted: list[str]
    """Questions that differ from their current parameters by more than chance."""


class CalibrateOut(Body):
    """What became of each pool, in the order in which they had their turn."""

    pools: list[PoolOut]
