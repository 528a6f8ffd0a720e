"""Bodies of calibration."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BeforeValidator, model_validator
from pydantic_core import PydanticCustomError

from lib.assessment.former_ids import PoolUuid
from lib.web.wire import Body, StrictBody, SuccessOut

MAX_VERSION = 2**31 - 1

Outcome = Literal[
    "calibrated",
    "needs_acceptance",
    "too_few_answers",
    "changed_meanwhile",
    "not_converged",
    "out_of_time",
    "failed",
]


def _true_or_number(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, int) and 1 <= value <= MAX_VERSION):
        return value
    raise PydanticCustomError("accept", "must be true, false or the number of a proposal")


class CalibrateIn(StrictBody):
    """The pool to calibrate; without an id, every pool with enough new answers."""

    question_pool_id: PoolUuid | None = None
    """Id of the pool; if left out, every pool with enough new answers."""
    accept: Annotated[bool | int, BeforeValidator(_true_or_number)] = False
    """True, or the number of a proposal, to accept the waiting estimates as the pool's next version
    instead of making new ones; needs `question_pool_id`."""
    adminPassword: Any = None  # noqa: N815 its spelling in every operator's body

    @model_validator(mode="after")
    def _accept_names_a_pool(self) -> Self:
        if self.accept is not False and self.question_pool_id is None:
            raise PydanticCustomError(
                "missing", "name the pool of the proposal", {"field": "question_pool_id"}
            )
        return self


class PoolCalibrationOut(Body):
    """Result of an attempt to calibrate one pool."""

    question_pool_id: UUID
    """Id of the pool."""
    outcome: Outcome
    """`calibrated` if a new version was written; `needs_acceptance` if the estimates wait for an
    operator; or else the reason why there are none."""
    version: int | None
    """The version written, or else the one that was read; null if the pool could not be read."""
    answers: int
    """Number of answers used: each student's first answer to the current text of each question."""
    people: int
    """Number of respondents; a student counts as a new one after half a year without an answer."""
    settled: bool | None
    """Whether the estimates converged; null if nothing was estimated."""
    questions: int
    """Number of questions with answers; a calibration gives these new parameters."""
    proposal: int | None
    """Number of the proposal that this attempt made, to be sent as `accept`; null if it made
    none."""
    drifted: list[str]
    """Questions whose estimates differ from their parameters by more than chance, at most 1,000."""


class CalibrateOut(SuccessOut):
    """Results of all pools, in the order in which they were calibrated."""

    pools: list[PoolCalibrationOut]
    """The result of each pool."""
