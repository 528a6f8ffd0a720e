"""Export of a course's students and steps as a file for a spreadsheet."""

from typing import Annotated

from lib.deps import Deps
from lib.framework import Query
from lib.web import csv_body
from lib.web.wire import utc_text
from lib.workshop.class_progress.class_progress import class_progress
from lib.workshop.class_progress.wire import ClassOut, ClassStudent, StepState

FIRST_COLUMNS = ("email", "name", "github", "status")
LAST_COLUMNS = ("completion_rate", "seconds", "last_activity")
STATE_TEXTS = {
    StepState.NOT_BEGUN: "",
    StepState.BEGUN: "begun",
    StepState.VALIDATED: "validated",
    StepState.COMMITTED: "committed",
    StepState.DEPLOYED: "completed",
    StepState.DONE: "completed",
}
COMPLETE = 100
"""Completion rate of a student who has completed every step, percent."""
Limit = Annotated[int, Query(ge=1, le=2000, description="Maximum number of students in the file.")]


def export(
    deps: Deps, *, course_id: str | None, limit: int, after: str | None
) -> tuple[bytes, str | None]:
    """Return a page of a course's students as CSV, and the cursor of the next page.

    Raises:
        CourseNotFound: If the course does not exist.
        InvalidCursor: If the cursor is not that of a page.
    """
    page = class_progress(deps, course_id=course_id, limit=limit, after=after, since=None)
    return csv_body.write(_header(page), map(_row, page.students)), page.next_cursor


def _header(page: ClassOut) -> list[str]:
    steps = (f"{step.step_number} {step.step_name}" for step in page.steps)
    return [*FIRST_COLUMNS, *steps, *LAST_COLUMNS]


def _row(student: ClassStudent) -> list[object]:
    return [
        student.student_email,
        student.student_name,
        student.github_username,
        _status(student),
        *(STATE_TEXTS[StepState(letter)] for letter in student.steps),
        student.completion_rate,
        student.total_time_spent,
        utc_text(student.last_activity) if student.last_activity else None,
    ]


def _status(student: ClassStudent) -> str:
    if student.completion_rate >= COMPLETE:
        return "completed"
    begun = student.steps.strip(StepState.NOT_BEGUN)
    return "begun" if begun else "not started"
