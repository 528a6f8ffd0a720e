"""Bodies of track-student-progress."""

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from lib.web.wire import CamelBody, CamelRequest, CamelSuccessOut, UtcTime, blank_is_none
from lib.workshop.fields import (
    Attempts,
    Completed,
    NoSecret,
    OptionalEmail,
    Redacted,
    Seconds,
    SessionToken,
    ShortText,
    times_in_utc,
)


def _refuse_reserved_name(value: str) -> str:
    if value.lower().startswith("anonymous_"):
        raise PydanticCustomError("reserved", "Names that begin with anonymous_ are reserved")
    return value


EmailOrId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^\x00-\x1f]+$"),
    AfterValidator(_refuse_reserved_name),
    NoSecret,
]
"""An e-mail, or an id that an older page made up; names of anonymous students are reserved."""
ExerciseName = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$"), Redacted
]


class TrackIn(CamelRequest):
    """A report about an exercise. Time and attempts are added to those of earlier reports."""

    unread: ClassVar[frozenset[str]] = frozenset({"totalExercises"})

    session_token: SessionToken
    """Token of the session; the credential of the call."""
    student_email: OptionalEmail = None
    """E-mail of the student."""
    student_id: Annotated[EmailOrId | None, BeforeValidator(blank_is_none)] = None
    """E-mail or id of the student, used if `studentEmail` is left out."""
    student_name: ShortText = None
    """Name of the student."""
    exercise_id: ExerciseName
    """Name of the exercise, such as `step-1`."""
    completed: Completed = False
    """Whether the exercise is completed, as any value that JavaScript counts as true or false; the
    texts `false`, `f`, `no`, `n`, `off`, `0`, `null`, `undefined` and `nan` count as false. A
    completed exercise stays completed."""
    time_spent: Seconds = 0
    """Seconds since the last report."""
    attempts: Attempts = 1
    """Attempts since the last report."""
    repo_created: bool | None = None
    """Whether the student has created a repository."""
    demo_mode: bool | None = None
    """Whether the session runs without real accounts."""

    @property
    def student(self) -> str | None:
        """The student's e-mail, or else the id."""
        return self.student_email or self.student_id


class TrackedStudent(CamelBody):
    """A student's progress: in one session after a report, in one course in a look-up.

    The course is the one in which the student was last active.
    """

    student_id: str
    """E-mail of the student, or the id that an older page made up."""
    student_name: str | None = None
    """Name of the student."""
    exercises: Annotated[dict[str, Any], AfterValidator(times_in_utc)] = Field(default_factory=dict)
    """Progress by name of the exercise."""
    started_at: UtcTime | None = None
    """Time at which the first session began."""
    last_activity: UtcTime | None = None
    """Time of the last report or save."""
    total_time_spent: int = 0
    """Seconds in all reports."""
    completion_rate: float = 0
    """Share of completed steps, 0 to 100."""
    repo_created: bool = False
    """Whether the student has created a repository."""
    demo_mode: bool = False
    """Whether the session runs without real accounts."""


class TrackedOut(CamelSuccessOut):
    """One student."""

    progress: TrackedStudent
    """The student's progress."""


class TrackRecordedOut(TrackedOut):
    """The student after a report."""

    message: str = "Progress tracked successfully"


class TrackedStudentsOut(CamelSuccessOut):
    """Students, the most recently active first."""

    students: list[TrackedStudent]
    """The students."""
    count: int
    """Number of students on all pages."""
    next_cursor: str | None = None
    """Cursor of the next page; null on the last one."""
