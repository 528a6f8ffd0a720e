"""Study plans: never more than the declared hours, with room for revision."""

import re
from dataclasses import replace
from datetime import UTC, date, timedelta

import pytest

from lib.learning.errors import ExamOver, StudentClosed
from lib.learning.plans.make import make_live_plan, make_plan, plan_id, read_plans
from lib.learning.plans.read import list_live_plans
from lib.learning.recommendations.recommend import NOTHING_TO_PRACTISE
from lib.learning.students.profile import change_profile
from lib.learning.students.wire import ProfileChangeIn
from lib.learning.tables import StudyPlan
from lib.learning.tables.closed_lists import PlanType, Role
from tests.learning.school import NOW, School

TODAY = NOW.astimezone(UTC).date()
TOPICS = """
    topic     weight  hours  needs
    Algebra   50      4      -
    Geometry  30      1      -
    Calculus  20      5      Algebra
"""


def test_day_is_planned_in_the_order_of_priority(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann", available_hours_per_day=2)
    plan = make_live_plan(student, str(student.user.student_id), PlanType.DAILY, None).plan
    assert {it.topic_name for it in plan.topics} == {"Geometry", "Algebra"}
    assert plan.topics[0].priority_score == 100 > plan.topics[1].priority_score
    assert all(it.allocated_hours <= 1 for it in plan.topics)
    assert (plan.date, plan.warning) == (TODAY.isoformat(), None)
    assert plan.total_hours == sum(it.allocated_hours for it in plan.topics) <= 2
    goals = {it.topic_name: it.goals for it in plan.topics}
    assert goals["Geometry"] == ["Practise “Geometry 1” until its mastery is above 60 (now 0)."]


@pytest.mark.parametrize("hours", [0.5, 1.7, 3, 24])
def test_hours_of_a_day_are_never_exceeded(school: School, hours: float) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann", available_hours_per_day=hours, exam_date="2026-12-18")
    school.answers(student, "concept  right  days_ago\n" + "Geometry 1  true  9\n" * 5)
    plan = make_plan(student, PlanType.EXAM_COUNTDOWN, None).plan
    assert len(plan.daily_plans) == 20
    for day in plan.daily_plans:
        hours_of_topics = [it.allocated_hours for it in (*day.topics, *day.revisions)]
        assert day.total_hours == round(sum(hours_of_topics), 2) <= hours
        assert all(it <= hours / 2 for it in hours_of_topics)
        assert day.revision_topics == [it.topic_id for it in day.revisions]


def test_closed_topic_is_planned_after_its_prerequisites(school: School) -> None:
    school.syllabus("""
        topic     weight  hours  needs
        Algebra   30      1      -
        Calculus  70      4      Algebra
    """)
    student = school.user("ann", available_hours_per_day=4, exam_date="2026-12-28")
    plan = make_plan(student, PlanType.EXAM_COUNTDOWN, None).plan
    names = [{it.topic_name for it in (*day.topics, *day.revisions)} for day in plan.daily_plans]
    assert names[0] == {"Algebra"}
    assert any("Calculus" in day for day in names[1:])


def test_known_topics_that_fade_are_revised(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann", exam_date="2026-12-28")
    school.answers(student, "concept  right  days_ago\n" + "Geometry 1  true  40\n" * 8)
    plan = make_plan(student, PlanType.WEEKLY, None).plan
    assert [it.topic_name for it in plan.daily_plans[0].revisions] == ["Geometry"]


def test_exam_plan_warns_when_the_hours_are_too_few(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann", available_hours_per_day=1, exam_date="2026-11-30")
    plan = make_plan(student, PlanType.EXAM_COUNTDOWN, None).plan
    assert [it.date for it in plan.daily_plans] == ["2026-11-28", "2026-11-29"]
    # 4 + 1 + 5 hours to master everything, and two days of one hour
    assert (
        plan.warning == "Mastering every topic takes 8.0 hours more than are left until the exam."
    )
    assert [str(it) for it in plan.high_priority_topics] == [str(school.topic("Geometry"))]


def test_day_of_the_exam_and_later_days_have_no_topics(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann", exam_date="2026-12-01")
    plan = make_plan(student, PlanType.WEEKLY, None).plan
    assert [bool(day.topics) for day in plan.daily_plans] == [True] * 3 + [False] * 4


def test_result_is_predicted_with_and_without_study(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann", exam_date="2026-12-28")
    school.answers(student, "concept  right  days_ago\n" + "Algebra 1  true  9\n" * 5)
    prediction = read_plans(student, None).prediction
    assert prediction is not None
    assert prediction.days == 30
    for each in (prediction.with_plan, prediction.without_study):
        assert 0 <= each.lower < each.mark < each.upper <= 100
    assert prediction.with_plan.mark > prediction.without_study.mark + 5
    assert read_plans(school.user("bob"), None).prediction is not None


def test_nothing_is_predicted_without_topics(school: School) -> None:
    assert read_plans(school.user("ann"), None).prediction is None


def test_exam_plan_covers_at_most_60_days_and_needs_an_exam_after_today(school: School) -> None:
    school.syllabus(TOPICS)
    far = make_plan(school.user("ann", exam_date="2027-11-28"), PlanType.EXAM_COUNTDOWN, None)
    assert len(far.plan.daily_plans) == 60
    for day in ("2026-11-28", "2026-11-01"):
        with pytest.raises(ExamOver):
            make_plan(school.user(f"bob {day}", exam_date=day), PlanType.EXAM_COUNTDOWN, None)


def test_response_states_that_no_topic_is_left_to_study(school: School) -> None:
    plan = make_plan(school.user("ann"), PlanType.WEEKLY, date(2026, 12, 1))
    assert (plan.plan.start_date, plan.plan.end_date) == ("2026-12-01", "2026-12-07")
    assert plan.plan.warning == NOTHING_TO_PRACTISE


def test_new_plan_replaces_the_current_one_of_its_period(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    first = make_plan(student, PlanType.DAILY, None)
    make_plan(student, PlanType.WEEKLY, None)
    second = make_plan(student, PlanType.DAILY, NOW.date() + timedelta(days=1))
    current = {it.plan_type: it.plan_id for it in read_plans(student, None).plans}
    assert current[PlanType.DAILY] == second.plan_id
    plans = list_live_plans(student, str(student.user.student_id), PlanType.DAILY, 10).plans
    assert {it.plan_id: it.is_active for it in plans} == {
        first.plan_id: False,
        second.plan_id: True,
    }


def test_plan_of_a_type_and_first_day_has_one_id_everywhere(school: School) -> None:
    """The id does not depend on whether a device or the server makes the plan, or how often."""
    school.syllabus(TOPICS)
    student, other = school.user("ann"), school.user("bob")
    repeated = [make_plan(student, PlanType.WEEKLY, NOW.date()) for _ in range(2)]
    assert len({it.plan_id for it in repeated}) == 1
    others = [
        make_plan(student, PlanType.WEEKLY, NOW.date() + timedelta(days=1)),
        make_plan(student, PlanType.DAILY, NOW.date()),
        make_plan(other, PlanType.WEEKLY, NOW.date()),
    ]
    assert len({it.plan_id for it in repeated + others}) == 4
    plans = list_live_plans(student, str(student.user.student_id), None, 10).plans
    assert len(plans) == 3
    assert plan_id(student.user.student_id, PlanType.WEEKLY, NOW.date()) == repeated[0].plan_id
    again = make_plan(student, PlanType.WEEKLY, NOW.date())
    current = {it.plan_id for it in read_plans(student, None).plans}
    assert current == {again.plan_id, others[1].plan_id}


def test_own_plan_is_remade_when_a_mastery_has_changed_by_more_than_15(school: School) -> None:
    school.syllabus(TOPICS)
    student, teacher = school.user("ann"), school.user("tea", Role.TEACHER)
    school.school_class(teacher, [student])
    before = make_plan(student, PlanType.DAILY, None)
    assert read_plans(student, None).plans[0].plan_id == before.plan_id
    school.answers(
        student,
        """
            concept     right
            Geometry 1  true
        """,
    )
    plan_of_teacher = read_plans(teacher, str(student.user.student_id)).plans[0]
    assert (plan_of_teacher.plan_id, plan_of_teacher.outdated) == (before.plan_id, True)
    after = read_plans(student, None).plans[0]
    assert after.plan != before.plan
    assert (after.plan_id, after.outdated) == (before.plan_id, False)
    assert "Algebra" in [it.topic_name for it in after.plan.topics]


@pytest.mark.parametrize(
    "change", [{"available_hours_per_day": 1}, {"exam_date": "2026-12-20"}, {"exam_date": None}]
)
def test_own_plan_is_remade_when_hours_or_exam_change(
    school: School, change: dict[str, object]
) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann", available_hours_per_day=2, exam_date="2026-12-28")
    before = make_plan(student, PlanType.WEEKLY, date(2026, 12, 1))
    change_profile(student, ProfileChangeIn.model_validate({"available_hours_per_day": 2}))
    assert read_plans(student, None).plans[0].plan == before.plan
    profile = change_profile(student, ProfileChangeIn.model_validate(change))
    (after,) = read_plans(student, None).plans
    assert after.plan != before.plan
    assert after.plan.start_date == "2026-12-01"
    hours = [day.total_hours for day in after.plan.daily_plans]
    assert 0 < max(hours) <= profile.available_hours_per_day
    assert read_plans(student, None).plans == [after]


def test_own_plan_is_remade_on_the_day_after_its_end(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    before = make_plan(student, PlanType.WEEKLY, None)
    on_the_last_day = replace(student, now=NOW + timedelta(days=6))
    assert read_plans(on_the_last_day, None).plans[0].plan_id == before.plan_id
    (after,) = read_plans(replace(student, now=NOW + timedelta(days=7)), None).plans
    assert (after.plan.start_date, after.plan.end_date) == ("2026-12-05", "2026-12-11")
    assert read_plans(replace(student, now=NOW + timedelta(days=8)), None).plans == [after]


def test_goals_of_mastered_concepts_are_revisions(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann", exam_date="2026-12-28")
    school.answers(student, "concept  right  days_ago\n" + "Geometry 1  true  40\n" * 8)
    (revision,) = make_plan(student, PlanType.DAILY, None).plan.revisions
    assert re.fullmatch(r"Revise “Geometry 1” \(mastery [6-9]\d\)\.", revision.goals[0])


def test_adopted_plan_of_any_form_is_shown(school: School) -> None:
    student = school.user("ann")
    for content in ({"a": 1}, [{"topic_id": 3, "topic_name": "Old", "allocated_hours": 2}], "x"):
        school.store(
            StudyPlan,
            student_id=student.user.student_id,
            plan_type="daily",
            start_date=NOW,
            end_date=NOW,
            topics=content,
        )
    plans = list_live_plans(student, str(student.user.student_id), None, 10).plans
    assert sorted(len(it.topics) for it in plans) == [0, 0, 1]
    assert len(read_plans(student, None).plans) == 3


def test_teachers_make_plans_for_their_own_students_only(school: School) -> None:
    student, teacher = school.user("ann"), school.user("tea", Role.TEACHER)
    student_id = str(student.user.student_id)
    with pytest.raises(StudentClosed):
        make_live_plan(teacher, student_id, PlanType.DAILY, None)
    school.school_class(teacher, [student])
    assert make_live_plan(teacher, student_id, PlanType.DAILY, None).plan.topics == []
