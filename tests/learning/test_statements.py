"""The number of statements of a call does not grow with what it stores."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import event

from lib.learning.classes.marks import enter_marks
from lib.learning.classes.wire import MarksIn
from lib.learning.syllabus.content import import_content
from lib.learning.syllabus.wire import ContentIn
from lib.learning.sync.upload import upload
from lib.learning.sync.wire import QueueIn
from lib.learning.tables.closed_lists import Role
from tests.learning.school import School


def count_statements(school: School, call: Callable[[], object]) -> int:
    """Make a call, and return the number of its statements; one with many rows counts once."""
    texts: list[str] = []

    def count(_connection: object, _cursor: object, text: str, *_other_arguments: object) -> None:
        if not text.startswith("BEGIN"):  # on SQLite, a call may be the first of its transaction
            texts.append(text)

    bind = school.db.get_bind()
    event.listen(bind, "before_cursor_execute", count)
    try:
        call()
    finally:
        event.remove(bind, "before_cursor_execute", count)
    return len(texts)


def content(size: int) -> ContentIn:
    return ContentIn(
        topics=[
            {
                "topic": f"Topic {number}",
                "parent": f"Topic {number - 1}" if number else None,
                "prerequisites": {f"Topic {number - 1}": 60} if number else {},
                "description": "Odd" if number % 2 else None,
                "exam_weightage": 1,
                "estimated_hours": 1,
            }
            for number in range(size)
        ],
        concepts=[
            {
                "topic": f"Topic {number}",
                "concept": "All",
                "description": "Odd" if number % 2 else None,
            }
            for number in range(size)
        ],
    )


@pytest.mark.parametrize("repeated", [False, True])
def test_statements_of_an_import_do_not_grow_with_topics(school: School, repeated: bool) -> None:
    teacher = school.user("ms-okafor", Role.TEACHER)
    counts = []
    for size in (2, 40):
        if repeated:
            import_content(teacher, content(size))
        # A first import is only a dry run, so that the larger one also finds no topics.
        body = content(size).model_copy(update={"dry_run": not repeated})
        counts.append(count_statements(school, partial(import_content, teacher, body)))
    assert counts[0] == counts[1]


def test_statements_of_an_entry_do_not_grow_with_its_marks(school: School) -> None:
    teacher = school.user("ms-okafor", Role.TEACHER)
    students = [school.user(f"student {number}") for number in range(6)]
    school.school_class(teacher, students)
    counts = []
    for size in (1, 6):
        marks = [
            {"student_id": str(it.user.student_id), "mark": 50 + number}
            for number, it in enumerate(students[:size])
        ]
        body = MarksIn.model_validate({"exam": "E", "exam_date": "2026-11-01", "marks": marks})
        counts.append(count_statements(school, partial(enter_marks, teacher, body)))
    assert counts[0] == counts[1]


def test_statements_of_an_upload_do_not_grow_with_its_queue(school: School) -> None:
    school.syllabus("topic  weight  hours\nAlgebra  60  4\nGeometry  40  4\n")
    student = school.user("ann")
    questions = [str(school.question(f"{name} 1")) for name in ("Algebra", "Geometry")]
    counts = []
    for size in (4, 400):
        operations = [
            {
                "operation_type": "create",
                "table_name": ("question_attempts", "study_plans", "users")[number % 3],
                "record_id": f"{size}-{number}",
                "timestamp": "2026-11-20T10:00:00",
                "data": {
                    "question_id": questions[number % 2],
                    "answer": "true",
                    "time_taken_seconds": 5,
                    "confidence": 3,
                },
            }
            for number in range(size)
        ]
        body = {"student_id": str(student.user.student_id), "operations": operations}
        queue = QueueIn.model_validate(body)
        counts.append(count_statements(school, partial(upload, student, queue)))
        repeated_count = count_statements(school, partial(upload, student, queue))
        assert repeated_count <= counts[-1]
    assert counts[0] == counts[1]
