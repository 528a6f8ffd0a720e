"""Bodies of admin-delete-student."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BeforeValidator, StringConstraints, model_validator

from lib.web.wire import CamelBody, CamelSuccessOut, StrictOperatorIn, blank_is_none

Name = Annotated[
    Annotated[str, StringConstraints(max_length=320, pattern=r"^[^\x00]+$")] | None,
    BeforeValidator(blank_is_none),
]


class DeleteStudentIn(StrictOperatorIn):
    """The person, by one or several of the names that the contexts store."""

    student_email: Name = None
    """E-mail of the student, or the id that an older page made up."""
    student_id: UUID | None = None
    """Id of the student in the workshop or in the study planner."""
    test_student_id: Name = None
    """Id under which the student takes tests."""
    learning_username: Name = None
    """User name in the study planner."""

    @model_validator(mode="after")
    def _someone(self) -> Self:
        if not any(
            (self.student_email, self.student_id, self.test_student_id, self.learning_username)
        ):
            raise ValueError("Send studentEmail, studentId, testStudentId or learningUsername")
        return self


class WorkshopRows(CamelBody):
    """Rows of the workshop that were removed."""

    students: int = 0
    """Number of students."""
    sessions: int = 0
    """Number of sessions, with their configuration, bug reports and exercises."""
    steps: int = 0
    """Number of rows of step progress."""
    events: int = 0
    """Number of events."""
    older_rows: int = 0
    """Number of rows of the legacy tables."""


class AssessmentRows(CamelBody):
    """Rows of the assessment that were removed."""

    students: int = 0
    """Number of students; an assessment stores only their ids."""
    tests: int = 0
    """Number of tests."""
    answers: int = 0
    """Number of answers."""
    proficiencies: int = 0
    """Number of long-term proficiencies."""
    set_aside: int = 0
    """Number of rows that an upgrade had set aside."""


class LearningRows(CamelBody):
    """Rows of the study planner that were removed."""

    users: int = 0
    """Number of accounts."""
    profiles: int = 0
    """Number of student profiles."""
    attempts: int = 0
    """Number of attempts."""
    mastery: int = 0
    """Number of rows of mastery."""
    plans: int = 0
    """Number of study plans."""
    marks: int = 0
    """Number of marks in exams."""
    tokens: int = 0
    """Number of log-in tokens."""
    sync_operations: int = 0
    """Number of changes that devices sent."""
    set_aside: int = 0
    """Number of rows of tables that an upgrade or a downgrade had set aside."""


class RemovedRows(CamelBody):
    """Rows that were removed, by context; 0 where a context has no tables."""

    workshop: WorkshopRows
    """Rows of the workshop."""
    assessment: AssessmentRows
    """Rows of the assessment."""
    learning: LearningRows
    """Rows of the study planner."""


class DeletedStudentOut(CamelSuccessOut):
    """Numbers of rows that were removed."""

    message: str = "Student deleted"
    sessions_deleted: int
    """Number of sessions of the workshop that were removed."""
    steps_deleted: int
    """Number of rows of step progress that were removed."""
    events_deleted: int
    """Number of events that were removed."""
    older_rows_deleted: int
    """Number of rows that were removed from the legacy tables."""
    removed: RemovedRows
    """All rows that were removed, by context."""
    cache_cleared: bool
    """Whether Redis keeps no snapshot of the tests; otherwise it drops them within 30 minutes."""
