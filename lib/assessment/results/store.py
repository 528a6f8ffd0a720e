"""Queries for the results of a student or of a pool's tests, each function in one round trip."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.assessment.telling import Tells
from lib.database.queries import load_queries
from lib.database.statements import Statement
from lib.errors import StudentNotFound

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

_queries = load_queries("assessment/results.sql")


@dataclass(frozen=True)
class ReadScope:
    """The results that a caller may read: a student's, or those of one session only."""

    student_id: str
    session_id: UUID | None = None
    """The one session to read; None for all sessions and the long-term values."""


@dataclass(frozen=True)
class ProficiencyRow:
    """Proficiency in one concept."""

    concept_name: str
    proficiency: float
    confidence: float
    updated_at: datetime | None
    proven: bool
    tells: Tells


@dataclass(frozen=True)
class SessionRow:
    """One test; fields that an older deployment left empty are None."""

    session_id: UUID
    question_pool_id: UUID | None
    status: str
    end_reason: str | None
    concept_names: list[str] | None
    initial_proficiency: Any
    final_proficiency: Any
    total_questions: int
    correct_responses: int
    accuracy: float | None
    learning_gain: float | None
    test_efficiency: float | None
    started_at: datetime | None
    completed_at: datetime | None
    last_activity: datetime | None
    proven: bool
    tells: Tells
    """Whether proficiency is disclosed after each answer, or rounded at the end."""
    is_told: bool
    """Whether the student may know the result."""


@dataclass(frozen=True)
class HistoryPosition:
    """The last test of the previous page; without values, the beginning of the list."""

    started_at: datetime | None = None
    session_id: UUID | None = None


@dataclass(frozen=True)
class ClosedSessionRow:
    """One closed test with answers that was not reset."""

    session_id: UUID
    concept_names: list[str] | None
    final_proficiency: Any
    accuracy: float | None
    learning_gain: float | None
    total_questions: int
    date: datetime | None
    proven: bool
    tells: Tells


@dataclass(frozen=True)
class TotalsRow:
    """Number and mean accuracy of the closed tests with answers that were not reset."""

    total_sessions: int
    avg_accuracy: float | None


@dataclass(frozen=True)
class ResultsPoolRow:
    """A pool's rules and its number of concepts."""

    rules: dict[str, Any]
    concept_count: int


@dataclass(frozen=True)
class ResultRow:
    """One test on a pool; fields that an older deployment left empty are None."""

    session_id: UUID
    student_id: str
    pool_version: int | None
    status: str
    end_reason: str | None
    concept_names: list[str] | None
    final_proficiency: Any
    total_questions: int
    correct_responses: int
    accuracy: float | None
    started_at: datetime | None
    completed_at: datetime | None
    last_activity: datetime | None
    proven: bool
    admitted: bool


def read_pool_results(
    postgres: "Postgres", pool_id: UUID, after: HistoryPosition, limit: int
) -> tuple[ResultsPoolRow, list[ResultRow]] | None:
    """Return a page of a pool's tests, newest first; None if the pool does not exist."""
    params = {
        "pool_id": pool_id,
        "after_time": after.started_at,
        "after_id": after.session_id,
        "limit": limit,
    }
    pools, rows = postgres.batch(
        [
            Statement(_queries["results_pool"], {"pool_id": pool_id}, ResultsPoolRow),
            Statement(_queries["pool_results"], params, ResultRow),
        ],
        read=True,
    )
    return (pools[0], rows) if pools else None


def read_proficiencies(postgres: "Postgres", scope: ReadScope) -> list[ProficiencyRow]:
    """Return proficiency by concept: long-term, or in the scope's session.

    Raises:
        StudentNotFound: If the student never started a test, or the session is not the student's.
    """
    query = "long_term_proficiencies" if scope.session_id is None else "session_proficiencies"
    (rows,) = _read(postgres, scope, {query: ProficiencyRow})
    return rows


def read_history(
    postgres: "Postgres", scope: ReadScope, after: HistoryPosition, limit: int
) -> list[SessionRow]:
    """Return the page of tests, newest first, that begins after a position.

    Raises:
        StudentNotFound: If the student never started a test, or the session is not the student's.
    """
    page = {"after_time": after.started_at, "after_id": after.session_id, "limit": limit}
    (rows,) = _read(postgres, scope, {"history": SessionRow}, **page)
    return rows


def read_closed_sessions(
    postgres: "Postgres", scope: ReadScope, limit: int
) -> tuple[list[ClosedSessionRow], TotalsRow]:
    """Return the most recent closed tests, oldest first, and the totals over all closed tests.

    Only tests with answers that were not reset count.

    Raises:
        StudentNotFound: If the student never started a test, or the session is not the student's.
    """
    queries = {"closed_sessions": ClosedSessionRow, "totals": TotalsRow}
    sessions, totals = _read(postgres, scope, queries, limit=limit)
    return sessions, totals[0]


def _read(
    postgres: "Postgres", scope: ReadScope, queries: dict[str, type[Any]], **page: Any
) -> list[list[Any]]:
    """Return the rows of each named query."""
    params = {"student_id": scope.student_id, "session_id": scope.session_id, **page}
    exists, *rows = postgres.batch(
        [
            Statement(_queries["exists"], params),
            *(Statement(_queries[name], params, row) for name, row in queries.items()),
        ],
        read=True,
    )
    if not exists[0][0]:
        raise StudentNotFound
    return rows
