"""What is recommended, on Postgres and SQLite alike."""

import pytest

from lib.learning.errors import NotStudent, StudentClosed
from lib.learning.recommendations.recommend import (
    EVERYTHING_MASTERED,
    PREREQUISITES_FIRST,
    explain_live,
    recommend,
    recommend_live_concepts,
    recommend_live_next,
    recommend_live_top,
)
from lib.learning.recommendations.wire import NothingOut
from lib.learning.tables.closed_lists import Role
from tests.learning.rows import drawn, rows
from tests.learning.school import School

TOPICS = """
    topic      weight  hours  needs    concepts
    Algebra    50      4      -        2
    Geometry   30      2      -        1
    Calculus   20      5      Algebra  1
"""


def test_only_open_topics_are_recommended_the_most_important_first(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    expected = """
        topic_name  priority_score  current_mastery  expected_marks_gain
        Geometry    64.14           0                30.0
        Algebra     67.64           0                50.0
    """
    # Algebra: 0.4 x 100 + 0.3 x 50 + 0.2 x 100 (1 - 180/365) + 0.1 x 100/4 = 40 + 15 + 10.14 + 2.5
    # Geometry: 40 + 0.3 x 30 + 10.14 + 0.1 x 100/2 = 40 + 9 + 10.14 + 5
    ranked = recommend_live_top(student, str(student.user.student_id), 5, 60)
    found = [it.model_dump() for it in ranked.recommendations]
    assert drawn(found, expected) == sorted(rows(expected), key=lambda it: -it["priority_score"])


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
        answer = recommend(student, None, 5, 60)
        names.append([it.topic_name for it in answer.recommendations])
    assert names == [["Geometry", "Algebra"], ["Geometry", "Calculus"]]


def test_mastery_below_the_minimum_keeps_a_topic_closed(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    # 100 x (0.5 x 1 + 0.2 x 1 + 0.2 x 1/5 + 0.1 x 0.5) = 79, and with a slow answer 59.67
    scores = school.answers(
        student,
        """
            concept    right  confidence  seconds
            Algebra 1  true   1           60
            Algebra 2  true   1           3600
        """,
    )
    assert [round(score, 2) for score in scores] == [79.0, 59.33]
    names = [it.topic_name for it in recommend(student, None, 5, 60).recommendations]
    assert names == ["Geometry"]


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
    ("exam_date", "days", "urgency"),
    [
        (None, 180, 50.68),
        ("2026-11-29", 1, 99.73),
        ("2028-11-28", 731, 0.0),
        ("2026-11-01", -27, 100.0),
    ],
)
def test_urgency_grows_towards_the_exam(
    school: School, exam_date: str | None, days: int, urgency: float
) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann", exam_date=exam_date)
    components = recommend(student, None, 1, 60).recommendations[0].components
    assert (components.time_to_exam_days, components.urgency_factor) == (days, urgency)


def test_explanation_has_every_number_and_what_the_topic_unlocks(school: School) -> None:
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
    explained = explain_live(student, str(student.user.student_id), str(school.topic("Algebra")))
    assert explained.components.model_dump() == {
        # concept 1: 100 x (0.5 x 1/2 + 0.2 + 0.2 x 3/5 + 0.1 x 0.5) = 62, and the mean with 0 is 31
        "mastery_gap": 69.0,
        "current_mastery": 31.0,
        "current_accuracy": 50.0,
        "exam_weightage": 50.0,
        "urgency_factor": 50.68,
        "time_to_exam_days": 180,
        "efficiency_factor": 25.0,
        "estimated_hours": 4.0,
        "dependencies_unlocked": 1,
        "expected_marks_gain": 34.5,
    }
    for part in ("50.0 %", "31 %", "34.5 %", "4 hours", "180 days", "Calculus"):
        assert part in explained.explanation


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
    sent = str(student.user.student_id)
    found = recommend_live_concepts(student, sent, str(school.topic("Algebra")), 5)
    expected = """
        concept_name  current_mastery  priority
        Algebra 2     0.0              100.0
        Algebra 1     87.0             13.0
    """
    assert drawn([it.model_dump() for it in found.concepts], expected) == rows(expected)


def test_nothing_open_says_what_to_do(school: School) -> None:
    school.syllabus("""
        topic     weight  hours  needs
        Algebra   50      4      -
        Calculus  50      5      Algebra
    """)
    student = school.user("ann")
    sent = str(student.user.student_id)
    school.answers(
        student,
        """
            concept    right  confidence  seconds
            Algebra 1  true   1           3600
        """,
    )
    blocked = recommend_live_next(student, sent, 50)
    assert blocked == NothingOut(message=PREREQUISITES_FIRST)
    assert recommend(student, None, 5, 0).message == EVERYTHING_MASTERED


def test_topics_without_concepts_are_never_recommended(school: School) -> None:
    school.syllabus("""
        topic    weight  hours  concepts
        Unit     100     4      0
    """)
    assert recommend(school.user("ann"), None, 5, 60).recommendations == []


def test_users_who_are_no_students_name_one(school: School) -> None:
    school.syllabus(TOPICS)
    student, other = school.user("ann"), school.user("bob")
    with pytest.raises(NotStudent):
        recommend(school.user("tea", Role.TEACHER), None, 5, 60)
    for caller, sent in (
        (other, str(student.user.student_id)),
        (school.call("tea"), str(student.user.student_id)),
        (student, "00000000-0000-4000-8000-000000000000"),
    ):
        with pytest.raises(StudentClosed):
            recommend(caller, sent, 5, 60)
    admin = school.user("root", Role.ADMIN)
    assert recommend(admin, str(student.user.student_id), 5, 60).count == 2
