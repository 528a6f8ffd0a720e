"""Statements of test sessions; each function takes one round trip."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.assessment.pools.question import Question
from lib.assessment.pools.rules import DEFAULT_CONCEPTS
from lib.assessment.telling import Tells
from lib.database.queries import load_queries
from lib.database.statements import Statement, as_jsonb

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

_queries = load_queries("assessment/sessions.sql")

IDLE_MINUTES = 30
"""Minutes without an answer or a resumption after which a session accepts no more answers."""

StoredPrior = dict[str, list[float]]
"""Concept name -> proficiency, confidence and age in days, of concepts with a proven result."""


@dataclass(frozen=True)
class NewStart:
    """A request to start a session, with the credentials of its caller."""

    session_id: UUID
    """Id of the session, if a new one is created."""
    student_id: str | None
    pool_id: UUID | None
    concept_names: list[str] | None
    """Names of the concepts; None for the pool's."""
    end_criteria: dict[str, Any]
    """Criteria of the ticket or, if it has none, of the request; the pool adds those missing."""
    resumed_id: UUID | None = None
    """Id of a running session that the caller holds."""
    ticket_id: UUID | None = None
    ticket_uses: int | None = None
    """Number of sessions that may be started with the ticket."""
    extra_time: float | None = None
    start_key: str | None = None
    """Hash of the Idempotency-Key."""
    start_body: str | None = None
    """Hash of the body that came with the key."""
    is_operator: bool = False
    open_tests_count: bool = False
    """Whether the session is proven even without a ticket or an operator."""
    needs_ticket: bool = False
    """Whether every pool of the deployment needs tickets."""


@dataclass(frozen=True)
class StartedSession:
    """The session that a start created or resumed, or the reason why there is none."""

    refusal: str | None
    """Reason of a refusal, see `start._refusal`; all fields but `expected` are None then."""
    expected: str | None
    """Fact about the refusal."""
    id: UUID
    student_id: str
    pool_id: UUID
    pool_version: int
    concept_names: list[str]
    end_criteria: dict[str, Any]
    prior: StoredPrior | None
    initial_proficiency: list[float] | None
    next_question_id: str | None
    """None before the first answer; the question then follows from the other fields."""
    last_activity: datetime
    tells: Tells
    asked_before: list[int] | None
    proven: bool
    extra_time: float | None


@dataclass(frozen=True)
class SessionRow:
    """A session as recorded; fields that an older deployment left empty are None."""

    id: UUID
    student_id: str
    pool_id: UUID | None
    pool_version: int | None
    status: str
    end_reason: str | None
    is_idle: bool
    concept_names: list[str] | None
    end_criteria: dict[str, Any] | None
    prior: StoredPrior | None
    initial_proficiency: list[float] | None
    current_proficiency: list[float] | None
    final_proficiency: list[float] | None
    total_questions: int
    correct_responses: int
    learning_gain: float | None
    test_efficiency: float | None
    next_question_id: str | None
    started_at: datetime | None
    completed_at: datetime | None
    last_activity: datetime
    tells: Tells
    asked_before: list[int] | None
    proven: bool
    extra_time: float | None


@dataclass(frozen=True)
class ResumeRow:
    """The question that a session waits for, and the number of questions of its pool."""

    question: dict[str, Any] | None
    """None before the first answer; the question then follows from the session."""
    question_count: int


@dataclass(frozen=True)
class AnswerRow:
    """One recorded answer."""

    id: UUID
    question_id: str
    response: int
    is_correct: bool
    position: int | None
    proficiency_after: list[float] | None
    next_question_id: str | None


@dataclass(frozen=True)
class UpdatedSession:
    """Columns of a session after an answer was recorded."""

    total_questions: int
    correct_responses: int
    last_activity: datetime
    next_question: Question | None
    """The question that `NewAnswer.question_to_read` names."""


@dataclass(frozen=True)
class NewAnswer:
    """An answer to record, and its effect on the session."""

    session_id: UUID
    pool_version: int
    position: int
    """Number of answers before this one."""
    question_id: str
    response: int
    is_correct: bool
    initial_proficiency: list[float]
    proficiency: list[float]
    confidence: list[float]
    learning_gain: float
    test_efficiency: float
    next_question_id: str | None
    question_to_read: str | None
    """Id of the next question if its text must be read; None if it is cached."""
    end_reason: str | None


@dataclass(frozen=True)
class _UpdatedRow:
    total_questions: int
    correct_responses: int
    last_activity: datetime
    next_question: dict[str, Any] | None


@dataclass(frozen=True)
class _ClosedRow:
    id: UUID
    closed: str | None


def accuracy(correct: int, total: int) -> float:
    """Return the share of correct answers; 0 without answers."""
    return round(correct / total, 6) if total else 0.0


def start_session(postgres: "Postgres", new_start: NewStart) -> StartedSession:
    """Create a session or resume a running one; if neither is allowed, return the refusal."""
    params = {
        **vars(new_start),
        "default_names": list(DEFAULT_CONCEPTS),
        "end_criteria": as_jsonb(new_start.end_criteria),
        "idle_minutes": IDLE_MINUTES,
    }
    started = postgres.fetch_one(_queries["start_session"], params, StartedSession)
    assert started is not None  # noqa: S101 the function returns one row
    return started


