"""Bodies of class-progress."""

from enum import StrEnum
from uuid import UUID

from lib.web.wire import CamelBody, CamelSuccessOut, UtcTime


class StepState(StrEnum):
    """A student's progress in a step, as one letter."""

    NOT_BEGUN = "."
    BEGUN = "b"
    VALIDATED = "v"
    COMMITTED = "c"
    DEPLOYED = "d"
    """Completed, with a deployment."""
    DONE = "y"
    """Completed, without a deployment."""


class ClassStep(CamelBody):
    """A step of the course."""

    step_number: int
    """Number of the step, from 1."""
    step_name: str
    """Name of the step."""


class ClassStudent(CamelBody):
    """A student of the course, with the furthest session; an open one takes precedence."""

    student_id: UUID
    """Id of the student."""
    student_email: str | None
    """E-mail of the student; null for somebody without one."""
    student_name: str | None
    """Name of the student."""
    github_username: str | None
    """Name of the student on GitHub."""
    session_token: str | None
    """Token of the session; null if the student has none."""
    sessions: int
    """Number of the student's sessions of this course."""
    is_active: bool
    """Whether the session is open."""
    steps: str
    """One letter for each step, in order: `.` not begun, `b` begun, `v` validated, `c` committed,
    `d` deployed, `y` done; the last two are completed."""
    current_step: int
    """Furthest step that was reached; 0 if none."""
    completion_rate: int
    """Share of completed steps, 0 to 100."""
    total_time_spent: int
    """Seconds in all reports."""
    started_at: UtcTime | None
    """Time at which the session began."""
    last_activity: UtcTime | None
    """Time of the last report or save."""
    last_progress_at: UtcTime | None
    """Time at which a step or a flag was last reached; `lastActivity` if that is not known."""
    help_asked_at: UtcTime | None
    """Time since which the student has been waiting for help; null if not waiting."""
    bug_reports: int
    """Number of bug reports in the session."""


class ClassOut(CamelSuccessOut):
    """A page of a course's students, by id."""

    course_id: str
    """Id of the course."""
    course_name: str
    """Name of the course."""
    steps: list[ClassStep]
    """The steps of the course."""
    students: list[ClassStudent]
    """The students of this page."""
    total_students: int
    """Number of students on all pages, changed or not."""
    as_of: UtcTime
    """Time of these figures. Sent as `since`, it limits a later response to students who changed
    from then on."""
    next_cursor: str | None
    """Cursor of the next page; null on the last one."""
