"""Bodies of a student's profile."""

from uuid import UUID

from lib.learning.accounts.wire import Grade, HoursPerDay, TargetExam
from lib.learning.days import DayTime
from lib.web.wire import StrictBody, SuccessOut, UtcTime


class ProfileChangeIn(StrictBody):
    """Changes to the caller's profile.

    A field that is left out keeps its value, and so does one that is null, except `exam_date`.
    """

    grade: Grade | None = None
    """School year, 1 to 12."""
    target_exam: TargetExam | None = None
    """Exam that the student prepares for."""
    exam_date: DayTime = None
    """Day of the exam, UTC; null if it is not known."""
    available_hours_per_day: HoursPerDay | None = None
    """Hours that the student can study on a day."""


class StudentProfileOut(SuccessOut):
    """The caller's profile as a student."""

    id: UUID
    """Id of the student."""
    username: str | None
    """Name of the account."""
    grade: int
    """School year, 1 to 12."""
    target_exam: str
    """Exam that the student prepares for."""
    exam_date: UtcTime | None
    """Day of the exam, UTC."""
    days_to_exam: int | None
    """Days from today to the exam, both in UTC; negative after it, null without a date."""
    available_hours_per_day: float
    """Hours that the student can study on a day."""
    class_id: UUID | None
    """Id of the student's class; null if the student has none."""
