"""Bodies of track-student-progress."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from lib.web.wire import CamelBody, CamelRequest, blank_is_none
from lib.workshop.fields import Attempts, OptionalEmail, Seconds, SessionToken, ShortText


def _refuse_reserved_name(value: str) -> str:
    if value.lower().startswith("anonymous_"):
        raise PydanticCustomError("reserved", "Names that begin with anonymous_ are reserved")
    return value


StudentName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^\x00-\x1f]+$"),
    AfterValidator(_refuse_reserved_name),
]
"""An e-mail, or an id that an older page made up; names of anonymous students are reserved."""
ExerciseName = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")
]


class TrackIn(CamelRequest):
    """A report about an exercise. Time and attempts are added to those of earlier reports."""

    session_token: SessionToken
    student_email: OptionalEmail = None
    student_id: Annotated[StudentName | None, BeforeValidator(blank_is_none)] = None
    student_name: ShortText = None
    exercise_id: ExerciseName
    completed: bool = False
    time_spent: Seconds = 0
    attempts: Attempts = 1
    repo_created: bool | None = None
    demo_mode: bool | None = None

    @property
    def student(self) -> str | None:
        """The student's e-mail, or else the id."""
        return self.student_email or self.student_id


class TrackedStudent(CamelBody):
    """A student's progress: in one session after a report, in all sessions in a look-up."""

    student_id: str
    student_name: str | None = None
    exercises: dict[str, Any] = Field(default_factory=dict)
    started_at: datetime | None = None
    last_activity: datetime | None = None
    total_time_spent: int = 0
    completion_rate: Annotated[float, Field(description="0 to 100.")] = 0
    repo_created: bool = False
    demo_mode: bool = False


class TrackedOut(CamelBody):
    """One student."""

    success: Literal[True] = True
    progress: TrackedStudent


class TrackRecordedOut(TrackedOut):
    """The student after a report."""

    message: str = "Progress tracked successfully"


class TrackedStudentsOut(CamelBody):
    """Students, the most recently active first."""

    success: Literal[True] = True
    students: list[TrackedStudent]
    count: int
