"""The students of a course and how far they are in each step."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from lib.deps import Deps
from lib.framework import Query
from lib.web import cursor
from lib.web.cursor import Cursor
from lib.web.response_size import within
from lib.workshop.class_progress import store
from lib.workshop.class_progress.wire import ClassOut, ClassStep, ClassStudent, StepState
from lib.workshop.errors import CourseNotFound

MAX_PAGE_SIZE = 2000
MAX_BYTES = 3_900_000
"""Maximum size of the students in a response, bytes; all other fields take less than 0.1 MB."""
PageSize = Annotated[
    int, Query(ge=1, le=MAX_PAGE_SIZE, description="Maximum number of students on the page.")
]
PageCursor = Annotated[Cursor, Query(description="`nextCursor` of the previous page.")]
Since = Annotated[
    datetime | None,
    Query(description="`asOf` of an earlier response: only students who changed since then."),
]


def class_progress(
    deps: Deps,
    *,
    course_id: str | None,
    limit: int,
    after: str | None,
    since: datetime | None,
) -> ClassOut:
    """Return a page of a course's students, each with the session in which they got furthest.

    An open session takes precedence over a closed one.

    Raises:
        CourseNotFound: If the course does not exist.
        InvalidCursor: If the cursor is not the nextCursor of a page.
    """
    last = None if after is None else cursor.read(after, UUID)[0]
    course, rows = store.load_class(deps.postgres, course_id, after=last, since=since, limit=limit)
    if course is None:
        raise CourseNotFound
    students = list(within((_student(row, course.steps) for row in rows), MAX_BYTES))
    is_last = len(students) == len(rows) < limit
    return ClassOut(
        course_id=course.course_id,
        course_name=course.name,
        steps=[
            ClassStep(step_number=step["number"], step_name=step["name"]) for step in course.steps
        ],
        students=students,
        total_students=course.students,
        as_of=course.as_of,
        next_cursor=None if is_last or not students else cursor.write(students[-1].student_id),
    )


def step_states(
    steps: Iterable[dict[str, Any]],
    *,
    flags: set[str],
    begun_steps: set[int],
    passed_steps: set[int],
    current_step: int,
) -> str:
    """Return one letter of `StepState` for each step of a course, in order.

    Args:
        steps: As in `courses.steps`, with `number` and `completed_by`.
        flags: Names of the session's true flags.
        begun_steps: Numbers of the steps with a report.
        passed_steps: Numbers of the steps that passed validation.
        current_step: Furthest step that was reached.
    """
    all_begun_steps = begun_steps | {current_step}
    return "".join(
        _state(step["number"], set(step["completed_by"]), flags, all_begun_steps, passed_steps)
        for step in steps
    )


def _state(
    number: int,
    completed_by: set[str],
    flags: set[str],
    begun_steps: set[int],
    passed_steps: set[int],
) -> StepState:
    if number in passed_steps or (completed_by and completed_by <= flags):
        return StepState.DEPLOYED if f"step{number}_deployed" in flags else StepState.DONE
    if f"step{number}_committed" in flags:
        return StepState.COMMITTED
    if f"step{number}_code_validated" in flags:
        return StepState.VALIDATED
    return StepState.BEGUN if number in begun_steps or completed_by & flags else StepState.NOT_BEGUN


def _student(row: store.StudentRow, steps: list[dict[str, Any]]) -> ClassStudent:
    return ClassStudent(
        student_id=row.student_id,
        student_email=row.student_email if "@" in row.student_email else None,
        student_name=row.student_name,
        github_username=row.github_username,
        session_token=row.session_token,
        sessions=row.sessions,
        is_active=row.is_active,
        steps=step_states(
            steps,
            flags=set(row.flags),
            begun_steps=set(row.begun_steps),
            passed_steps=set(row.passed_steps),
            current_step=row.current_step,
        ),
        current_step=row.current_step,
        completion_rate=row.completion_rate,
        total_time_spent=row.total_time_spent,
        started_at=row.started_at,
        last_activity=row.last_activity,
        last_progress_at=row.last_progress_at,
        help_asked_at=row.help_asked_at,
        bug_reports=row.bug_reports,
    )
