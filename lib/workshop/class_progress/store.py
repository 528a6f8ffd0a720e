"""Statements of class-progress."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.database.queries import load_queries
from lib.database.statements import Statement

if TYPE_CHECKING:
    from lib.database.postgres import Postgres

_queries = load_queries("workshop/class_progress.sql")


@dataclass(frozen=True)
class CourseRow:
    """A course with the number of its students."""

    course_id: str
    name: str
    steps: list[dict[str, Any]]
    """Steps in the form of `courses.steps`: number, name, completed_by and others."""
    built_in: bool
    students: int
    as_of: datetime


@dataclass(frozen=True)
class StudentRow:
    """A student and one session; without a session, its values are null, 0, false or empty."""

    student_id: UUID
    student_email: str
    student_name: str | None
    github_username: str | None
    session_token: str | None
    sessions: int
    is_active: bool
    current_step: int
    completion_rate: int
    total_time_spent: int
    started_at: datetime | None
    last_activity: datetime | None
    last_progress_at: datetime | None
    help_asked_at: datetime | None
    bug_reports: int
    flags: list[str]
    """Names of the flags that are true."""
    begun_steps: list[int]
    """Numbers of the steps with a report."""
    passed_steps: list[int]
    """Numbers of the steps that passed validation."""


def load_class(
    postgres: "Postgres",
    course_id: str | None,
    *,
    after: UUID | None,
    since: datetime | None,
    limit: int,
) -> tuple[CourseRow | None, list[StudentRow]]:
    """Return a course, None if it does not exist, and a page of its students."""
    params = {"course_id": course_id, "after": after, "since": since, "limit": limit}
    courses, students = postgres.batch(
        [
            Statement(_queries["class_course"], params, CourseRow),
            Statement(_queries["class_students"], params, StudentRow),
        ],
        read=True,
    )
    return (courses[0] if courses else None), students
