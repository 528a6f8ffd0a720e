"""Marks in exams, which teachers enter."""

from dataclasses import asdict

from lib.learning.classes import store
from lib.learning.classes.manage import teachable_class
from lib.learning.classes.store import MarkRow
from lib.learning.classes.wire import MarkOut, MarksAnswer, MarksIn
from lib.learning.current_user import Call
from lib.learning.days import day_of, midnight
from lib.learning.students.student import changeable_students, own_or_named
from lib.learning.transactions import transaction


def enter_marks(call: Call, body: MarksIn) -> MarksAnswer:
    """Store marks of students of the caller's classes; all or none, and the last one of each.

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
    with transaction(call.db):
        store.put_marks(call.db, rows, call.now)
    return _answer(list(marks.values()))


def list_marks(call: Call, sent_student: str | None, sent_class: str | None) -> MarksAnswer:
    """Return the marks of a class, of a student, or by default of the caller.

    Raises:
        ClassClosed: If the class is not the caller's.
        NotStudent, StudentClosed, StudentNotFound: As for `own_or_named`.
    """
    if sent_class is not None:
        class_id = teachable_class(call, sent_class).id
        return _answer(store.list_marks(call.db, class_id=class_id))
    student = own_or_named(call, sent_student)
    return _answer(store.list_marks(call.db, student_id=student.id))


def _answer(rows: list[MarkRow]) -> MarksAnswer:
    marks = [
        MarkOut(
            student_id=row.student_id,
            exam=row.exam,
            exam_date=row.exam_date.date().isoformat(),
            mark=row.mark,
        )
        for row in rows
    ]
    return MarksAnswer(marks=marks, count=len(marks))
