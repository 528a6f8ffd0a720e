"""Lists come in pages, or are cut to the size of a response."""

from typing import Any

import pytest

from lib.errors import InvalidCursor
from lib.learning.classes.manage import create_class, list_classes
from lib.learning.classes.marks import enter_marks, list_marks
from lib.learning.classes.wire import ClassIn, MarksIn
from lib.learning.current_user import Call
from lib.learning.plans.make import make_plan
from lib.learning.plans.read import list_live_plans
from lib.learning.plans.store import PlanRow, replace_plan
from lib.learning.plans.wire import PlanOut
from lib.learning.progress.read import read_progress
from lib.learning.syllabus.content import import_content
from lib.learning.syllabus.questions import list_live_questions
from lib.learning.syllabus.wire import ContentIn
from lib.learning.tables import QuestionAttempt
from lib.learning.tables.base import new_id
from lib.learning.tables.closed_lists import PlanType, Role
from lib.learning.transactions import transaction
from lib.web import cursor
from tests.learning.school import School

VERCELS_LIMIT = 4_500_000


def test_pages_hold_each_class_of_a_teacher_once(school: School) -> None:
    teacher, other = (school.user(name, Role.TEACHER) for name in ("tea", "teo"))
    for name in ("c", "a", "b", "b", "d"):
        create_class(teacher, ClassIn(name=name, grade=10))
    create_class(other, ClassIn(name="a", grade=10))
    for caller, names in ((teacher, "abbcd"), (school.user("root", Role.ADMIN), "aabbcd")):
        classes, position = [], None
        for _ in range(3):
            page = list_classes(caller, position, 2)
            assert page.count == len(page.classes) <= 2
            classes += page.classes
            position = page.next_cursor
        assert position is None
        assert "".join(it.name for it in classes) == names
        assert len({it.id for it in classes}) == len(names)


def class_with_marks(school: School, teacher: Call) -> tuple[list[Call], str]:
    students = [school.user(name) for name in ("ann", "bob")]
    class_id = school.school_class(teacher, students)
    for exam, day in (("B", "2026-11-02"), ("A", "2026-11-02"), ("C", "2026-11-03")):
        marks = [{"student_id": str(it.user.student_id), "mark": 50} for it in students]
        body = {"exam": exam, "exam_date": day, "marks": marks}
        enter_marks(teacher, MarksIn.model_validate(body))
    return students, class_id


def test_pages_hold_each_mark_once_with_the_newest_exam_first(school: School) -> None:
    teacher = school.user("tea", Role.TEACHER)
    (ann, _), class_id = class_with_marks(school, teacher)
    student = str(ann.user.student_id)
    choices: list[tuple[Call, str | None, str | None, str]] = [
        (teacher, None, class_id, "CCAABB"),
        (teacher, student, class_id, "CAB"),
        (teacher, student, None, "CAB"),
        (ann, None, None, "CAB"),
    ]
    for caller, student_id, requested_class, exams in choices:
        for size in (1, 2, 3):
            marks, position = [], None
            for _ in range(-(-len(exams) // size)):
                page = list_marks(caller, student_id, requested_class, position, size)
                marks += page.marks
                position = page.next_cursor
            assert position is None
            assert "".join(it.exam for it in marks) == exams
            assert len({(it.exam, it.student_id) for it in marks}) == len(exams)


@pytest.mark.parametrize("position", ["x", cursor.write("2026-11-02"), cursor.write(1, 2, 3)])
def test_invented_cursor_is_refused(school: School, position: str) -> None:
    teacher = school.user("tea", Role.TEACHER)
    _, class_id = class_with_marks(school, teacher)
    with pytest.raises(InvalidCursor):
        list_marks(teacher, None, class_id, position)
    with pytest.raises(InvalidCursor):
        list_classes(teacher, position)


def test_plans_are_cut_to_the_size_of_a_response(school: School) -> None:
    school.syllabus("topic  weight  hours\nAlgebra  100  4\n")
    student = school.user("ann")
    first = make_plan(student, PlanType.DAILY, None)
    goals = ["x" * 100_000]
    large = first.plan.topics[0].model_copy(update={"goals": goals})
    plan = PlanOut.model_validate(first.plan.model_dump() | {"topics": [large.model_dump()]})
    for _ in range(100):  # a replaced plan becomes inactive and is still listed
        row = _plan_row(school, plan)
        with transaction(school.db):
            replace_plan(school.db, student.user.student_id, row)
    response = list_live_plans(student, str(student.user.student_id), None, 100)
    assert 10 < response.count == len(response.plans) < 100
    assert len(response.model_dump_json()) < VERCELS_LIMIT


def _plan_row(school: School, plan: PlanOut) -> PlanRow:
    return PlanRow(
        id=new_id(),
        former_id=None,
        plan_type=PlanType.DAILY,
        start_date=school.now,
        end_date=school.now,
        content={"plan": plan.model_dump(mode="json"), "masteries": {}},
        created_at=school.now,
        is_active=True,
    )


def test_questions_and_mistakes_are_cut_to_the_size_of_a_response(school: School) -> None:
    teacher = school.user("tea", Role.TEACHER)
    size = 1_000
    content: dict[str, Any] = {
        "topics": [{"topic": "Algebra", "exam_weightage": 100, "estimated_hours": 4}],
        "concepts": [{"topic": "Algebra", "concept": f"{number}"} for number in range(size)],
        "questions": [
            {
                "topic": "Algebra",
                "concept": concept,
                "question_text": f"{number} " + "x" * 4_900,
                "question_type": "numerical",
                "correct_answer": "2",
                "difficulty": "easy",
            }
            for number in range(size)
            for concept in {"0", f"{number}"}
        ],
    }
    import_content(teacher, ContentIn.model_validate(content))
    questions = list_live_questions(teacher, str(school.concept("0")))
    assert 500 < questions.count == len(questions.questions) < size
    assert len(questions.model_dump_json()) < VERCELS_LIMIT
    student = school.user("ann")
    for number in range(size):
        school.db.add(
            QuestionAttempt(
                student_id=student.user.student_id,
                question_id=school.question(f"{number}"),
                answer="wrong",
                is_correct=False,
                time_taken_seconds=5,
                timestamp=school.now,
            )
        )
    school.db.commit()
    progress = read_progress(student, None)
    assert 500 < len(progress.mistakes) < size
    assert len(progress.model_dump_json()) < VERCELS_LIMIT
