"""Recommendations, on Postgres and SQLite alike."""

from uuid import uuid4

import pytest

from lib.learning.errors import NotStudent, OwnChoice, StudentClosed
from lib.learning.plan_arms.assign import assign_arms
from lib.learning.plan_arms.wire import PlanArmsIn
from lib.learning.plans.make import make_plan
from lib.learning.recommendations.open_now import recommend_live_concepts
from lib.learning.recommendations.recommend import (
    ALL_REACHED,
    NO_MARKS,
    NO_MARKS_BELOW,
    NONE_OPEN,
    NOTHING_TO_PRACTISE,
    OPEN_REACHED,
    OWN_CHOICE,
    explain_live,
    recommend,
    recommend_live_next,
    recommend_live_top,
)
from lib.learning.recommendations.wire import NothingOut
from lib.learning.tables import TopicPrerequisite
from lib.learning.tables.closed_lists import PlanType, Role
from tests.learning.rows import columns_of, rows
from tests.learning.school import School

TOPICS = """
    topic      weight  hours  needs    concepts
    Algebra    50      4      -        2
    Geometry   30      2      -        1
    Calculus   20      5      Algebra  1
"""


def test_only_open_topics_are_recommended_the_most_rewarding_first(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    ranked = recommend_live_top(student, str(student.user.student_id), 5, 60).recommendations
    # 50 % of the marks in 4 hours, or 30 % in 2 hours: a minute of Geometry brings more
    assert [it.topic_name for it in ranked] == ["Geometry", "Algebra"]
    assert ranked[0].priority_score == 100 > ranked[1].priority_score > 0
    for it, weightage in zip(ranked, (30, 50), strict=True):
        assert it.exam_weightage == weightage
        assert it.current_mastery == 0
        assert 0 < it.expected_marks_gain <= weightage


def test_reasons_are_numbers_and_a_sentence_with_an_alternative(school: School) -> None:
    school.syllabus(TOPICS)
    best = recommend(school.user("ann", exam_date="2026-12-28"), None, 1, None).recommendations[0]
    reasons = best.components
    assert (reasons.time_to_exam_days, reasons.exam_weightage, reasons.is_revision) == (
        30,
        30,
        False,
    )
    assert 0 < reasons.session_marks < reasons.expected_marks_gain <= 30
    assert round(reasons.session_marks * 60 / reasons.session_minutes) == round(
        reasons.marks_per_hour
    )
    (alternative,) = best.alternatives
    assert alternative.topic_name == "Algebra"
    assert alternative.session_marks < reasons.session_marks
    for part in ("Geometry", "30.0 %", "30 days", "“Algebra” would add"):
        assert part in best.explanation


def test_known_topics_are_recommended_for_revision_unless_a_threshold_is_given(
    school: School,
) -> None:
    school.syllabus(
        """
        topic    weight  hours
        Algebra  100     1
    """,
        questions_per_concept=1,
    )
    student = school.user("ann", exam_date="2026-12-08")
    school.answers(student, "concept  right  days_ago\n" + "Algebra 1  true  60\n" * 8)
    (revision,) = recommend(student, None, 5, None).recommendations
    assert revision.components.current_mastery > 60
    assert revision.components.knowledge_at_exam < revision.components.knowledge_today
    assert recommend(student, None, 5, 60).recommendations == []


def test_students_who_decide_alone_get_no_recommendation(school: School) -> None:
    school.syllabus(TOPICS)
    student, teacher = school.user("ann"), school.user("tea", Role.TEACHER)
    class_id = school.school_class(teacher, [student])
    student_id = str(student.user.student_id)
    assert recommend(student, None, 5, None).count == 2
    arms = {"students": [{"student_id": student_id, "arm": "own"}]}
    assign_arms(teacher, class_id, PlanArmsIn.model_validate(arms))
    assert recommend(student, None, 5, None).message == OWN_CHOICE
    assert recommend_live_next(student, student_id, 60) == NothingOut(message=OWN_CHOICE)
    assert recommend_live_top(student, student_id, 5, 60).count == 0
    with pytest.raises(OwnChoice):
        make_plan(student, PlanType.DAILY, None)


def test_topic_opens_when_each_concept_of_its_prerequisite_is_mastered(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    names = []
    for concept in ("Algebra 1", "Algebra 2"):
        school.answers(
            student,
            f"""
                concept    right  confidence
                {concept}  true   5
                {concept}  true   5
                {concept}  true   5
            """,
        )
        response = recommend(student, None, 5, 60)
        names.append([it.topic_name for it in response.recommendations])
    assert names == [["Geometry", "Algebra"], ["Geometry", "Calculus"]]


def test_mastery_below_the_minimum_keeps_a_topic_closed(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    scores = school.answers(
        student,
        """
            concept    right
            Algebra 1  true
            Algebra 2  false
        """,
    )
    # A first answer moves the mastery up or down from the usual share of right answers, 65.
    assert scores[0] > 60 > scores[1] > 40
    names = {it.topic_name for it in recommend(student, None, 5, None).recommendations}
    assert names == {"Algebra", "Geometry"}


def test_equal_topics_are_ordered_by_their_ids(school: School) -> None:
    school.syllabus("""
        topic  weight  hours
        B      50      2
        A      50      2
    """)
    student = school.user("ann")
    first = [it.topic_id for it in recommend(student, None, 5, 60).recommendations]
    assert first == sorted(first)
    assert first == [it.topic_id for it in recommend(student, None, 5, 60).recommendations]


@pytest.mark.parametrize(
    ("exam_date", "days"),
    [(None, 180), ("2026-11-29", 1), ("2028-11-28", 731), ("2026-11-01", 0)],
)
def test_days_to_the_exam_are_a_reason(school: School, exam_date: str | None, days: int) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann", exam_date=exam_date)
    components = recommend(student, None, 1, 60).recommendations[0].components
    assert components.time_to_exam_days == days


def test_explanation_has_every_number_and_the_topics_that_the_topic_unlocks(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    school.answers(
        student,
        """
            concept    right
            Algebra 1  true
            Algebra 1  false
        """,
    )
    explanation = explain_live(student, str(student.user.student_id), str(school.topic("Algebra")))
    components = explanation.components.model_dump()
    # concept 1: 61.64 after a right and a wrong answer (see test_practice), concept 2: 0
    expected = {
        "mastery_gap": 69.18,
        "current_mastery": 30.82,
        "current_accuracy": 50.0,
        "exam_weightage": 50.0,
        "time_to_exam_days": 180,
        "estimated_hours": 4.0,
        "dependencies_unlocked": 1,
    }
    assert {name: components[name] for name in expected} == expected
    assert 0 < components["expected_marks_gain"] < 50
    for part in ("50.0 %", "hours", "180 days", "Calculus"):
        assert part in explanation.explanation


def test_closed_topic_is_explained_by_its_missing_prerequisites(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    explanation = explain_live(student, str(student.user.student_id), str(school.topic("Calculus")))
    assert explanation.priority_score == 0
    start = "Calculus is closed until “Algebra 1” has a mastery of 60 (now 0) and “Algebra 2” has"
    assert explanation.explanation.startswith(start)


def test_least_mastered_concepts_come_first(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    school.answers(
        student,
        """
            concept    right
            Algebra 1  true
        """,
    )
    student_id = str(student.user.student_id)
    response = recommend_live_concepts(student, student_id, str(school.topic("Algebra")), 5)
    expected = """
        concept_name  current_mastery  priority
        Algebra 2     0.0              100.0
        Algebra 1     70.2             29.8
    """
    assert columns_of([it.model_dump() for it in response.concepts], expected) == rows(expected)


def test_student_without_a_topic_to_recommend_gets_the_reason(school: School) -> None:
    school.syllabus("""
        topic     weight  hours  needs
        Algebra   50      4      -
        Calculus  50      5      Algebra
    """)
    student = school.user("ann")
    student_id = str(student.user.student_id)
    school.answers(
        student,
        """
            concept    right
            Algebra 1  false
        """,
    )
    # Even a wrong first answer leaves a mastery above 40.
    next_topic = recommend_live_next(student, student_id, 40)
    assert next_topic == NothingOut(message=OPEN_REACHED.format(40))
    assert recommend(student, None, 5, 0).message == ALL_REACHED.format(0)


@pytest.mark.parametrize(
    ("more_topics", "reason", "reason_below_60"),
    [
        ("", NONE_OPEN, NONE_OPEN),
        ("Hobby  0  1  -", NO_MARKS, NO_MARKS_BELOW.format(60)),
    ],
)
def test_only_a_cycle_of_prerequisites_closes_every_topic(
    school: School, more_topics: str, reason: str, reason_below_60: str
) -> None:
    school.syllabus(f"""
        topic     weight  hours  needs
        Algebra   50      4      -
        Calculus  50      5      Algebra
        {more_topics}
    """)
    student = school.user("ann")
    school.store(  # a cycle, which only a manual change of the tables can create
        TopicPrerequisite,
        id=uuid4(),
        topic_id=school.topic("Algebra"),
        prerequisite_topic_id=school.topic("Calculus"),
        minimum_mastery=60,
        created_at=school.now,
        updated_at=school.now,
    )
    assert recommend(student, None, 5, None).message == reason
    assert recommend(student, None, 5, 60).message == reason_below_60


def test_topics_without_concepts_are_never_recommended(school: School) -> None:
    school.syllabus("""
        topic    weight  hours  concepts
        Unit     100     4      0
    """)
    response = recommend(school.user("ann"), None, 5, 60)
    assert (response.recommendations, response.message) == ([], NOTHING_TO_PRACTISE)


@pytest.mark.parametrize(
    ("exam_date", "sentence"),
    [
        ("2026-11-27", "The exam is over; set the date of the next one."),
        ("2026-11-28", "The exam is today."),
        ("2026-11-29", "The exam is tomorrow."),
        ("2026-11-30", "The exam is in 2 days."),
    ],
)
def test_the_explanation_names_the_day_of_the_exam(
    school: School, exam_date: str, sentence: str
) -> None:
    school.syllabus(TOPICS)
    (best,) = recommend(school.user("ann", exam_date=exam_date), None, 1, None).recommendations
    assert sentence in best.explanation


def test_topics_without_concepts_do_not_change_the_marks_of_others(school: School) -> None:
    school.syllabus("""
        topic    weight  hours  concepts
        Essay    80      4      0
        Algebra  20      1      1
    """)
    student = school.user("ann")
    (best,) = recommend(student, None, 5, None).recommendations
    assert best.components.exam_weightage == 20
    # If the share were applied twice, the gain would be at most 4: 20 % of 20 %.
    assert 4 < best.components.expected_marks_gain <= 20


def test_topics_count_alike_if_none_has_a_share_of_the_exam(school: School) -> None:
    school.syllabus("""
        topic    weight  hours
        Long     0       9
        Short    0       1
    """)
    ranked = recommend(school.user("ann"), None, 5, None).recommendations
    assert [it.topic_name for it in ranked] == ["Short", "Long"]
    assert ranked[0].components.expected_marks_gain > 0


def test_open_topics_without_marks_are_not_called_closed(school: School) -> None:
    school.syllabus("""
        topic    weight  hours
        Hobby    0       1
        Algebra  100     1
    """)
    student = school.user("ann")
    school.answers(student, "concept  right\n" + "Algebra 1  true\n" * 5)
    assert recommend(student, None, 5, None).recommendations
    assert recommend(student, None, 5, 60).message == NO_MARKS_BELOW.format(60)


def test_users_who_are_not_students_must_name_one(school: School) -> None:
    school.syllabus(TOPICS)
    student, other = school.user("ann"), school.user("bob")
    with pytest.raises(NotStudent):
        recommend(school.user("tea", Role.TEACHER), None, 5, 60)
    for caller, requested_id in (
        (other, str(student.user.student_id)),
        (school.call("tea"), str(student.user.student_id)),
        (student, "00000000-0000-4000-8000-000000000000"),
    ):
        with pytest.raises(StudentClosed):
            recommend(caller, requested_id, 5, 60)
    admin = school.user("root", Role.ADMIN)
    assert recommend(admin, str(student.user.student_id), 5, 60).count == 2
