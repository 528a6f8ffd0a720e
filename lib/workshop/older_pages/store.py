"""Queries of the endpoints for the older pages."""

import re
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.database.queries import load_queries
from lib.database.statements import Statement
from lib.workshop.emails import normalized_email
from lib.workshop.idempotency import IdempotencyClaim
from lib.workshop.older_pages.wire import TrackIn

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

_queries = load_queries("workshop/older_pages.sql")
MAX_STUDENTS = 2000
"""Maximum number of students in one response."""
MAX_STUDENTS_BYTES = 4_000_000
"""Maximum size of the students in one response; Vercel's limit is 4.5 MB, Lambda's 6 MB."""
FIXED_STUDENT_BYTES = 300
"""Maximum size of a student in the response without name, e-mail and exercises."""


@dataclass(frozen=True)
class TrackedStudentRow:
    """A student's progress in one session, or in the course of the student's last activity."""

    student_id: str
    student_name: str | None
    exercises: dict[str, Any]
    completed_steps: dict[str, bool]
    """Whether each step that was begun is complete, by a name such as `step-1`."""
    started_at: datetime
    last_activity: datetime
    total_time_spent: int
    completion_rate: int
    repo_created: bool
    demo_mode: bool


@dataclass(frozen=True)
class ListedStudentRow(TrackedStudentRow):
    """A student's progress in the course of the last activity, in a list of students."""

    page_rows: int
    """Number of students of the page before it was cut to size."""


@dataclass(frozen=True)
class StudentPosition:
    """The last student of the previous page; without values, the beginning of the list."""

    last_activity: datetime | None = None
    student_id: str | None = None


@dataclass(frozen=True)
class LegacyStudentRow:
    """A row of workshop_students, as JSON values; a missing column is None."""

    student_email: Any
    student_name: Any
    exercises: Any
    started_at: Any
    created_at: Any
    last_activity: Any
    updated_at: Any
    total_time_spent: Any
    completion_rate: Any
    repo_created: Any
    demo_mode: Any


@dataclass(frozen=True)
class _Spelling:
    student: str


@dataclass(frozen=True)
class _Count:
    count: int


def track_exercise(
    postgres: "Postgres", report: TrackIn, claim: IdempotencyClaim
) -> TrackedStudentRow | None:
    """Add a report about an exercise; return the student's progress in this session.

    None means that the report was repeated after its session had been removed.
    """
    params = {
        **report.model_dump(),
        "student_email": report.student,
        "completed": report.completed is not False,
        "max_bytes": MAX_STUDENTS_BYTES,
        **asdict(claim),
    }
    return postgres.fetch_one(_queries["track_exercise"], params, TrackedStudentRow)


def load_student(postgres: "Postgres", student: str) -> TrackedStudentRow | None:
    """Return a student's progress in one course, by e-mail or id; None for an unknown student.

    The course is the one in which the student was last active.

    Raises:
        SchemaMissing: If the unified schema does not exist.
    """
    params = {
        "student": student,
        "student_id": _parse_uuid(student),
        "max_bytes": MAX_STUDENTS_BYTES,
    }
    return postgres.fetch_one(_queries["tracked_student"], params, TrackedStudentRow, read=True)


def load_all_students(
    postgres: "Postgres", after: StudentPosition, limit: int
) -> tuple[list[ListedStudentRow], int]:
    """Return a page of students, the most recently active first, and the total number.

    Raises:
        SchemaMissing: If the unified schema does not exist.
    """
    limits = {
        "limit": limit,
        "after_activity": after.last_activity,
        "after_student": after.student_id,
        "fixed_bytes": FIXED_STUDENT_BYTES,
        "max_bytes": MAX_STUDENTS_BYTES,
    }
    students, counts = postgres.batch(
        [
            Statement(_queries["tracked_students"], limits, ListedStudentRow),
            Statement(_queries["count_students"], None, _Count),
        ],
        read=True,
    )
    return students, counts[0].count


def load_legacy_students(
    postgres: "Postgres", student: str | None, limit: int
) -> list[LegacyStudentRow]:
    """Return rows of workshop_students, most recently active first: those of one e-mail, or all.

    Raises:
        SchemaMissing: If the table does not exist.
    """
    params = {
        "spellings": None if student is None else _legacy_spellings(postgres, student),
        "columns": [field.name for field in fields(LegacyStudentRow)],
        "limit": limit,
        "max_bytes": MAX_STUDENTS_BYTES,
    }
    return postgres.fetch_all(_queries["legacy_students"], params, LegacyStudentRow, read=True)


def _legacy_spellings(postgres: "Postgres", student: str) -> list[str]:
    """Return the e-mails of workshop_students that equal this one after normalization.

    Without the unified schema, the database cannot normalize e-mails; it only leaves out those that
    cannot match.
    """
    email = normalized_email(student)
    letters = re.sub("[^a-z0-9@]", "", email) if email.isascii() else ""
    rows = postgres.fetch_all(
        _queries["legacy_spellings"], {"letters": letters}, _Spelling, read=True
    )
    return [row.student for row in rows if normalized_email(row.student) == email]


def _parse_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
