"""Study plans: never more than the declared hours, with room for revision."""

from datetime import UTC, date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.learning.decision.priority import Recommendation, judge
from lib.learning.errors import ExamOver, StudentClosed
from lib.learning.plans.make import list_live_plans, make_live_plan, make_plan, read_plans
from lib.learning.plans.planner import plan_days
from lib.learning.recommendations.recommend import EVERYTHING_MASTERED
from lib.learning.syllabus.syllabus import Syllabus, TopicRow
from lib.learning.tables import StudyPlan
from lib.learning.tables.closed_lists import PlanType, Role
from tests.learning.rows import drawn, rows
from tests.learning.school import NOW, School

TODAY = NOW.astimezone(UTC).date()
TOPICS = """
    topic     weight  hours  needs
    Algebra   50      4      -
    Geometry  30      1      -
    Calculus  20      5      Algebra
"""


def topic(number: int, weight: float, hours: float) -> TopicRow:
    return TopicRow(UUID(int=number), None, f"Topic {number}", None, weight, hours, None)


def judged(topics: list[TopicRow], masteries: list[float]) -> list[Recommendation]:
    syllabus = Syllabus({each.id: each for each in topics}, [], [])
    ranked = [
        judge(syllabus, each, mastery, 30) for each, mastery in zip(topics, masteries, strict=True)
    ]
    return sorted(ranked, key=lambda each: each.order)


some_topics = st.lists(
    st.tuples(st.floats(0, 100), st.floats(0.1, 40), st.floats(0, 59)), min_size=1, max_size=12
)


@given(some_topics, st.floats(0.5, 24), st.integers(1, 60), st.integers(0, 40))
def test_hours_of_a_day_are_never_exceeded(
    drawn_topics: list[tuple[float, float, float]], hours: float, days: int, last: int
) -> None:
    topics = [topic(number, *values[:2]) for number, values in enumerate(drawn_topics)]
    ranked = judged(topics, [values[2] for values in drawn_topics])
    studied = {topics[0].id: TODAY - timedelta(days=last)}
    plans = plan_days(ranked, hours, TODAY, days, studied, TODAY + timedelta(days=days))
    assert len(plans) == days
    for plan in plans:
        assert plan.total_hours <= hours + 1e-9
        assert len(set(plan.revision)) == len(plan.revision)
        scores = [it.recommendation.priority_score for it in plan.topics]
        assert scores == sorted(scores, reverse=True)
        assert all(it.hours <= hours / 2 + 1e-9 for it in plan.topics)
    for each in ranked:
        planned = sum(it.hours for plan in plans for it in plan.topics if it.recommendation is each)
        assert planned <= each.topic.estimated_hours * each.mastery_gap / 100 + 1e-9


@given(some_topics, st.floats(1, 24), st.integers(1, 13))
def test_week_revises_what_was_studied_before(
    drawn_topics: list[tuple[float, float, float]], hours: float, last: int
) -> None:
    topics = [topic(number, *values[:2]) for number, values in enumerate(drawn_topics)]
    ranked = judged(topics, [values[2] for values in drawn_topics])
    old = UUID(int=999)
    plans = plan_days(ranked, hours, TODAY, 7, {old: TODAY - timedelta(days=last)})
    assert any(old in plan.revision for plan in plans)


def test_revisions_follow_after_1_3_7_and_14_days() -> None:
    old = UUID(int=999)
    plans = plan_days([], 2, TODAY, 40, {old: TODAY - timedelta(days=1)})
    days = [number for number, plan in enumerate(plans) if old in plan.revision]
    assert days == [0, 3, 10, 24, 38]


def test_last_week_goes_to_the_weightiest_third() -> None:
    topics = [topic(number, weight, 50) for number, weight in enumerate((60, 30, 10))]
    plans = plan_days(judged(topics, [0, 0, 0]), 4, TODAY, 9, {}, TODAY + timedelta(days=9))
    names = [[it.recommendation.topic.name for it in plan.topics] for plan in plans]
    assert names == [["Topic 0", "Topic 1"]] * 2 + [["Topic 0"]] * 7


def test_day_is_planned_in_the_order_of_priority(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann", available_hours_per_day=2)
    plan = make_live_plan(student, str(student.user.student_id), PlanType.DAILY, None).plan
    expected = """
        topic_name  allocated_hours
        Geometry    1.0
        Algebra     1.0
    """
    assert drawn([it.model_dump() for it in plan.topics], expected) == rows(expected)
    assert (plan.date, plan.total_hours, plan.warning) == (TODAY.isoformat(), 2.0, None)
    assert plan.topics[0].goals == ["Practise “Geometry 1” until its mastery is above 60 (now 0)."]


def test_exam_plan_warns_when_the_hours_are_too_few(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann", available_hours_per_day=1, exam_date="2026-11-30")
    plan = make_plan(student, PlanType.EXAM_COUNTDOWN, None).plan
    assert [it.date for it in plan.daily_plans] == ["2026-11-28", "2026-11-29"]
    # Algebra (4 h) and Geometry (1 h) are open; half a day goes to Algebra, the weightiest third
    assert plan.warning is not None
    assert "too few by 4" in plan.warning
    assert [str(it) for it in plan.high_priority_topics] == [str(school.topic("Algebra"))]


def test_exam_plan_covers_at_most_60_days_and_no_past_exam(school: School) -> None:
    school.syllabus(TOPICS)
    far = make_plan(school.user("ann", exam_date="2027-11-28"), PlanType.EXAM_COUNTDOWN, None)
    assert len(far.plan.daily_plans) == 60
    for day in ("2026-11-28", "2026-11-01"):
        with pytest.raises(ExamOver):
            make_plan(school.user(f"bob {day}", exam_date=day), PlanType.EXAM_COUNTDOWN, None)


def test_nothing_to_study_is_said(school: School) -> None:
    plan = make_plan(school.user("ann"), PlanType.WEEKLY, date(2026, 12, 1))
    assert (plan.plan.start_date, plan.plan.end_date) == ("2026-12-01", "2026-12-07")
    assert plan.plan.warning == EVERYTHING_MASTERED


def test_new_plan_replaces_the_current_one_of_its_period(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    first = make_plan(student, PlanType.DAILY, None)
    make_plan(student, PlanType.WEEKLY, None)
    second = make_plan(student, PlanType.DAILY, None)
    current = {it.plan_type: it.plan_id for it in read_plans(student, None).plans}
    assert current[PlanType.DAILY] == second.plan_id
    listed = list_live_plans(student, str(student.user.student_id), PlanType.DAILY, 10).plans
    assert {it.plan_id: it.is_active for it in listed} == {
        first.plan_id: False,
        second.plan_id: True,
    }


def test_own_plan_is_made_anew_when_a_topic_has_moved_by_more_than_15(school: School) -> None:
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
    seen = read_plans(teacher, str(student.user.student_id)).plans[0]
    assert (seen.plan_id, seen.outdated) == (before.plan_id, True)
    after = read_plans(student, None).plans[0]
    assert after.plan_id != before.plan_id
    assert [it.topic_name for it in after.plan.topics] == ["Algebra"]


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


def test_plan_of_a_student_is_made_by_who_may_change_it(school: School) -> None:
    student, teacher = school.user("ann"), school.user("tea", Role.TEACHER)
    sent = str(student.user.student_id)
    with pytest.raises(StudentClosed):
        make_live_plan(teacher, sent, PlanType.DAILY, None)
    school.school_class(teacher, [student])
    assert make_live_plan(teacher, sent, PlanType.DAILY, None).plan.topics == []
