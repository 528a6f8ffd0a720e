"""The caller's profile as a student."""

from datetime import datetime
from typing import Any

from lib.learning.changes.log import logged
from lib.learning.changes.synced import SyncedTable
from lib.learning.current_user import Call
from lib.learning.days import day_of
from lib.learning.students import store
from lib.learning.students.student import Student, readable_student
from lib.learning.students.wire import ProfileChangeIn, StudentProfileOut
from lib.learning.transactions import transaction

NULLABLE = frozenset({"exam_date"})


def read_profile(call: Call) -> StudentProfileOut:
    """Return the caller's profile.

    Raises:
        NotStudent: If the caller is not a student.
    """
    return _response(readable_student(call, call.user.student_id), call.now)


def change_profile(call: Call, body: ProfileChangeIn) -> StudentProfileOut:
    """Store the fields that were sent, and return the profile.

    Raises:
        NotStudent: If the caller is not a student.
    """
    student_id = call.user.student_id
    changes = changes_of(body)
    with transaction(call.db), logged(call.db, [student_id], call.now) as log:
        edited_at = store.lock_profiles(call.db, [student_id])
        store.change_profile(call.db, student_id, changes, call.now)
        log.add_edits(SyncedTable.STUDENT_PROFILES, changes, edited_at)
    return read_profile(call)


def changes_of(body: ProfileChangeIn) -> dict[str, Any]:
    """Return the columns that a body changes; null clears `exam_date` and leaves others alone."""
    sent_fields = body.model_dump(exclude_unset=True)
    return {
        name: value for name, value in sent_fields.items() if value is not None or name in NULLABLE
    }


def days_to_exam(exam_date: datetime | None, now: datetime) -> int | None:
    """Return the days from today to the exam, both in UTC; None without a date."""
    if exam_date is None:
        return None
    return (day_of(exam_date) - day_of(now)).days


def _response(student: Student, now: datetime) -> StudentProfileOut:
    return StudentProfileOut(
        id=student.id,
        username=student.username,
        grade=student.grade,
        target_exam=student.target_exam,
        exam_date=student.exam_date,
        days_to_exam=days_to_exam(student.exam_date, now),
        available_hours_per_day=student.available_hours_per_day,
        class_id=student.class_id,
    )
