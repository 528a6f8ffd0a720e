"""Progress: 30 days in UTC, what moved this week, and frequent mistakes."""

from datetime import UTC, timedelta

from lib.learning.progress.read import read_progress
from tests.learning.rows import columns_of, rows
from tests.learning.school import NOW, School

TOPICS = """
    topic     weight  hours  concepts
    Algebra   60      4      1
    Geometry  40      2      2
"""


def test_timeline_has_30_days_with_their_answers(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    school.answers(
        student,
        """
            concept     right  days_ago
            Algebra 1   true   40
            Algebra 1   true   29
            Geometry 1  false  3
            Geometry 1  true   0
        """,
    )
    progress = read_progress(student, None)
    today = NOW.astimezone(UTC).date()
    days = [(today - timedelta(days=29 - number)).isoformat() for number in range(30)]
    assert [it.date for it in progress.timeline] == days
    assert (progress.questions_attempted, progress.accuracy, progress.timezone) == (4, 75, "UTC")
    expected = """
        questions_attempted  correct  accuracy  mastery_score
        1                    1        100.0     43.27
        1                    0        0.0       52.96
        1                    1        100.0     53.86
    """
    # Algebra: 72.12 after the second right answer, times its weight 0.6: 43.27. Geometry has two
    # concepts: 48.41 in one after a wrong answer is 24.2 in the topic, times 0.4: 9.68; then 52.94
    # in that concept is 26.47 in the topic, times 0.4: 10.59.
    practised = [it.model_dump() for it in progress.timeline if it.questions_attempted]
    assert columns_of(practised, expected) == rows(expected)
    assert progress.mastery_score == progress.timeline[-1].mastery_score


def test_topics_that_moved_in_seven_days_are_listed(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    school.answers(
        student,
        """
            concept     right  confidence  days_ago
            Algebra 1   true   5           10
            Algebra 1   false  1           6
            Geometry 1  true   3           8
            Geometry 2  true   1           6
        """,
    )
    progress = read_progress(student, None)
    # Algebra: 70.2, then 61.64 (see test_practice). Geometry has the mean of its two concepts:
    # of 71.33 and 0, then of 71.33 and 69.06.
    expected = """
        topic_name  before  now   change  is_large
        Geometry    35.66   70.2  34.53   true
    """
    assert columns_of([it.model_dump() for it in progress.rose], expected) == rows(expected)
    expected = """
        topic_name  before  now   change  is_large
        Algebra     70.2    61.64  -8.56  false
    """
    assert columns_of([it.model_dump() for it in progress.fell], expected) == rows(expected)


def test_chance_of_a_right_answer_falls_with_time_and_with_wrong_answers(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    school.answers(
        student,
        """
            concept     right  days_ago
            Algebra 1   true   20
            Geometry 1  true   0
        """,
    )
    (first, second) = read_progress(student, None).today
    assert [it.topic_name for it in (first, second)] == ["Algebra", "Geometry"]
    assert first.expected_accuracy < second.expected_accuracy - 1
    school.answers(student, "concept  right\nGeometry 1  false\nGeometry 1  false")
    after = {it.topic_name: it.expected_accuracy for it in read_progress(student, None).today}
    assert after["Geometry"] < second.expected_accuracy - 5


def test_frequent_wrong_answers_are_listed_by_concept(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    school.answers(student, "concept  right\n" + "Algebra 1  false\n" * 3 + "Geometry 1  false\n")
    mistakes = read_progress(student, None).mistakes
    counts = [(it.concept_name, it.wrong_answers, len(it.most_common)) for it in mistakes]
    assert counts == [("Algebra 1", 3, 1), ("Geometry 1", 1, 1)]
    assert (mistakes[0].most_common[0].answer, mistakes[0].most_common[0].count) == ("false", 3)


def test_student_without_answers_has_an_empty_month(school: School) -> None:
    school.syllabus(TOPICS)
    progress = read_progress(school.user("ann"), None)
    assert (progress.accuracy, progress.rose, progress.fell, progress.mistakes) == (
        None,
        [],
        [],
        [],
    )
    assert {it.mastery_score for it in progress.timeline} == {0}
