"""Requests and answers of the test endpoints."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from lib.assessment.criteria import EndCriteria

DEFAULT_CONCEPTS = ("Math", "Algebra", "Geometry", "Statistics", "Calculus")
MAX_CONCEPTS = 32
MAX_OPTIONS = 50

# What the examples in the API docs speak of.
SESSION = "5f0c6b8e-3f0d-4b0e-9a52-0d8f6f2f7b11"
POOL = "0b8f2f0e-6f0e-4a53-9a3e-1f7d3a1c5e20"
QUESTION = {
    "id": "q43",
    "content": "What is 7 * 8?",
    "options": ["54", "56", "63"],
    "concepts": [1, 0, 0, 0, 0],
}
BEFORE, AFTER = [0.5] * 5, [0.612345, 0.5, 0.5, 0.5, 0.5]

StudentId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
QuestionId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ConceptName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) != len(names):
        raise ValueError("concept names must differ")
    return names


def example(**fields: Any) -> ConfigDict:
    """Configuration of a model that shows an example in the API docs."""
    return ConfigDict(json_schema_extra={"example": fields})


class Strict(BaseModel):
    """A body in which every field is known."""

    model_config = ConfigDict(extra="forbid")


class StartIn(Strict):
    """Whom to test, on what, and until when."""

    model_config = example(
        student_id="student_123",
        question_pool_id=POOL,
        end_criteria={"type": "precision", "precision_threshold": 0.3},
    )

    student_id: StudentId
    question_pool_id: UUID
    concept_names: Annotated[
        list[ConceptName], Field(min_length=1, max_length=MAX_CONCEPTS), AfterValidator(_distinct)
    ] = Field(default=list(DEFAULT_CONCEPTS), validate_default=True)
    end_criteria: EndCriteria = EndCriteria()


class SubmitIn(Strict):
    """One answer."""

    model_config = example(
        session_id=SESSION, question_id="q42", response=1, student_id="student_123"
    )

    session_id: UUID
    question_id: QuestionId
    response: int = Field(ge=0, lt=MAX_OPTIONS, strict=True)
    """0-based index of the chosen option."""
    student_id: StudentId | None = None


class EndIn(Strict):
    """Which test to end."""

    model_config = example(session_id=SESSION)

    session_id: UUID


class CleanupIn(Strict):
    """How long a session may be idle before it is closed."""

    model_config = example(inactivity_minutes=30)

    inactivity_minutes: int = Field(default=30, ge=1, le=525_600, strict=True)
    adminPassword: Any = None  # noqa: N815 every operator's body names it so


class QuestionOut(BaseModel):
    """A question as a student sees it."""

    id: str
    content: str
    options: list[Any]
    concepts: list[float]

    @classmethod
    def of(cls, question: dict[str, Any]) -> "QuestionOut":
        """From a question as the record shows it: these fields and no other leave the server."""
        return cls(**{name: question[name] for name in cls.model_fields})


class StartOut(BaseModel):
    """A test that has begun, or goes on where it was."""

    model_config = example(
        session_id=SESSION,
        student_id="student_123",
        initial_proficiency=BEFORE,
        concept_names=list(DEFAULT_CONCEPTS),
        next_question=QUESTION,
        status="started",
    )

    session_id: UUID
    student_id: str
    initial_proficiency: list[float]
    concept_names: list[str]
    next_question: QuestionOut
    status: Literal["started"] = "started"


class ContinueOut(BaseModel):
    """The answer is recorded; the next question."""

    model_config = example(
        status="continue", current_proficiency=AFTER, next_question=QUESTION, questions_answered=1
    )

    status: Literal["continue"] = "continue"
    current_proficiency: list[float]
    next_question: QuestionOut
    questions_answered: int


class CompletedOut(BaseModel):
    """The answer is recorded; it was the last."""

    model_config = example(
        status="completed", final_proficiency=AFTER, total_questions=20, accuracy=0.65
    )

    status: Literal["completed"] = "completed"
    final_proficiency: list[float]
    total_questions: int
    accuracy: float


class Summary(BaseModel):
    """What a test found; docs/assessment.md defines the two measures."""

    total_questions: int
    correct_responses: int
    accuracy: float
    initial_proficiency: list[float]
    final_proficiency: list[float]
    proficiency_change: list[float]
    learning_gain: float
    test_efficiency: float


class EndOut(BaseModel):
    """The result of a closed test."""

    model_config = example(
        final_proficiency=AFTER,
        summary={
            "total_questions": 1,
            "correct_responses": 1,
            "accuracy": 1.0,
            "initial_proficiency": BEFORE,
            "final_proficiency": AFTER,
            "proficiency_change": [0.112345, 0, 0, 0, 0],
            "learning_gain": 0.022469,
            "test_efficiency": 0.064,
        },
    )

    final_proficiency: list[float]
    summary: Summary


class StatusOut(BaseModel):
    """Where a test stands."""

    model_config = example(
        status="active", current_proficiency=AFTER, questions_answered=1, is_active=True
    )

    status: str
    current_proficiency: list[float]
    questions_answered: int
    is_active: bool


class CleanupOut(BaseModel):
    """How many sessions were closed."""

    model_config = example(sessions_removed=3, inactivity_threshold_minutes=30)

    sessions_removed: int
    inactivity_threshold_minutes: int
