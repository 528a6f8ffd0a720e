"""Limits of progress: the days it covers, the changes it lists, and the number of mistakes."""

from datetime import timedelta
from typing import Any

import pytest

from lib.learning.current_user import Call
from lib.learning.practice.attempts import record
from lib.learning.practice.wire import AttemptIn
from lib.learning.progress.read import read_progress
from lib.learning.tables import QuestionAttempt
from tests.learning.school import School

TOPICS = """
    topic     weight  hours  concepts
    Algebra   50      4      1
    Geometry  30      2      3
    Logic     20      2      2
"""


def counts(student: Call) -> dict[str, int]:
    """Return the number of answers by day, for the days of the timeline with answers."""
    timeline = read_progress(student, None).timeline
    return {it.date: it.questions_attempted for it in timeline if it.questions_attempted}


def answer(school: School, student: Call, concept: str, text: str, **changes: Any) -> None:
    body = {"question_id": str(school.question(concept)), "answer": text}
    body |= {"time_taken_seconds": 60, "confidence": 3} | changes
    record(student, AttemptIn.model_validate(body))


def test_day_begins_at_midnight_in_utc(school: School) -> None:
    """It is 12:00 UTC, so half a day ago was midnight."""
    school.syllabus(TOPICS)
    student = school.user("ann")
    school.answers(
        student,
        """
            concept    right  days_ago
            Algebra 1  true   29.5
            Algebra 1  true   29.51
            Algebra 1  true   7.25
            Algebra 1  true   6.75
            Algebra 1  true   0.51
            Algebra 1  true   0.5
        """,
    )
    assert counts(student) == {
        "2026-10-30": 1,
        "2026-11-21": 2,
        "2026-11-27": 1,
        "2026-11-28": 1,
    }


def test_adopted_answer_from_a_clock_that_was_ahead_counts_today(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    school.store(
        QuestionAttempt,
        student_id=student.user.student_id,
        question_id=school.question("Algebra 1"),
        answer="true",
        is_correct=True,
        time_taken_seconds=60,
        timestamp=school.now + timedelta(days=2),
    )
    assert counts(student) == {"2026-11-28": 1}


def test_week_begins_seven_days_ago_and_not_at_midnight(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    table = "concept  right  days_ago\nAlgebra 1  true  7.01\nGeometry 1  true  6.99\n"
    school.answers(student, table)
    assert [it.topic_name for it in read_progress(student, None).rose] == ["Geometry"]


@pytest.mark.parametrize(("concepts", "is_large"), [(4, False), (3, True)])
def test_change_is_large_above_15_points(school: School, concepts: int, is_large: bool) -> None:
    """A wrong answer gives its concept 46.4: 11.6 for a topic of four concepts, 15.5 for three."""
    school.syllabus(f"topic  weight  hours  concepts\nSets  100  1  {concepts}\n")
    student = school.user("ann")
    school.answers(student, "concept  right  confidence\nSets 1  false  5\n")
    (rose,) = read_progress(student, None).rose
    assert (round(rose.change, 1), rose.is_large) == (round(46.43 / concepts, 1), is_large)


@pytest.mark.parametrize(("before", "rose"), [(2, ["Algebra"]), (120, [])])
def test_tiny_change_is_not_listed(school: School, before: int, rose: list[str]) -> None:
    """After 120 right answers to a question, another one raises the mastery by 0.02."""
    school.syllabus(TOPICS)
    student = school.user("ann")
    table = "concept  right  days_ago\n" + "Algebra 1  true  10\n" * before
    school.answers(student, f"{table}Algebra 1  true  1\n")
    assert [it.topic_name for it in read_progress(student, None).rose] == rose


def test_largest_changes_come_first(school: School) -> None:
    """B falls by 8.6 from 70.2, after one right answer; A by 7.5 from 74.7, after three."""
    school.syllabus("topic  weight  hours\nA  25  1\nB  25  1\nC  25  1\nD  25  1\n")
    student = school.user("ann")
    school.answers(
        student,
        """
            concept  right  days_ago
            B 1      true   10
            A 1      true   10
            A 1      true   10
            A 1      true   10
            B 1      false  1
            A 1      false  1
            C 1      false  1
            D 1      true   1
        """,
    )
    progress = read_progress(student, None)
    assert [it.topic_name for it in progress.rose] == ["D", "C"]
    assert [it.topic_name for it in progress.fell] == ["B", "A"]


def test_five_most_frequent_mistakes_of_the_student_are_listed(school: School) -> None:
    school.syllabus(TOPICS)
    student, other = school.user("ann"), school.user("bob")
    answer(school, other, "Algebra 1", "bob's")
    answer(school, student, "Algebra 1", "true")
    for number in range(7):
        for _ in range(2 if number == 3 else 1):
            answer(school, student, "Logic 1", f"wrong {number}")
    answer(school, student, "Geometry 1", "wrong")
    progress = read_progress(student, None)
    assert progress.questions_attempted == 10
    mistakes = [(it.concept_name, it.wrong_answers) for it in progress.mistakes]
    assert mistakes == [("Logic 1", 8), ("Geometry 1", 1)]
    most_common = progress.mistakes[0].most_common
    assert [it.count for it in most_common] == [2, 1, 1, 1, 1]
    assert most_common[0].answer == "wrong 3"
