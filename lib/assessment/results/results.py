"""What a student has shown over all tests. No numpy here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lib.assessment.results.wire import (
    ConceptProgress,
    HistoryOut,
    ProficiencyOut,
    ProgressData,
    ProgressOut,
    SessionOut,
    TimelinePoint,
)
from lib.database.queries import Query, load_queries
from lib.database.statements import Statement
from lib.deps import Deps
from lib.errors import NotFound

MAX_PAGE = 200
"""Sessions a page, and in a progress report at most."""


@dataclass(frozen=True)
class _Proficiency:
    concept_name: str
    proficiency: float
    confidence: float
    updated_at: datetime | None


@dataclass(frozen=True)
class _Closed:
    session_id: UUID
    concept_names: list[str] | None
    final_proficiency: Any
    accuracy: float | None
    learning_gain: float | None
    total_questions: int
    date: datetime | None


@dataclass(frozen=True)
class _Totals:
    total_sessions: int
    avg_accuracy: float | None


@dataclass(frozen=True)
class Readable:
    """A student, or one session of the student's and nothing else."""

    student_id: str
    only: UUID | None = None
    """The session; None: all of them, and the long-term values."""


def proficiency(student: Readable, deps: Deps) -> ProficiencyOut:
    """Proficiency and confidence in each concept: long-term, or what the one session has shown.

    Raises:
        NotFound: If the student never began a test, or the session is not the student's.
    """
    rows = "proficiencies" if student.only is None else "session_proficiencies"
    (found,) = _of_student(student, deps, {rows: _Proficiency})
    return ProficiencyOut(
        student_id=student.student_id,
        concept_names=[row.concept_name for row in found],
        proficiency=[row.proficiency for row in found],
        confidence=[row.confidence for row in found],
        last_updated=max((row.updated_at for row in found if row.updated_at), default=None),
    )


def history(student: Readable, limit: int, offset: int, deps: Deps) -> HistoryOut:
    """The tests that may be read, newest first.

    Raises:
        NotFound: As `proficiency`.
    """
    (found,) = _of_student(student, deps, {"history": SessionOut}, limit=limit, offset=offset)
    return HistoryOut(student_id=student.student_id, test_sessions=found)


def progress(student: Readable, deps: Deps) -> ProgressOut:
    """How accuracy and proficiency went from test to test, of those that may be read.

    Raises:
        NotFound: As `proficiency`.
    """
    closed, totals = _of_student(
        student, deps, {"closed_sessions": _Closed, "totals": _Totals}, limit=MAX_PAGE
    )
    timeline = [_point(row) for row in closed]
    return ProgressOut(
        student_id=student.student_id,
        progress_data=ProgressData(
            progress_timeline=timeline,
            concept_progress=_by_concept(timeline),
            total_sessions=totals[0].total_sessions,
            avg_accuracy=round(totals[0].avg_accuracy or 0.0, 6),
        ),
    )


def _of_student(
    student: Readable, deps: Deps, asked: dict[str, type[Any]], **more: int
) -> list[list[Any]]:
    """Rows of each named query, in one round trip."""
    params = {"student_id": student.student_id, "only": student.only, **more}
    exists, *found = deps.postgres.batch(
        [
            Statement(_query("exists"), params),
            *(Statement(_query(name), params, row) for name, row in asked.items()),
        ],
        read=True,
    )
    if not exists[0][0]:
        raise NotFound(what="Student")
    return found


def _point(row: _Closed) -> TimelinePoint:
    named = isinstance(row.final_proficiency, list) and row.concept_names is not None
    pairs = zip(row.concept_names or [], row.final_proficiency, strict=False) if named else ()
    return TimelinePoint(
        session_id=row.session_id,
        date=row.date,
        accuracy=row.accuracy,
        learning_gain=row.learning_gain,
        total_questions=row.total_questions,
        proficiency=dict(pairs),
    )


def _by_concept(timeline: list[TimelinePoint]) -> dict[str, ConceptProgress]:
    values: dict[str, list[float]] = {}
    for point in timeline:
        for concept, value in point.proficiency.items():
            values.setdefault(concept, []).append(value)
    return {
        concept: ConceptProgress(
            first=found[0], latest=found[-1], change=round(found[-1] - found[0], 6), history=found
        )
        for concept, found in values.items()
    }


def _query(name: str) -> Query:
    return load_queries("assessment/results.sql")[name]
