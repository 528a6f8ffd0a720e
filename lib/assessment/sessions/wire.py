"""Bodies of the test endpoints and of the session endpoints for operators."""

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from lib.assessment.former_ids import PoolUuid, SessionUuid
from lib.assessment.pools.question import MAX_OPTIONS, Question, QuestionId
from lib.assessment.pools.rules import MAX_QUESTIONS, ConceptNames, StopRule
from lib.assessment.telling import OmittedIfNone
from lib.web.wire import Body, StrictBody, SuccessOut

StudentId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class EndCriteria(StrictBody):
    """Criteria that end a test.

    `fixed_length` asks `max_questions` questions. `precision` stops once no tested concept's
    posterior standard deviation (latent scale) is above `precision_threshold`, `classification`
    once every tested concept is above or below percentile 0.5 with at least
    `classification_threshold` probability; both within `min_questions` and `max_questions`.
    """

    type: StopRule = "fixed_length"
    """Rule that ends the test."""
    min_questions: int = Field(default=5, ge=1, le=MAX_QUESTIONS)
    """Number of questions before which `precision`, `classification` and `minimum_gain` do not end
    the test; lowered to `max_questions` by default if that is smaller."""
    max_questions: int = Field(default=20, ge=1, le=MAX_QUESTIONS)
    """Number of questions after which the test ends in any case."""
    precision_threshold: float = Field(default=0.3, gt=0, le=1)
    """Maximum posterior standard deviation of a concept at which `precision` ends the test, on the
    latent scale."""
    classification_threshold: float = Field(default=0.8, gt=0.5, lt=1)
    """Probability of lying on one side of percentile 0.5 at which `classification` ends the
    test."""
    minimum_gain: float = Field(default=0.0, ge=0, lt=1)
    """Share of the variance; if the next question is expected to remove less, the test ends."""

    @model_validator(mode="before")
    @classmethod
    def _lower_default_minimum(cls, fields: Any) -> Any:
        """Lower the default minimum to `max_questions` if a shorter test is requested."""
        if isinstance(fields, dict) and "min_questions" not in fields:
            maximum = fields.get("max_questions")
            if isinstance(maximum, int) and maximum < cls.model_fields["min_questions"].default:
                return {**fields, "min_questions": maximum}
        return fields

    @model_validator(mode="after")
    def _minimum_is_not_above_maximum(self) -> Self:
        if self.min_questions > self.max_questions:
            raise PydanticCustomError(
                "minimum_above_maximum",
                "must not be greater than max_questions",
                {"field": "end_criteria.min_questions"},
            )
        return self


class StartIn(StrictBody):
    """A student, a pool and the end criteria of the test; or a ticket; or a session to resume."""

    student_id: StudentId | None = None
    """Id of the student, chosen by the caller; needed without `ticket` and `session_id`."""
    question_pool_id: PoolUuid | None = None
    """Id of the pool from which questions are asked; needed without `ticket` and `session_id`."""
    concept_names: ConceptNames | None = None
    """Name of each concept that the pool tests, in the order of its weights; by default the pool's
    names. Other names than the pool's are refused."""
    end_criteria: EndCriteria = EndCriteria()
    """Criteria that end the test, within the rules of the pool."""
    ticket: Annotated[str, StringConstraints(min_length=1, max_length=4_000)] | None = None
    """Ticket from `test/tickets`, which names student and pool; needed if the pool admits by
    ticket. With the same ticket, a start resumes the running test."""
    session_id: SessionUuid | None = None
    """Id of a running test, which is resumed."""

    @model_validator(mode="after")
    def _student_and_pool_are_known(self) -> Self:
        if self.ticket is None and self.session_id is None:
            for field in ("student_id", "question_pool_id"):
                if getattr(self, field) is None:
                    raise PydanticCustomError("missing", "Field required", {"field": field})
        return self


class SubmitIn(StrictBody):
    """A student's response to a question."""

    session_id: SessionUuid
    """Id of the test, from `test/start`; the credential of the call."""
    question_id: QuestionId
    """Id of the question that the test is waiting for."""
    response: int = Field(ge=0, lt=MAX_OPTIONS, strict=True)
    """0-based index of the chosen option."""
    student_id: StudentId | None = None
    """Id of the student; if given, it must be the one that started the test."""


class EndIn(StrictBody):
    """The test to end."""

    session_id: SessionUuid
    """Id of the test, from `test/start`; the credential of the call."""


class SessionCleanupIn(StrictBody):
    """Idle time after which sessions are closed."""

    inactivity_minutes: int = Field(default=30, ge=1, le=525_600, strict=True)
    """Minutes without an answer or a resumption after which a test is closed."""
    adminPassword: Any = None  # noqa: N815 its spelling in every operator's body


class QuestionOut(Body):
    """A question as a student sees it."""

    id: str
    """Id of the question in its pool."""
    content: str
    """Text of the question."""
    options: list[Any]
    """Options in the order of their indexes; texts, or other JSON values in older pools."""
    concepts: list[float]
    """Weight of each concept in the question: its row of the Q-matrix."""

    @classmethod
    def of(cls, question: Question) -> Self:
        """Return the fields of a question that may leave the server."""
        return cls(
            id=question.id,
            content=question.content,
            options=question.options,
            concepts=question.concepts,
        )


