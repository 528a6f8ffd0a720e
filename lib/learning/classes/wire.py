"""Bodies of classes and marks."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from lib.learning.accounts.wire import Grade
from lib.learning.days import Day
from lib.learning.ids import SentId
from lib.learning.names import name_of
from lib.web.wire import Body, StrictBody, SuccessOut

ClassName = Annotated[str, name_of(200)]


class ClassIn(StrictBody):
    """A new class of the caller."""

    name: ClassName
    """Name of the class."""
    grade: Grade
    """School year, 1 to 12."""


class ClassChangeIn(StrictBody):
    """Changes to a class; a field that is left out keeps its value."""

    name: ClassName | None = None
    """Name of the class."""
    grade: Grade | None = None
    """School year, 1 to 12."""
    open_to_join: bool | None = None
    """true for a new join code, in place of the present one; false to close the class."""


class JoinIn(StrictBody):
    """A student's request to join a class."""

    code: Annotated[str, Field(min_length=4, max_length=20)]
    """Join code of the class; case and blanks do not matter."""


class MoveIn(StrictBody):
    """A move of students into another class."""

    student_ids: Annotated[list[SentId], Field(min_length=1, max_length=1_000)]
    """Students of the class."""
    to_class_id: SentId | None = None
    """Class to move them to, one that the caller teaches, or any for an admin; null to take them
    out."""


class TaughtClassOut(Body):
    """A class."""

    id: UUID
    """Id of the class."""
    name: str
    """Name of the class."""
    grade: int
    """School year, 1 to 12."""
    join_code: str | None
    """Code with which students join; null while the class is closed, and for students."""
    student_count: int
    """Number of students."""


class JoinedClassOut(SuccessOut):
    """The class that a student has joined, as a list of one."""

    classes: list[TaughtClassOut]
    """The classes."""
    count: int
    """Number of classes in this response."""


class ClassesOut(JoinedClassOut):
    """A page of classes, ordered by name: a teacher's, a student's own, or all for an admin."""

    next_cursor: str | None
    """Cursor of the next page; null on the last."""


class MemberOut(Body):
    """A student of a class."""

    student_id: UUID
    """Id of the student."""
    student_name: str | None
    """Name of the account; null if the adopted profile has none."""
    grade: int
    """School year, 1 to 12."""
    target_exam: str
    """Exam that the student prepares for."""


class ClassStudentsOut(SuccessOut):
    """A class with its students."""

    class_: Annotated[TaughtClassOut, Field(alias="class")]
    """The class."""
    members: list[MemberOut]
    """Students of the class, by name."""
    message: str | None = None
    """The change that was made; null if nothing was changed."""


class MarkIn(StrictBody):
    """A student's mark in an exam."""

    student_id: SentId
    """The student."""
    mark: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
    """Marks gained in percent, 0 to 100."""


class MarksIn(StrictBody):
    """Marks of students in one exam; existing marks are replaced."""

    exam: Annotated[str, name_of(200)]
    """Name of the exam."""
    exam_date: Day
    """Day of the exam, UTC; null stands for today."""
    marks: Annotated[list[MarkIn], Field(min_length=1, max_length=1_000)]
    """The marks."""


class MarkOut(Body):
    """A mark in an exam."""

    student_id: UUID
    """The student."""
    exam: str
    """Name of the exam."""
    exam_date: str
    """Day of the exam, UTC."""
    mark: float
    """Marks gained in percent, 0 to 100."""


class EnteredMarksOut(SuccessOut):
    """The marks that were stored."""

    marks: list[MarkOut]
    """The marks, newest exam first."""
    count: int
    """Number of marks in this response."""


class MarksOut(EnteredMarksOut):
    """A page of marks of a student, or of a class."""

    next_cursor: str | None
    """Cursor of the next page; null on the last."""
