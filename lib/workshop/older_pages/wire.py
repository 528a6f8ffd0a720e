"""Bodies and answers of track-student-progress, as the older pages know them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from lib.web.wire import CamelBody, CamelRequest, blank_is_none
from lib.workshop.fields import Attempts, OptionalEmail, Seconds, SessionToken, ShortText


def _not_ours(value: str) -> str:
    if value.lower().startswith("anonymous_"):
        raise PydanticCustomError("reserved", "Names that begin with anonymous_ are given by us")
    return value


StudentName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254, pattern=r"^[^\x00-\x1f]+$"),
    AfterValidator(_not_ours),
]
"""An e-mail, or an id that an older page made up; never one that we give to anonymous people."""
ExerciseName = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")
]


class TrackIn(CamelRequest):
    """One report about one exercise; it adds to what earlier reports said."""

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
        """Who reports; an e-mail goes before an id."""
        return self.student_email or self.student_id


class TrackedStudent(CamelBody):
    """A student: after a report over its session, looked up over all sessions."""

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