class StartOut(Body):
    """A test that has started or is resumed."""

    session_id: UUID
    """Id of the test. It is a credential: whoever holds it can answer and read the result."""
    student_id: str
    """Id of the student."""
    initial_proficiency: OmittedIfNone[list[float]] = None
    """Proficiency in each concept before the first answer, a percentile from 0 to 1; absent if the
    pool tells results at the end."""
    concept_names: list[str]
    """Names of the concepts, in the order of every list of proficiencies."""
    next_question: QuestionOut
    """The question to answer."""
    extra_time: OmittedIfNone[float] = None
    """Share by which the student's ticket extends time limits; absent without a ticket."""
    status: Literal["started"] = "started"
    """Always `started`."""


class ContinueOut(Body):
    """The answer is recorded; the test goes on with the next question."""

    status: Literal["continue"] = "continue"
    """Always `continue`."""
    current_proficiency: OmittedIfNone[list[float]] = None
    """Proficiency in each concept after the answer, a percentile from 0 to 1; absent if the pool
    tells results at the end."""
    updated_proficiency: OmittedIfNone[list[float]] = None
    """The same as `current_proficiency`, under the name that older clients read."""
    next_question: QuestionOut
    """The question to answer next."""
    questions_answered: int
    """Number of answers so far."""


class TestSummary(Body):
    """The result of a test; docs/assessment.md defines the last two measures."""

    total_questions: int
    """Number of answers."""
    correct_responses: int
    """Number of correct answers."""
    accuracy: float
    """Share of the answers that were correct, 0 to 1."""
    initial_proficiency: list[float]
    """Proficiency in each concept before the first answer, a percentile from 0 to 1."""
    final_proficiency: list[float]
    """Proficiency in each concept after the last answer, a percentile from 0 to 1."""
    proficiency_change: list[float]
    """Final minus initial proficiency in each concept, -1 to 1."""
    learning_gain: float
    """Mean of `proficiency_change`: the change of the estimate, not of the student."""
    test_efficiency: float
    """Share of the initial variance that was removed, per question."""


class CompletedOut(Body):
    """The answer is recorded; the test is complete."""

    status: Literal["completed"] = "completed"
    """Always `completed`."""
    final_proficiency: OmittedIfNone[list[float]] = None
    """Proficiency in each concept, a percentile from 0 to 1; rounded if the pool tells results at
    the end, and absent if the test is too short for them."""
    total_questions: int
    """Number of answers."""
    accuracy: OmittedIfNone[float] = None
    """Share of the answers that were correct, 0 to 1; absent like the proficiency."""
    test_summary: OmittedIfNone[TestSummary] = None
    """The result in figures, as `summary` of `test/end`; absent like the proficiency."""


class EndOut(Body):
    """The result of a closed test.

    If the pool tells results at the end, the proficiencies are rounded, and both fields are absent
    if the test is too short for them.
    """

    final_proficiency: OmittedIfNone[list[float]] = None
    """Proficiency in each concept after the last answer, a percentile from 0 to 1."""
    summary: OmittedIfNone[TestSummary] = None
    """The result in figures."""


class StatusOut(Body):
    """The state of a test."""

    status: str
    """State of the test: `active`, `completed`, `terminated` or `expired`."""
    current_proficiency: OmittedIfNone[list[float]] = None
    """Proficiency in each concept after the last answer, a percentile from 0 to 1; absent while the
    pool does not tell it."""
    questions_answered: int
    """Number of answers so far."""
    is_active: bool
    """Whether the test accepts answers."""
    next_question: QuestionOut | None = None
    """The question to answer, so that a page can go on after a reload; null after the end."""
    concept_names: list[str] | None = None
    """Names of the concepts, in the order of the proficiencies; null once the test is over."""
    min_questions: int | None = None
    """Number of questions before which the test does not end; null once it is over."""
    max_questions: int | None = None
    """Number of questions after which the test ends in any case; null once it is over."""
    progress: float
    """Share of the test that is done, 0 to 1: `questions_answered` of `max_questions`. A test with
    another rule than `fixed_length` may end sooner, so this is a lower bound."""


class SessionCleanupOut(Body):
    """Numbers of tests that were closed, and of tests and proficiencies that were removed."""

    sessions_removed: int
    """Number of tests that were closed."""
    inactivity_threshold_minutes: int
    """Minutes without an answer or a resumption after which a test was closed."""
    tests_removed: int = 0
    """Closed tests that were removed after their retention time, with their answers."""
    proficiencies_removed: int = 0
    """Long-term proficiencies that were removed after the same time."""


class ResetIn(StrictBody):
    """The test to reset."""

    session_id: SessionUuid
    """Id of the test."""
    adminPassword: Any = None  # noqa: N815 its spelling in every operator's body


class ResetOut(SuccessOut):
    """A test that was closed without a result."""

    session_id: UUID
    """Id of the test."""
    student_id: str
    """Id of the student, who may start again."""
    status: str
    """Always `terminated`."""
    questions_answered: int
    """Number of answers; they stay recorded but have no effect."""