def record_answer(postgres: "Postgres", answer: NewAnswer) -> UpdatedSession | None:
    """Record an answer; return None unless the session is waiting for exactly this one."""
    params = {
        **vars(answer),
        "initial_proficiency": as_jsonb(answer.initial_proficiency),
        "proficiency": as_jsonb(answer.proficiency),
        "confidence": as_jsonb(answer.confidence),
        "idle_minutes": IDLE_MINUTES,
    }
    row = postgres.fetch_one(_queries["record_answer"], params, _UpdatedRow)
    if row is None:
        return None
    return UpdatedSession(
        total_questions=row.total_questions,
        correct_responses=row.correct_responses,
        last_activity=row.last_activity,
        next_question=None if row.next_question is None else Question(**row.next_question),
    )


def read_session(postgres: "Postgres", session_id: UUID) -> SessionRow | None:
    """Return a session as recorded; None if there is none."""
    params = {"session_id": session_id, "idle_minutes": IDLE_MINUTES}
    return postgres.fetch_one(_queries["read_session"], params, SessionRow, read=True)


def read_to_resume(
    postgres: "Postgres", session_id: UUID
) -> tuple[SessionRow, ResumeRow | None] | None:
    """Return a session and, if it is active, its question; None if the session does not exist."""
    params = {"session_id": session_id, "idle_minutes": IDLE_MINUTES}
    sessions, questions = postgres.batch(
        [
            Statement(_queries["read_session"], params, SessionRow),
            Statement(_queries["resume_question"], {"session_id": session_id}, ResumeRow),
        ],
        read=True,
    )
    return (sessions[0], questions[0] if questions else None) if sessions else None


def reset_session(postgres: "Postgres", session_id: UUID) -> SessionRow | None:
    """Close a session without a result; return its new state, or None if it does not exist."""
    params = {"session_id": session_id, "idle_minutes": IDLE_MINUTES}
    sessions = postgres.batch(
        [
            Statement(_queries["limit_lock_wait"]),
            Statement(_queries["reset_session"], {"session_id": session_id}),
            Statement(_queries["read_session"], params, SessionRow),
        ]
    )[-1]
    return sessions[0] if sessions else None


def read_with_answers(
    postgres: "Postgres", session_id: UUID
) -> tuple[SessionRow, list[AnswerRow]] | None:
    """Return a session and its answers in order; None if the session does not exist."""
    params = {"session_id": session_id, "idle_minutes": IDLE_MINUTES}
    sessions, answers = postgres.batch(
        [
            Statement(_queries["read_session"], params, SessionRow),
            Statement(_queries["read_answers"], {"session_id": session_id}, AnswerRow),
        ],
        read=True,
    )
    return (sessions[0], answers) if sessions else None


def read_question(postgres: "Postgres", question_id: str, pool_version: int) -> Question | None:
    """Return a question as a version of its pool has it; None if that version lacks it."""
    params = {"question_id": question_id, "pool_version": pool_version}
    fields = postgres.fetch_value(_queries["read_question"], params, read=True)
    return None if fields is None else Question(**fields)


def end_session(
    postgres: "Postgres", session_id: UUID, initial_proficiency: list[float] | None = None
) -> SessionRow | None:
    """Close a session if it is active; return its new state, or None if it does not exist.

    Args:
        postgres: The database.
        session_id: Session to close.
        initial_proficiency: Stored if the session has no answers; None if not known.
    """
    params = {"session_id": session_id, "idle_minutes": IDLE_MINUTES}
    statements = [
        Statement(_queries["limit_lock_wait"]),
        Statement(_queries["end_session"], params),
        Statement(_queries["read_session"], params, SessionRow),
    ]
    if initial_proficiency is not None:
        initial = {
            "session_id": session_id,
            "initial_proficiency": as_jsonb(initial_proficiency),
        }
        statements.insert(1, Statement(_queries["set_initial_proficiency"], initial))
    sessions = postgres.batch(statements)[-1]
    return sessions[0] if sessions else None


def set_initial_proficiency(
    postgres: "Postgres", session_id: UUID, initial_proficiency: list[float]
) -> None:
    """Store the initial proficiency of a session without answers."""
    params = {
        "session_id": session_id,
        "initial_proficiency": as_jsonb(initial_proficiency),
    }
    postgres.execute(_queries["set_initial_proficiency"], params)


@dataclass(frozen=True)
class RemovedTests:
    """Number of rows that were removed after their retention time."""

    tests: int = 0
    answers: int = 0
    proficiencies: int = 0
    students: int = 0

    def __add__(self, other: "RemovedTests") -> "RemovedTests":
        """Add two batches."""
        return RemovedTests(
            tests=self.tests + other.tests,
            answers=self.answers + other.answers,
            proficiencies=self.proficiencies + other.proficiencies,
            students=self.students + other.students,
        )


def remove_old_tests(postgres: "Postgres", days: int, limit: int) -> RemovedTests:
    """Remove up to `limit` closed tests without activity for the given number of days.

    Their answers, up to `limit` proficiencies of that age, and students of whom nothing is left are
    removed, too.
    """
    params = {"days": days, "limit": limit}
    (removed,) = postgres.fetch_all(_queries["remove_old_tests"], params, RemovedTests)
    return removed


def expire_idle(postgres: "Postgres", idle_minutes: int, limit: int) -> list[UUID]:
    """Close up to `limit` sessions idle for at least `idle_minutes`; return their ids."""
    params = {"idle_minutes": idle_minutes, "limit": limit}
    return [row.id for row in postgres.fetch_all(_queries["expire_idle"], params, _ClosedRow)]
