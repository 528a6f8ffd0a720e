"""Bodies about the arms of the comparison of plans: who studies by plans, and who decides alone."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from lib.learning.ids import SentId
from lib.learning.tables.closed_lists import Arm
from lib.web.wire import Body, StrictBody, SuccessOut, UtcTime


class StudentArmIn(StrictBody):
    """A student's arm: whether the planner or the student decides what to study."""

    student_id: SentId
    """The student."""
    arm: Arm | None
    """`planner` or `own`; null ends the student's part in the comparison."""


class PlanArmsIn(StrictBody):
    """Arms of the students of a class: drawn at random, or chosen. Send one of the two fields."""

    draw: bool = False
    """Whether to draw arms at random, of equal size, for all students who have none yet."""
    students: Annotated[list[StudentArmIn], Field(max_length=1_000)] = Field(default_factory=list)
    """Chosen arms."""

    @model_validator(mode="after")
    def require_one(self) -> Self:
        """Refuse a body with both fields, or with neither.

        Raises:
            ValueError: If both were sent, or neither.
        """
        if self.draw == bool(self.students):
            raise ValueError("Send either draw, or students.")
        return self


class StudentArmOut(Body):
    """A student and the student's arm."""

    student_id: UUID
    """The student."""
    student_name: str | None
    """Name of the account; null if the adopted profile has none."""
    arm: Arm | None
    """`planner`, `own`, or null for a student who belongs to none."""
    is_drawn: bool
    """Whether the arm was drawn at random."""
    since: UtcTime | None
    """Time at which the student joined the arm; null without one."""


class StudentArmsOut(SuccessOut):
    """The arms of a class."""

    class_id: UUID
    """The class."""
    students: list[StudentArmOut]
    """Students of the class, by name."""
    count: int
    """Number of students."""
