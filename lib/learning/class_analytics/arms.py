"""Marks of a class with and without plans."""

from collections.abc import Sequence
from statistics import fmean

from lib.learning.class_analytics.wire import DifferenceIntervalOut, PlanArmOut, PlanArmsOut
from lib.learning.current_user import Call
from lib.learning.plan_arms.comparison import Difference, compare
from lib.learning.plan_arms.store import list_arms, list_marks
from lib.learning.students.student import Student
from lib.learning.tables.closed_lists import Arm


def compare_arms(call: Call, students: Sequence[Student]) -> PlanArmsOut | None:
    """Compare the arms of a class by the newest exam that a student took after joining an arm.

    Returns:
        None if no student belongs to an arm.
    """
    ids = [student.id for student in students]
    arms = list_arms(call.db, ids)
    if not arms:
        return None
    marks = list_marks(call.db, ids)
    newest = marks[0] if marks else None
    exam_marks = (
        []
        if newest is None
        else [it for it in marks if (it.exam, it.exam_date) == (newest.exam, newest.exam_date)]
    )
    by_arm = {arm: [it.mark for it in exam_marks if arms[it.student_id].arm is arm] for arm in Arm}
    difference = compare(by_arm[Arm.PLANNER], by_arm[Arm.OWN])
    return PlanArmsOut(
        exam=None if newest is None else newest.exam,
        exam_date=None if newest is None else newest.exam_date.date().isoformat(),
        is_drawn=all(it.is_drawn for it in arms.values()),
        arms=[
            PlanArmOut(
                arm=arm,
                student_count=sum(it.arm is arm for it in arms.values()),
                mark_count=len(by_arm[arm]),
                avg_mark=fmean(by_arm[arm]) if by_arm[arm] else None,
            )
            for arm in Arm
        ],
        difference=None if difference is None else difference.mean,
        confidence_interval=None
        if difference is None
        else DifferenceIntervalOut(lower=difference.lower, upper=difference.upper),
        note=_note(difference, is_drawn=all(it.is_drawn for it in arms.values())),
    )


def _note(difference: Difference | None, *, is_drawn: bool) -> str:
    if difference is None:
        return (
            "A comparison needs at least two marks from each arm, in an exam after the comparison"
            " began."
        )
    if difference.lower <= 0 <= difference.upper:
        conclusion = "The interval contains 0, so the marks do not show whether plans help."
    else:
        better = "with plans" if difference.lower > 0 else "without plans"
        conclusion = f"Marks {better} are higher by more than chance explains."
    if is_drawn:
        return conclusion
    return (
        f"{conclusion} Not every student's arm was drawn at random, so other differences may"
        " explain the result."
    )
