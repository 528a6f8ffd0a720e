"""Bodies of uploads."""

from typing import Annotated, Any, Literal, Self
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

from lib.assessment.former_ids import PoolUuid
from lib.assessment.pools.logits import from_logits
from lib.assessment.pools.question import (
    MAX_CONCEPTS,
    MAX_OPTIONS,
    STEEPEST_DISCRIMINATION,
    QuestionId,
)
from lib.assessment.pools.rules import MAX_QUESTIONS, Admission, ConceptNames, StopRule
from lib.assessment.pools.selection_settings import (
    BEST_ITEMS,
    DIFFICULTY_ERROR,
    DISCRIMINATION_ERROR,
    GREATEST_LOSS,
)
from lib.assessment.telling import Tells
from lib.web.wire import Body, StrictBody

MAX_UPLOAD = 20_000

MIN_WEIGHT = 1e-6
"""Smallest weight above 0; the square of a smaller one would be lost in the norm of a row."""


def _large_enough(weight: float) -> float:
    if 0 < weight < MIN_WEIGHT:
        raise ValueError("must be 0 or at least 0.000001")
    return weight


Weight = Annotated[float, Field(ge=0, le=1_000), AfterValidator(_large_enough)]
Share = Annotated[float, Field(ge=0, le=1_000, strict=True)]
Content = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Option = Annotated[str, StringConstraints(min_length=1, max_length=5_000)]


def _between_0_and_1(difficulty: float) -> float:
    if not 0 < difficulty < 1:
        raise ValueError(
            "must be above 0 and below 1, a percentile; for a difficulty b and a discrimination a"
            ' in logits send "scale": "logit", or Φ(b / (a‖concepts‖)) and a‖concepts‖ / 1.702'
        )
    return difficulty


Percentile = Annotated[
    float,
    AfterValidator(_between_0_and_1),
    Field(json_schema_extra={"exclusiveMinimum": 0, "exclusiveMaximum": 1}),
]
Scale = Literal["percentile", "logit"]


class SelectionIn(StrictBody):
    """Selection settings; those left out have their defaults."""

    max_exposure: float = Field(default=1.0, ge=0.01, le=1, strict=True)
    """Maximum share of the tests at a level of ability that may ask a question; 1: no limit."""
    content_shares: list[Share] | None = Field(default=None, min_length=1, max_length=MAX_CONCEPTS)
    """Relative share of a test's questions for each concept; null for no balancing."""
    best_items: int = Field(default=BEST_ITEMS, ge=1, le=50, strict=True)
    """Number of best questions that the next one is drawn from."""
    greatest_loss: float = Field(default=GREATEST_LOSS, ge=0, lt=1, strict=True)
    """Maximum share of the best question's information that may be lost by drawing another."""
    difficulty_error: float = Field(default=DIFFICULTY_ERROR, ge=0, le=3, strict=True)
    """Standard deviation of the true b = Φ⁻¹(difficulty) around the author's, for questions
    whose parameters are still the author's; 0 treats it as exact."""
    discrimination_error: float = Field(default=DISCRIMINATION_ERROR, ge=0, le=1, strict=True)
    """Standard deviation of the true log discrimination around the author's, for the same
    questions."""

    @model_validator(mode="after")
    def _some_share_is_above_zero(self) -> Self:
        if self.content_shares is not None and not any(self.content_shares):
            raise PydanticCustomError(
                "no_share", "must not all be 0", {"field": "selection.content_shares"}
            )
        return self


class QuestionIn(StrictBody):
    """One multiple-choice question with its correct answer and item parameters."""

    id: QuestionId
    """Id of the question, unique over all pools."""
    content: Content
    """Text of the question."""
    options: list[Option] = Field(min_length=2, max_length=MAX_OPTIONS)
    """Texts of the options, all different."""
    correct_answer: str
    """Text of the correct option."""
    concepts: list[Weight] = Field(min_length=1, max_length=MAX_CONCEPTS)
    """Row of the Q-matrix: the weight of each concept."""
    difficulty: Percentile = 0.5
    """Percentile of a student who knows the answer with probability 1/2."""
    discrimination: float = Field(default=1.0, gt=0, le=STEEPEST_DISCRIMINATION)
    """Slope of the question's curve in probits, for concepts of weight 1."""
    guessing: float | None = Field(default=None, ge=0, lt=1)
    """Probability of a correct guess; defaults to the upload's `guessing`."""

    @field_validator("options")
    @classmethod
    def _distinct(cls, options: list[str], info: ValidationInfo) -> list[str]:
        if len(set(options)) != len(options):
            raise ValueError(f"two options are the same (question {_id(info)})")
        return options

    @field_validator("correct_answer")
    @classmethod
    def _is_an_option(cls, answer: str, info: ValidationInfo) -> str:
        if answer not in info.data.get("options", [answer]):
            raise ValueError(f"must be one of the options (question {_id(info)})")
        return answer

    @field_validator("concepts")
    @classmethod
    def _some_weight_is_above_zero(cls, concepts: list[float], info: ValidationInfo) -> list[float]:
        if not any(concepts):
            raise ValueError(f"must not all be 0 (question {_id(info)})")
        return concepts


