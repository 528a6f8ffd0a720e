"""Bodies of uploads, checked field by field, and of what operators see of a pool."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from lib.assessment.pools.question import MAX_CONCEPTS, MAX_OPTIONS, QuestionId
from lib.assessment.pools.selection_settings import Selection
from lib.engine import STEEPEST_DISCRIMINATION
from lib.web.wire import Body, StrictBody

MAX_UPLOAD = 20_000

MIN_WEIGHT = 1e-6
"""Of a concept that counts: squares of smaller ones get lost in the length of a row."""


def _weighs_something(weight: float) -> float:
    if 0 < weight < MIN_WEIGHT:
        raise ValueError("must be 0 or at least 0.000001")
    return weight


Weight = Annotated[float, Field(ge=0, le=1_000), AfterValidator(_weighs_something)]
Content = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Option = Annotated[str, StringConstraints(min_length=1, max_length=5_000)]


class QuestionIn(StrictBody):
    """One multiple-choice question with its answer and item parameters."""

    id: QuestionId
    content: Content
    options: list[Option] = Field(min_length=2, max_length=MAX_OPTIONS)
    correct_answer: str
    concepts: list[Weight] = Field(min_length=1, max_length=MAX_CONCEPTS)
    """Row of the Q-matrix: how much each concept counts."""
    difficulty: float = Field(default=0.5, gt=0, lt=1)
    """Percentile of students that are as likely right as wrong."""
    discrimination: float = Field(default=1.0, gt=0, le=STEEPEST_DISCRIMINATION)
    guessing: float | None = Field(default=None, ge=0, lt=1)
    """Chance to be right without knowing; the upload's, if not given."""

    @field_validator("options")
    @classmethod
    def _all_different(cls, options: list[str], info: ValidationInfo) -> list[str]:
        if len(set(options)) != len(options):
            raise ValueError(f"two options are the same (question {_id(info)})")
        return options

    @field_validator("correct_answer")
    @classmethod
    def _one_of_the_options(cls, answer: str, info: ValidationInfo) -> str:
        if answer not in info.data.get("options", [answer]):
            raise ValueError(f"must be one of the options (question {_id(info)})")
        return answer

    @field_validator("concepts")
    @classmethod
    def _tests_something(cls, concepts: list[float], info: ValidationInfo) -> list[float]:
        if not any(concepts):
            raise ValueError(f"must not all be 0 (question {_id(info)})")
        return concepts


class UploadIn(StrictBody):
    """Questions of one pool."""

    questions: list[QuestionIn] = Field(min_length=1, max_length=MAX_UPLOAD)
    question_pool_id: UUID | None = None
    """An existing pool, or the id for a new one; larger pools come in several uploads."""
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    guessing: float = Field(default=0.0, ge=0, lt=1)
    """Of every question that does not say its own."""
    selection: Selection | None = None
    """How the pool's questions are chosen from now on; as before, if not given."""
    adminPassword: Any = None  # noqa: N815 every operator's body names it so

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        first = len(self.questions[0].concepts)
        places: dict[str, int] = {}
        for place, question in enumerate(self.questions):
            if len(question.concepts) != first:
                raise PydanticCustomError(
                    "concept_count",
                    "question {id} has {given} concepts, the first question {first}",
                    {
                        "field": f"questions[{place}].concepts",
                        "id": question.id,
                        "given": len(question.concepts),
                        "first": first,
                    },
                )
            if question.id in places:
                raise PydanticCustomError(
                    "same_id",
                    "{id} is also the id of questions[{other}]",
                    {
                        "field": f"questions[{place}].id",
                        "id": question.id,
                        "other": places[question.id],
                    },
                )
            places[question.id] = place
        self._check_shares(first)
        return self

    def _check_shares(self, concepts: int) -> None:
        shares = self.selection and self.selection.content_shares
        if shares and len(shares) != concepts:
            raise PydanticCustomError(
                "share_count",
                "{given} shares for {concepts} concepts",
                {
                    "field": "selection.content_shares",
                    "given": len(shares),
                    "concepts": concepts,
                },
            )


class UploadOut(Body):
    """What was written, and where."""

    message: str
    count: int
    question_pool_id: UUID


def _id(info: ValidationInfo) -> str:
    return str(info.data.get("id", "without id"))


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
