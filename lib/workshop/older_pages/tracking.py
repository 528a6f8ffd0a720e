"""Progress for the older pages; read from workshop_students while the unified schema is missing."""

import json
from datetime import datetime
from typing import Any

from lib.deps import Deps
from lib.errors import SchemaMissing
from lib.text.redaction import redact
from lib.web import cursor
from lib.workshop.fields import parse_timestamp
from lib.workshop.idempotency import IdempotencyClaim
from lib.workshop.older_pages import store
from lib.workshop.older_pages.exercises import share_view
from lib.workshop.older_pages.lookup import StudentLookup
from lib.workshop.older_pages.wire import (
    TrackedOut,
    TrackedStudent,
    TrackedStudentsOut,
    TrackIn,
)
from lib.workshop.progress.tokens import refuse_short_token


def record(report: TrackIn, key: str | None, deps: Deps) -> TrackedStudent:
    """Add a report about an exercise to its session; if it is a step, to that step too.

    Raises:
        SessionOfAnotherStudent: If the session has a student with another e-mail.
        TokenReplaced: If the token was replaced by another one.
        TokenTooShort: In a deployment, if the report would begin a session under a short token.
        TooManySessions: If the e-mail has the maximum number of new sessions in the last hour.
        IdempotencyKeyReused: If the Idempotency-Key was sent with another body before.
        TooManyExercises: If the session already has the maximum number of exercises.
    """
    refuse_short_token(report.session_token, deps)
    claim = IdempotencyClaim.from_request(
        key, "track-student-progress", report.session_token, report
    )
    row = store.track_exercise(deps.postgres, report, claim)
    return _from_row(row) if row else TrackedStudent(student_id=report.student or "")


def look_up(lookup: StudentLookup, deps: Deps) -> TrackedOut | TrackedStudentsOut:
    """Return one student, or a page of all students.

    Raises:
        InvalidCursor: If the cursor is not the nextCursor of a page.
    """
    if lookup.student is None:
        return _all_students(lookup, deps)
    student, shared_exercises = _find_student(lookup.student, deps)
    if lookup.holds_password:
        return TrackedOut(progress=student)
    shared_student = TrackedStudent(
        student_id=lookup.student,
        exercises=shared_exercises,
        completion_rate=student.completion_rate,
    )
    return TrackedOut(progress=shared_student)


def _find_student(student: str, deps: Deps) -> tuple[TrackedStudent, dict[str, Any]]:
    """Return a student, and the exercises of the share view; an unknown student has none."""
    unknown = TrackedStudent(student_id=student)
    try:
        row = store.load_student(deps.postgres, student)
    except SchemaMissing:
        legacy_rows = store.load_legacy_students(deps.postgres, student, limit=1)
        legacy = _from_legacy_row(legacy_rows[0]) if legacy_rows else unknown
        return legacy, share_view(legacy.exercises)
    if row is None:
        return unknown, {}
    return _from_row(row), {
        name: {"completed": completed} for name, completed in row.completed_steps.items()
    }


def _all_students(lookup: StudentLookup, deps: Deps) -> TrackedStudentsOut:
    """Return a page of at most `limit` students and 4 MB of JSON.

    While the unified schema does not exist, the only page has the students who were active last: at
    most MAX_STUDENTS, whatever `limit` is.
    """
    after = store.StudentPosition()
    if lookup.cursor is not None:
        after = store.StudentPosition(*cursor.read(lookup.cursor, datetime.fromisoformat, str))
    try:
        rows, count = store.load_all_students(deps.postgres, after, lookup.limit)
    except SchemaMissing:
        legacy_rows = store.load_legacy_students(deps.postgres, None, limit=store.MAX_STUDENTS)
        students = [_from_legacy_row(row) for row in legacy_rows]
        return TrackedStudentsOut(students=students, count=len(students))
    complete = len(rows) < lookup.limit and (not rows or len(rows) == rows[0].page_rows)
    return TrackedStudentsOut(
        students=[_from_row(row) for row in rows],
        count=count,
        next_cursor=None if complete else cursor.write(rows[-1].last_activity, rows[-1].student_id),
    )


def _from_row(row: store.TrackedStudentRow) -> TrackedStudent:
    return TrackedStudent.model_validate(row, from_attributes=True)


def _from_legacy_row(row: store.LegacyStudentRow) -> TrackedStudent:
    return TrackedStudent(
        student_id=redact(row.student_email) or "",
        student_name=redact(row.student_name),
        exercises=_legacy_exercises(row.exercises),
        started_at=parse_timestamp(row.started_at or row.created_at),
        last_activity=parse_timestamp(row.last_activity or row.updated_at),
        total_time_spent=row.total_time_spent or 0,
        completion_rate=row.completion_rate or 0,
        repo_created=bool(row.repo_created),
        demo_mode=bool(row.demo_mode),
    )


def _legacy_exercises(value: Any) -> dict[str, Any]:
    """Return an exercises column without API keys; empty if it does not hold an object."""
    try:
        # The old driver stored the object as JSON text within the JSON.
        exercises = json.loads(value) if isinstance(value, str) else value
        exercises = redact(exercises)
    except (ValueError, RecursionError):
        return {}
    return exercises if isinstance(exercises, dict) else {}
