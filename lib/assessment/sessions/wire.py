"""Bodies of the test endpoints and of the session endpoints for operators."""

from typing import Annotated, Any, Literal, Self, get_args
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from lib.assessment.pools.question import MAX_CONCEPTS, MAX_OPTIONS, Question, QuestionId
from lib.web.wire import Body, StrictBody

MAX_QUESTIONS = 200
"""Greatest length of a test."""

DEFAULT_CONCEPTS = ("Math", "Algebra", "Geometry", "Statistics", "Calculus")

StudentId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
ConceptName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) != len(names):
        raise ValueError("concept names must differ")
    return names


StopRule = Literal["fixed_length", "precision", "classification"]
STOP_RULES: tuple[StopRule, ...] = get_args(StopRule)
"""Kinds of stop rule, the same as the engine's. Snapshots store a rule's index: append only."""


class EndCriteria(StrictBody):
    """Criteria that end a test.

    `fixed_length` asks `max_questions`. `precision` stops once no tested concept's posterior
    standard deviation (latent scale) is above `precision_threshold`, `classification` once every
    tested concept is above or below percentile 0.5 with at least `classification_threshold`
    probability; both within `min_questions` and `max_questions`.
    """

    type: StopRule = "fixed_length"
    min_questions: int = Field(default=5, ge=1, le=MAX_QUESTIONS)
    max_questions: int = Field(default=20, ge=1, le=MAX_QUESTIONS)
    precision_threshold: float = Field(default=0.3, gt=0, le=1)
    classification_threshold: float = Field(default=0.8, gt=0.5, lt=1)
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
            raise ValueError("min_questions must not be greater than max_questions")
        return self


class StartIn(StrictBody):
    """A student, a pool and the end criteria of the test."""

    student_id: StudentId
    question_pool_id: UUID
    concept_names: Annotated[
        list[ConceptName], Field(min_length=1, max_length=MAX_CONCEPTS), AfterValidator(_distinct)
    ] = Field(default=list(DEFAULT_CONCEPTS), validate_default=True)
    end_criteria: EndCriteria = EndCriteria()


class SubmitIn(StrictBody):
    """A student's response to a question."""

    session_id: UUID
    question_id: QuestionId
    response: int = Field(
        ge=0, lt=MAX_OPTIONS, strict=True, description="0-based index of the chosen option."
    )
    student_id: StudentId | None = None


class EndIn(StrictBody):
    """The test to end."""

    session_id: UUID


class SessionCleanupIn(StrictBody):
    """Idle time after which sessions are closed."""

    inactivity_minutes: int = Field(default=30, ge=1, le=525_600, strict=True)
    adminPassword: Any = None  # noqa: N815 spelled so in every operator's body


class QuestionOut(Body):
    """A question as a student sees it."""

    id: str
    content: str
    options: list[Any]
    concepts: list[float]

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
    student_id: str
    initial_proficiency: list[float]
    concept_names: list[str]
    next_question: QuestionOut
    status: Literal["started"] = "started"


class ContinueOut(Body):
    """The answer is recorded; the test goes on with the next question."""

    status: Literal["continue"] = "continue"
    current_proficiency: list[float]
    next_question: QuestionOut
    questions_answered: int


class CompletedOut(Body):
    """The answer is recorded; the test is complete."""

    status: Literal["completed"] = "completed"
    final_proficiency: list[float]
    total_questions: int
    accuracy: float


class Summary(Body):
    """The result of a test; docs/assessment.md defines the last two measures."""

    total_questions: int
    correct_responses: int
    accuracy: float
    initial_proficiency: list[float]
    final_proficiency: list[float]
    proficiency_change: list[float]
    learning_gain: float
    test_efficiency: float


class EndOut(Body):
    """The result of a closed test."""

    final_proficiency: list[float]
    summary: Summary


class StatusOut(Body):
    """The state of a test."""

    status: str
    current_proficiency: list[float]
    questions_answered: int
    is_active: bool


class SessionCleanupOut(Body):
    """Number of sessions closed."""

    sessions_removed: int
    inactivity_threshold_minutes: int


class Difference(Body):
    """A field in which Redis and Postgres differ."""

    field: str
    redis: Any
    database: Any


class RedisSnapshot(Body):
    """A session in Redis."""

    available: bool
    state: dict[str, Any] | None
    """The documented fields; None if there is no snapshot or it is unreadable."""
    bytes: int
    ttl_seconds: int | None


class SessionDebugOut(Body):
    """A session in Redis and in Postgres, side by side."""

    session_id: UUID
    redis: RedisSnapshot
    database: dict[str, Any]
    differences: list[Difference]
    in_sync: bool
    person_fit: float | None
    """l_z of the answers; below about -2 they do not fit one student. None without answers."""


class SyncOut(Body):
    """Result of synchronising Redis with Postgres."""

    session_id: UUID
    synced: bool
    action: str
    """`written`, or `removed` if the session is closed."""


class RedisStats(Body):
    """Numbers of keys by purpose, and memory."""

    active_sessions: int
    active_locks: int
    cached_questions: int
    memory_used_mb: float | None
    """Memory of the whole Redis server; null if the service does not report it."""
    total_keys: int
    question_cache_hits: int
    question_cache_misses: int
    question_cache_hit_ratio: float | None


class RedisStatsOut(Body):
    """Statistics of Redis."""

    redis_stats: RedisStats
