"""Students, and the access of users to their data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from lib.errors import StudentNotFound
from lib.learning.current_user import Call
from lib.learning.errors import StudentClosed
from lib.learning.ids import Reference, live_id, reference
from lib.learning.tables import Class, StudentProfile, User
from lib.learning.tables.closed_lists import Role

StudentErrors = (StudentClosed, StudentNotFound)
"""Errors that every look-up of a student may raise."""


@dataclass(frozen=True)
class Student:
    """A student as stored, with the account's name and the class's teacher."""

    id: UUID
    former_id: int | None
    username: str | None
    """None if the adopted profile has no user."""
    grade: int
    target_exam: str
    exam_date: datetime | None
    available_hours_per_day: float
    class_id: UUID | None
    teacher_id: UUID | None
    """Teacher of the student's class."""

    @property
    def live_id(self) -> int | UUID:
        """Id in the live system's shapes: its number there, or else the UUID."""
        return live_id(self.id, self.former_id)


def readable_student(call: Call, sent_id: str | int | UUID) -> Student:
    """Return a student whose data the caller may see.

    Students see themselves, teachers see the students of their classes and adopted students who are
    in no class, and admins see everyone.

    Raises:
        StudentClosed: If the caller may not see this student, or is not an admin and nobody has
            this id.
        StudentNotFound: If the caller is an admin and nobody has this id.
    """
    return _readable(call, _find(call, sent_id))


def _readable(call: Call, student: Student | None) -> Student:
    role = call.user.role
    if role is Role.ADMIN:
        if student is None:
            raise StudentNotFound
        return student
    if student is None or not (
        student.id == call.user.profile_id
        or (role is Role.TEACHER and _is_open_to_teacher(student, call.user.id))
    ):
        raise StudentClosed
    return student


def changeable_student(call: Call, sent_id: str | int | UUID) -> Student:
    """Return a student whose data the caller may change.

    Raises:
        StudentClosed: As for `readable_student`; also for a teacher if the student is in no class.
        StudentNotFound: As for `readable_student`.
    """
    return _changeable(call, _find(call, sent_id))


def _changeable(call: Call, candidate: Student | None) -> Student:
    student = _readable(call, candidate)
    if call.user.role is Role.TEACHER and student.teacher_id != call.user.id:
        raise StudentClosed
    return student


def changeable_students(call: Call, sent_ids: Sequence[str | int | UUID]) -> list[Student]:
    """Return students whose data the caller may change, in the order of the ids sent.

    Raises:
        StudentClosed, StudentNotFound: As for `changeable_student`, for one of them.
    """
    references = [reference(each) for each in sent_ids]
    is_referenced = or_(
        StudentProfile.id.in_({each.id for each in references} - {None}),
        StudentProfile.former_id.in_({each.former_id for each in references} - {None}),
    )
    students = _list(call.db, is_referenced)
    by_reference = {Reference(id=it.id): it for it in students}
    by_reference |= {
        Reference(former_id=it.former_id): it for it in students if it.former_id is not None
    }
    return [_changeable(call, by_reference.get(each)) for each in references]


def own_or_named(call: Call, sent_id: str | None) -> Student:
    """Return the student whom a parameter names, by default the caller.

    Raises:
        NotStudent: If the parameter is left out by a user who is not a student.
        StudentClosed, StudentNotFound: As for `readable_student`.
    """
    return readable_student(call, call.user.student_id if sent_id is None else sent_id)


def _find(call: Call, sent_id: str | int | UUID) -> Student | None:
    students = _list(call.db, reference(sent_id).of(StudentProfile))
    return students[0] if students else None


def list_students(db: Session, class_id: UUID) -> list[Student]:
    """Return the students of a class by name, for callers who may see the class."""
    return _list(db, StudentProfile.class_id == class_id)


def _list(db: Session, condition: ColumnElement[bool]) -> list[Student]:
    rows = db.execute(
        select(
            StudentProfile.id,
            StudentProfile.former_id,
            User.username,
            StudentProfile.grade,
            StudentProfile.target_exam,
            StudentProfile.exam_date,
            StudentProfile.available_hours_per_day,
            StudentProfile.class_id,
            Class.teacher_id,
        )
        .outerjoin(User, User.id == StudentProfile.user_id)
        .outerjoin(Class, Class.id == StudentProfile.class_id)
        .where(condition)
        .order_by(User.username, StudentProfile.id)
    )
    return [Student(*row) for row in rows]


def _is_open_to_teacher(student: Student, teacher_id: UUID) -> bool:
    is_adopted_without_class = student.class_id is None and student.former_id is not None
    return student.teacher_id == teacher_id or is_adopted_without_class
