"""The two arms, with plans and without, and their marks; on Postgres and SQLite."""

from collections.abc import Sequence
from datetime import timedelta
from math import sqrt

import pytest
from pydantic import ValidationError
from scipy import stats

from lib.learning.class_analytics.read import Filters, read_class_analytics
from lib.learning.classes.manage import join_class, read_class
from lib.learning.classes.marks import enter_marks
from lib.learning.classes.wire import JoinIn, MarksIn
from lib.learning.current_user import Call
from lib.learning.errors import ClassClosed, StudentClosed
from lib.learning.plan_arms.assign import assign_arms
from lib.learning.plan_arms.comparison import compare, t_quantile
from lib.learning.plan_arms.wire import PlanArmsIn
from lib.learning.tables.closed_lists import Arm, Role
from tests.learning.school import School

TOPICS = """
    topic    weight  hours
    Algebra  100     4
"""


@pytest.mark.parametrize("freedom", [1, 2, 3, 5, 12, 100])
def test_quantile_is_that_of_the_t_distribution(freedom: int) -> None:
    assert t_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=2e-3)


def test_difference_has_the_interval_of_welchs_t_test() -> None:
    plans, alone = [62.0, 71.0, 55.0, 80.0, 66.0], [50.0, 58.0, 44.0, 61.0, 70.0, 49.0]
    difference = compare(plans, alone)
    assert difference is not None
    expected = stats.ttest_ind(plans, alone, equal_var=False).confidence_interval(0.95)
    assert difference.mean == pytest.approx(66.8 - sum(alone) / 6)
    # Rounding the degrees of freedom down makes our interval slightly wider.
    assert difference.lower == pytest.approx(expected.low, abs=0.2)
    assert difference.lower <= expected.low
    assert difference.upper >= expected.high
    # By hand: means 55 and 45, variances 50 each, so the error is sqrt(25 + 25), with 2 degrees of
    # freedom.
    by_hand = compare([50, 60], [40, 50])
    assert by_hand is not None
    assert by_hand.upper == pytest.approx(10 + 4.30265 * sqrt(50))


def test_one_mark_makes_no_comparison() -> None:
    assert compare([60], [40, 50]) is None


def arms_of(students: Sequence[object]) -> PlanArmsIn:
    return PlanArmsIn.model_validate({"students": students})


@pytest.fixture
def teacher(school: School) -> Call:
    school.syllabus(TOPICS)
    return school.user("tea", Role.TEACHER)


def test_draw_halves_a_class_and_keeps_the_arms_that_were_drawn_before(
    school: School, teacher: Call
) -> None:
    first = [school.user(f"student {number}") for number in range(7)]
    class_id = school.school_class(teacher, first)
    first_draw = assign_arms(teacher, class_id, PlanArmsIn(draw=True)).students
    counts = [sum(it.arm is arm for it in first_draw) for arm in Arm]
    assert sorted(counts) == [3, 4]
    assert all(it.is_drawn and it.since == school.now for it in first_draw)
    late = school.user("student late")
    school.now += timedelta(days=1)
    code = read_class(teacher, class_id).class_.join_code or ""
    join_class(late, JoinIn(code=code))
    response = assign_arms(school.call("tea"), class_id, PlanArmsIn(draw=True))
    arms_by_name = {it.student_name: it for it in response.students}
    assert all(arms_by_name[it.student_name] == it for it in first_draw)
    assert sum(it.arm is Arm.OWN for it in arms_by_name.values()) == 4


def test_arms_are_chosen_and_ended(school: School, teacher: Call) -> None:
    student, other = school.user("ann"), school.user("bob")
    class_id = school.school_class(teacher, [student])
    student_row = {"student_id": str(student.user.student_id)}
    for arm in (Arm.OWN, Arm.PLANNER, None):
        response = assign_arms(teacher, class_id, arms_of([{**student_row, "arm": arm}]))
        assert [(it.arm, it.is_drawn) for it in response.students] == [(arm, False)]
    outside = [{"student_id": str(other.user.student_id), "arm": "own"}]
    with pytest.raises(StudentClosed):
        assign_arms(teacher, class_id, arms_of(outside))
    with pytest.raises(ClassClosed):
        assign_arms(school.user("tom", Role.TEACHER), class_id, PlanArmsIn(draw=True))
    for refused in ({}, {"draw": True, "students": outside}):
        with pytest.raises(ValidationError, match="either draw, or students"):
            PlanArmsIn.model_validate(refused)


def test_analytics_compare_marks_of_exams_after_the_arms_were_assigned(
    school: School, teacher: Call
) -> None:
    students = [school.user(name) for name in ("ann", "bob", "cas", "dan")]
    class_id = school.school_class(teacher, students)
    assert read_class_analytics(teacher, class_id, Filters()).plan_arms is None
    ids = [str(it.user.student_id) for it in students]
    arms = [
        {"student_id": it, "arm": arm}
        for it, arm in zip(ids, ("planner", "planner", "own", "own"), strict=True)
    ]
    assign_arms(teacher, class_id, arms_of(arms))

    def enter(exam: str, day: str, marks: list[float]) -> None:
        rows = [{"student_id": it, "mark": mark} for it, mark in zip(ids, marks, strict=False)]
        enter_marks(
            teacher, MarksIn.model_validate({"exam": exam, "exam_date": day, "marks": rows})
        )

    enter("before", "2026-11-20", [90, 90, 10, 10])
    comparison = read_class_analytics(teacher, class_id, Filters()).plan_arms
    assert comparison is not None
    assert (comparison.exam, comparison.difference, comparison.confidence_interval) == (
        None,
        None,
        None,
    )
    assert "needs at least two marks" in comparison.note
    enter("after", "2026-12-20", [60, 50, 50, 40])
    comparison = read_class_analytics(teacher, class_id, Filters()).plan_arms
    assert comparison is not None
    assert (comparison.exam, comparison.exam_date, comparison.is_drawn) == (
        "after",
        "2026-12-20",
        False,
    )
    arm_marks = [(it.arm, it.student_count, it.mark_count, it.avg_mark) for it in comparison.arms]
    assert arm_marks == [(Arm.PLANNER, 2, 2, 55), (Arm.OWN, 2, 2, 45)]
    assert comparison.difference == 10
    assert comparison.confidence_interval is not None
    assert comparison.confidence_interval.lower == pytest.approx(10 - 4.30265 * sqrt(50))
    assert comparison.note.startswith("The interval contains 0")
    assert "Not every student's arm was drawn at random" in comparison.note
    enter("clear", "2026-12-21", [90, 91, 40, 41])
    comparison = read_class_analytics(teacher, class_id, Filters()).plan_arms
    assert comparison is not None
    assert comparison.note.startswith("Marks with plans are higher")
