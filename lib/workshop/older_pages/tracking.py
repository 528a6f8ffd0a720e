"""Progress in the shape of the older pages; before the unified schema exists, from their table."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lib.database.queries import load_queries
from lib.database.statements import Statement
from lib.deps import Deps
from lib.errors import SchemaMissing
from lib.workshop.api_keys import without_keys
from lib.workshop.fields import utc_moment
from lib.workshop.idempotency import Claim
from lib.workshop.older_pages.exercises import only_steps
from lib.workshop.older_pages.lookup import StudentsAsked
from lib.workshop.older_pages.wire import (
    TrackedOut,
    TrackedStudent,
    TrackedStudentsOut,
    TrackIn,
)

LIMIT = 2000
"""Students in one answer, if they fit in it."""
MOST_BYTES = 4_000_000
"""Of students in one answer: Vercel carries 4.5 MB, Lambda 6 MB."""
BYTES_BESIDES = 300
"""Of a student, besides the name, the e-mail and the exercises: field names, times, numbers."""
_queries = load_queries("workshop/tracking.sql")


@dataclass(frozen=True)
class _Tracked:
    student_id: str
    student_name: str | None
    exercises: dict[str, Any]
    started_at: datetime
    last_activity: datetime
    total_time_spent: int
    completion_rate: int
    repo_created: bool
    demo_mode: bool


@dataclass(frozen=True)
class _Legacy:
    o: dict[str, Any]


@dataclass(frozen=True)
class _Count:
    count: int


def record(report: TrackIn, key: str | None, deps: Deps) -> TrackedStudent:
    """Add a report about an exercise to its session; one that is a step counts as that step.

    Raises:
        SessionOfAnotherStudent: If the token's session has a student with another e-mail.
        KeyReused: If the Idempotency-Key came before with another body.
        TooManyExercises: If the session has 200 others.
    """
    claim = Claim.of(key, "track-student-progress", report.session_token, report)
    params = {**report.model_dump(), "student_email": report.student, **asdict(claim)}
    row = deps.postgres.fetch_one(_queries["track_exercise"], params, _Tracked)
    return _student(row) if row else TrackedStudent(student_id=report.student or "")


def of_student(student: str, deps: Deps, *, whole: bool) -> TrackedStudent:
    """One student by e-mail or id; of somebody we do not know, the same with nothing in it.

    Args:
        student: An e-mail, or the student's id.
        deps: Where Postgres is.
        whole: Whether an operator asks; others see steps and percentages only.
    """
    params = {"email": student, "student_id": _uuid(student), "limit": 1}
    try:
        row = deps.postgres.fetch_one(_queries["tracked_student"], params, _Tracked, read=True)
        found = _student(row) if row else None
    except SchemaMissing:
        found = next(iter(_legacy(params, deps)), None)
    if found is None:
        return TrackedStudent(student_id=student)
    if whole:
        return found
    return TrackedStudent(
        student_id=student,
        exercises=only_steps(found.exercises),
        completion_rate=found.completion_rate,
    )


def look_up(asked: StudentsAsked, deps: Deps) -> TrackedOut | TrackedStudentsOut:
    """Answer the older pages' look-up."""
    if asked.student is not None:
        return TrackedOut(progress=of_student(asked.student, deps, whole=asked.by_operator))
    students, count = all_students(deps)
    return TrackedStudentsOut(students=students, count=count)


def all_students(deps: Deps) -> tuple[list[TrackedStudent], int]:
    """The most recently active students, as many as fit, and how many there are in all.

    Returns:
        At most 2,000 students, whose JSON has at most 4 MB, the last active first; their number
        in the database.
    """
    params = {
        "email": None,
        "limit": LIMIT,
        "bytes_besides": BYTES_BESIDES,
        "most_bytes": MOST_BYTES,
    }
    try:
        students, counts = deps.postgres.batch(
            [
                Statement(_queries["tracked_students"], params, _Tracked),
                Statement(_queries["count_students"], None, _Count),
            ],
            read=True,
        )
    except SchemaMissing:
        found = _legacy(params, deps)
        return found, len(found)
    return [_student(row) for row in students], counts[0].count


def _student(row: _Tracked) -> TrackedStudent:
    return TrackedStudent.model_validate(row, from_attributes=True)


def _legacy(params: dict[str, Any], deps: Deps) -> list[TrackedStudent]:
    rows = deps.postgres.fetch_all(_queries["legacy_students"], params, _Legacy, read=True)
    return [_legacy_student(row.o) for row in rows]


def _legacy_student(row: dict[str, Any]) -> TrackedStudent:
    exercises = row.get("exercises")
    try:
        if isinstance(exercises, str):  # JSON inside JSON, as the older driver wrote it
            exercises = json.loads(exercises)
        exercises = without_keys(exercises)
    except (ValueError, RecursionError):
        exercises = None
    return TrackedStudent(
        student_id=without_keys(row.get("student_email")) or "",
        student_name=without_keys(row.get("student_name")),
        exercises=exercises if isinstance(exercises, dict) else {},
        started_at=utc_moment(row.get("started_at") or row.get("created_at")),
        last_activity=utc_moment(row.get("last_activity") or row.get("updated_at")),
        total_time_spent=row.get("total_time_spent") or 0,
        completion_rate=row.get("completion_rate") or 0,
        repo_created=bool(row.get("repo_created")),
        demo_mode=bool(row.get("demo_mode")),
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