class UploadIn(StrictBody):
    """Questions of one pool."""

    questions: list[QuestionIn] = Field(min_length=1, max_length=MAX_UPLOAD)
    """The questions; those with a known id are changed."""
    question_pool_id: PoolUuid | None = None
    """An existing pool, or the id of a new one; a large pool may take several uploads."""
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """Name of the pool, for people."""
    guessing: float = Field(default=0.0, ge=0, lt=1)
    """Guessing parameter of the questions that do not give one."""
    scale: Scale = "percentile"
    """Scale of difficulties b and discriminations a: a percentile and probits, or `logit` for
    P(knows) = 1 / (1 + exp(b - a · concepts · θ)), which is converted."""
    selection: SelectionIn | None = None
    """New selection settings; if left out, the pool keeps its settings."""
    concept_names: ConceptNames | None = None
    """Name of each concept, in the order of the weights. Like all rules below, it holds for every
    test on the pool; a rule that is left out stays as it is, and null restores its default."""
    admission: Admission | None = None
    """Permission to start a test: for anybody (`open`, the default), or with a ticket
    (`ticket`)."""
    tells: Tells | None = None
    """Time at which students see proficiencies: after each answer (`each`, the default), or rounded
    after the last one (`end`)."""
    starts_per_day: int | None = Field(default=None, ge=1, le=1_000, strict=True)
    """Number of tests that a student may start within 24 hours; no limit by default."""
    trains: bool | None = Field(default=None, strict=True)
    """Whether calibration uses tests that were started neither with a ticket nor by an operator; by
    default it does not."""
    min_questions: int | None = Field(default=None, ge=1, le=MAX_QUESTIONS, strict=True)
    """Minimum length of a test, unless the pool has fewer questions; 1 by default, and at least 5
    if the pool tells results at the end."""
    max_questions: int | None = Field(default=None, ge=1, le=MAX_QUESTIONS, strict=True)
    """Maximum length of a test; 200 by default."""
    stop_rules: Annotated[list[StopRule], Field(min_length=1)] | None = None
    """Kinds of stop rule that a test may have, all of them by default; the first is the default of
    a start."""
    dry_run: bool = Field(default=False, strict=True)
    """Whether to check everything and store nothing."""
    adminPassword: Any = None  # noqa: N815 its spelling in every operator's body

    @model_validator(mode="before")
    @classmethod
    def _from_logits(cls, fields: Any) -> Any:
        """Convert parameters in logits; what is malformed is left to the checks."""
        if not isinstance(fields, dict) or fields.get("scale") != "logit":
            return fields
        questions = fields.get("questions")
        if not isinstance(questions, list):
            return fields
        return {**fields, "questions": [from_logits(question) for question in questions]}

    @model_validator(mode="after")
    def _questions_fit_together(self) -> Self:
        concept_count = len(self.questions[0].concepts)
        positions: dict[str, int] = {}
        for position, question in enumerate(self.questions):
            if len(question.concepts) != concept_count:
                raise PydanticCustomError(
                    "concept_count",
                    "number of concepts: {actual} in question {id}, {first} in the first question",
                    {
                        "field": f"questions[{position}].concepts",
                        "id": question.id,
                        "actual": len(question.concepts),
                        "first": concept_count,
                    },
                )
            if question.id in positions:
                raise PydanticCustomError(
                    "same_id",
                    "{id} is also the id of questions[{other}]",
                    {
                        "field": f"questions[{position}].id",
                        "id": question.id,
                        "other": positions[question.id],
                    },
                )
            positions[question.id] = position
        self._check_shares(concept_count)
        return self

    def _check_shares(self, concepts: int) -> None:
        shares = self.selection and self.selection.content_shares
        if shares and len(shares) != concepts:
            raise PydanticCustomError(
                "share_count",
                "send one share for each concept; concepts: {concepts}, shares: {shares}",
                {
                    "field": "selection.content_shares",
                    "shares": len(shares),
                    "concepts": concepts,
                },
            )


class UploadOut(Body):
    """Number of uploaded questions, and their pool."""

    message: str
    count: int
    """Number of questions in the upload, changed or not."""
    question_pool_id: UUID
    """Id of their pool; after a dry run without an existing pool, no pool has it."""


def _id(info: ValidationInfo) -> str:
    return str(info.data.get("id") or "without id")
