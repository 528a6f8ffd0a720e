"""Marks in exams, which teachers enter."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from uuid import UUID

from lib.learning.changes.log import logged
from lib.learning.changes.synced import SyncedTable
from lib.learning.classes import store
from lib.learning.classes.manage import managed_class
from lib.learning.classes.store import MarkRow
from lib.learning.classes.wire import EnteredMarksOut, MarkOut, MarksIn, MarksOut
from lib.learning.current_user import Call
from lib.learning.days import day_of, midnight
from lib.learning.parameters import MAX_PAGE
from lib.learning.students.student import changeable_students, own_or_named
from lib.learning.transactions import transaction
from lib.web import cursor


def enter_marks(call: Call, body: MarksIn) -> EnteredMarksOut:
    """Store marks of students of the caller's classes, all or none.

    If several marks are for one student, only the last is stored.

    Raises:
        StudentClosed, StudentNotFound: As for `changeable_students`.
    """
    day = body.exam_date or day_of(call.now)
    exam_date = midnight(day)
    students = changeable_students(call, [each.student_id for each in body.marks])
    marks = {
        student.id: MarkRow(student.id, body.exam, exam_date, each.mark)
        for student, each in zip(students, body.marks, strict=True)
    }
    rows = [asdict(row) | {"entered_by": call.user.id} for row in marks.values()]
    with transaction(call.db), logged(call.db, list(marks), call.now) as log:
        for student_id, row_id in store.put_marks(call.db, rows, call.now).items():
            log.add(student_id, SyncedTable.EXAM_MARKS, row_id)
    return EnteredMarksOut(marks=_marks_out(marks.values()), count=len(marks))


def list_marks(
    call: Call,
    sent_student: str | None,
    sent_class: str | None,
    position: str | None = None,
    limit: int = MAX_PAGE,
) -> MarksOut:
    """Return a page of marks: of a class, of a student, or by default of the caller.

    Raises:
        ClassClosed: If the class is not the caller's.
        NotStudent, StudentClosed, StudentNotFound: As for `own_or_named`.
        InvalidCursor: If the cursor is not one that a page returned.
    """
    class_id = None if sent_class is None else managed_class(call, sent_class).id
    student_id = None
    if sent_student is not None or class_id is None:
        student_id = own_or_named(call, sent_student).id
    after = None
    if position is not None:
        day, exam, last_student_id = cursor.read(position, date.fromisoformat, str, UUID)
        after = (midnight(day), exam, last_student_id)
    rows = store.list_marks(call.db, after, limit + 1, student_id=student_id, class_id=class_id)
    page = rows[:limit]
    next_cursor = None
    if len(rows) > limit:
        last = page[-1]
        next_cursor = cursor.write(day_of(last.exam_date), last.exam, last.student_id)
    return MarksOut(marks=_marks_out(page), count=len(page), next_cursor=next_cursor)


def _marks_out(rows: Iterable[MarkRow]) -> list[MarkOut]:
    return [
        MarkOut(
            student_id=row.student_id,
            exam=row.exam,
            exam_date=row.exam_date.date().isoformat(),
            mark=row.mark,
        )
        for row in rows
    ]
