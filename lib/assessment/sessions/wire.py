"""Requests and answers of the test endpoints."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from lib.assessment.pools.question import MAX_CONCEPTS, MAX_OPTIONS, QuestionId
from lib.assessment.sessions.end_criteria import EndCriteria
from lib.web.wire import Body, StrictBody

DEFAULT_CONCEPTS = ("Math", "Algebra", "Geometry", "Statistics", "Calculus")

StudentId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
ConceptName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) != len(names):
        raise ValueError("concept names must differ")
    return names


class StartIn(StrictBody):
    """Whom to test, on what, and until when."""

    student_id: StudentId
    question_pool_id: UUID
    concept_names: Annotated[
        list[ConceptName], Field(min_length=1, max_length=MAX_CONCEPTS), AfterValidator(_distinct)
    ] = Field(default=list(DEFAULT_CONCEPTS), validate_default=True)
    end_criteria: EndCriteria = EndCriteria()


class SubmitIn(StrictBody):
    """One answer."""

    session_id: UUID
    question_id: QuestionId
    response: int = Field(
        ge=0, lt=MAX_OPTIONS, strict=True, description="0-based index of the chosen option."
    )
    student_id: StudentId | None = None


class EndIn(StrictBody):
    """Which test to end."""

    session_id: UUID


class CleanupIn(StrictBody):
    """How long a session may be idle before it is closed."""

    inactivity_minutes: int = Field(default=30, ge=1, le=525_600, strict=True)
    adminPassword: Any = None  # noqa: N815 every operator's body names it so


class QuestionOut(Body):
    """A question as a student sees it."""

    id: str
    content: str
    options: list[Any]
    concepts: list[float]

    @classmethod
    def of(cls, question: dict[str, Any]) -> "QuestionOut":
        """From a question as the record shows it: these fields and no other leave the server."""
        return cls(**{name: question[name] for name in cls.model_fields})


class StartOut(Body):
    """A test that has begun, or goes on where it was."""

    session_id: UUID
    student_id: str
    initial_proficiency: list[float]
    concept_names: list[str]
    next_question: QuestionOut
    status: Literal["started"] = "started"


class ContinueOut(Body):
    """The answer is recorded; the next question."""

    status: Literal["continue"] = "continue"
    current_proficiency: list[float]
    next_question: QuestionOut
    questions_answered: int


class CompletedOut(Body):
    """The answer is recorded; it was the last."""

    status: Literal["completed"] = "completed"
    final_proficiency: list[float]
    total_questions: int
    accuracy: float


class Summary(Body):
    """What a test found; docs/assessment.md defines the two measures."""

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
    """Where a test stands."""

    status: str
    current_proficiency: list[float]
    questions_answered: int
    is_active: bool


class CleanupOut(Body):
    """How many sessions were closed."""

    sessions_removed: int
    inactivity_threshold_minutes: int


class Difference(Body):
    """A field in which the two halves disagree."""

    field: str
    redis: Any
    database: Any


class RedisHalf(Body):
    """What Redis holds of a session."""

    available: bool
    state: dict[str, Any] | None
    """The documented fields; None if there is no value, or none that this version wrote."""
    bytes: int
    ttl_seconds: int | None


class SessionDebugOut(Body):
    """A session's two halves side by side."""

    session_id: UUID
    redis: RedisHalf
    database: dict[str, Any]
    differences: list[Difference]
    in_sync: bool
    person_fit: float | None
    """l_z of the answers: below -2, say, they hardly fit one student; None without answers."""


class SyncOut(Body):
    """What was done to Redis."""

    session_id: UUID
    synced: bool
    action: str
    """written, or removed (the session is closed)."""


class RedisStats(Body):
    """Keys by what they are for, and memory."""

    active_sessions: int
    active_locks: int
    cached_questions: int
    memory_used_mb: float | None
    """Of the whole Redis; null where the service does not tell."""
    total_keys: int
    question_cache_hits: int
    question_cache_misses: int
    question_cache_hit_ratio: float | None


class RedisStatsOut(Body):
    """The counters."""

    redis_stats: RedisStats
