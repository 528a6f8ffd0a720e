"""What Postgres holds of sessions, and the statements that change it: a round trip each."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.assessment.errors import WrongConceptCount
from lib.assessment.pools.question import Shown
from lib.assessment.sessions.end_criteria import EndCriteria
from lib.database.queries import load_queries
from lib.database.statements import Statement, as_jsonb
from lib.errors import NotFound

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

IDLE_MINUTES = 30
"""After as long without an answer a session takes no more."""

Prior = dict[str, list[float]]
"""Concept -> proficiency, confidence, age in days, of concepts the student was tested in before."""


@dataclass(frozen=True)
class OpenedSession:
    """The session that a start made or found."""

    id: UUID
    pool_version: int
    concept_names: list[str]
    end_criteria: dict[str, Any]
    prior: Prior | None
    initial_proficiency: list[float] | None
    next_question_id: str | None
    """None before the first answer: the question is chosen from all of the above."""
    last_activity: datetime


@dataclass(frozen=True)
class SessionRow:
    """All that the record says about a session; None where an older deployment left no value."""

    id: UUID
    student_id: str
    pool_id: UUID | None
    pool_version: int | None
    status: str
    end_reason: str | None
    is_idle: bool
    concept_names: list[str] | None
    end_criteria: dict[str, Any] | None
    prior: Prior | None
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
class RecordedAnswer:
    """The session after an answer was recorded."""

    total_questions: int
    correct_responses: int
    last_activity: datetime
    next_question: Shown | None
    """If it was asked for."""


@dataclass(frozen=True)
class NewAnswer:
    """An answer to record, and what it does to its session."""

    session_id: UUID
    pool_version: int
    position: int
    """How many answers the session had before."""
    question_id: str
    response: int
    is_correct: bool
    initial: list[float]
    proficiency: list[float]
    confidence: list[float]
    learning_gain: float
    test_efficiency: float
    next_question_id: str | None
    question_to_read: str | None
    """The next question, unless its text is at hand."""
    end_reason: str | None


@dataclass(frozen=True)
class _Closed:
    id: UUID
    closed: str | None


def accuracy(correct: int, total: int) -> float:
    """Share of correct answers, 0 before the first."""
    return round(correct / total, 6) if total else 0.0


def open_session(
    postgres: "Postgres",
    session_id: UUID,
    student_id: str,
    pool_id: UUID,
    concept_names: list[str],
    criteria: EndCriteria,
) -> OpenedSession:
    """Make a session, or find the student's active one in the pool; one round trip.

    Raises:
        NotFound: If there is no such pool.
        WrongConceptCount: If the pool tests another number of concepts.
    """
    where = {"student_id": student_id, "pool_id": pool_id}
    asked = {
        **where,
        "session_id": session_id,
        "concept_names": concept_names,
        "end_criteria": as_jsonb(criteria.model_dump()),
    }
    *_, sessions, pools = postgres.batch(
        [
            Statement(_query("wait_no_longer")),
            Statement(_query("expire_before_start"), {**where, "idle_minutes": IDLE_MINUTES}),
            Statement(_query("open_session"), asked, OpenedSession),
            Statement(_query("concept_count"), {"pool_id": pool_id}),
        ]
    )
    if sessions:
        opened: OpenedSession = sessions[0]
        return opened
    if not pools:
        raise NotFound(what="Question pool")
    raise WrongConceptCount(expected=pools[0][0], given=len(concept_names))


def record_answer(postgres: "Postgres", answer: NewAnswer) -> RecordedAnswer | None:
    """Record an answer; None if the session does not wait for exactly this one (any more)."""
    params = {
        **vars(answer),
        "initial": as_jsonb(answer.initial),
        "proficiency": as_jsonb(answer.proficiency),
        "confidence": as_jsonb(answer.confidence),
        "idle_minutes": IDLE_MINUTES,
    }
    return postgres.fetch_one(_query("record_answer"), params, RecordedAnswer)


def read_session(postgres: "Postgres", session_id: UUID) -> SessionRow | None:
    """A session as recorded."""
    params = {"session_id": session_id, "idle_minutes": IDLE_MINUTES}
    return postgres.fetch_one(_query("read_session"), params, SessionRow, read=True)


def read_with_answers(
    postgres: "Postgres", session_id: UUID
) -> tuple[SessionRow, list[AnswerRow]] | None:
    """A session and its answers in order.

    The session is read first: an answer recorded in between is in the list and not yet in the
    session's total, never the other way round.
    """
    params = {"session_id": session_id, "idle_minutes": IDLE_MINUTES}
    sessions, answers = postgres.batch(
        [
            Statement(_query("read_session"), params, SessionRow),
            Statement(_query("read_answers"), {"session_id": session_id}, AnswerRow),
        ],
        read=True,
    )
    return (sessions[0], answers) if sessions else None


def question_shown(postgres: "Postgres", question_id: str, pool_version: int) -> Shown | None:
    """A question as a version of its pool shows it."""
    params = {"question_id": question_id, "pool_version": pool_version}
    shown: Shown | None = postgres.fetch_value(_query("question_shown"), params, read=True)
    return shown


def end_session(
    postgres: "Postgres", session_id: UUID, initial: list[float] | None = None
) -> SessionRow | None:
    """Close the session if it is active; return it as it is then, None if there is none.

    Args:
        postgres: The record.
        session_id: Which.
        initial: What the student began with, if known; kept if nothing was answered.
    """
    params = {"session_id": session_id, "idle_minutes": IDLE_MINUTES}
    closing = [
        Statement(_query("wait_no_longer")),
        Statement(_query("end_session"), params),
        Statement(_query("read_session"), params, SessionRow),
    ]
    if initial is not None:
        begun = {"session_id": session_id, "initial": as_jsonb(initial)}
        closing.insert(1, Statement(_query("set_initial_proficiency"), begun))
    sessions = postgres.batch(closing)[-1]
    return sessions[0] if sessions else None


def set_initial_proficiency(postgres: "Postgres", session_id: UUID, initial: list[float]) -> None:
    """Keep what the student of a session without answers began with."""
    params = {"session_id": session_id, "initial": as_jsonb(initial)}
    postgres.execute(_query("set_initial_proficiency"), params)


def expire_idle(postgres: "Postgres", idle_minutes: int, limit: int) -> list[UUID]:
    """Close up to `limit` sessions that were idle as long; return their ids."""
    params = {"idle_minutes": idle_minutes, "limit": limit}
    return [row.id for row in postgres.fetch_all(_query("expire_idle"), params, _Closed)]


def _query(name: str) -> Any:
    return load_queries("assessment/sessions.sql")[name]
