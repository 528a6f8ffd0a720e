"""Progress: 30 days in UTC, what moved this week, and frequent mistakes."""

from datetime import UTC, timedelta

from lib.learning.progress.read import read_progress
from tests.learning.rows import drawn, rows
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
        1                    1        100.0     52.2
        1                    0        0.0       59.6
        1                    1        100.0     64.6
    """
    # Algebra 87 x 0.6 = 52.2; Geometry: a wrong answer is 100 x (0.2 + 0.12 + 0.05) = 37, of which
    # half is the topic's, 0.4 x 18.5 = 7.4; then 100 x (0.25 + 0.2 + 0.12 + 0.05) = 62, of which
    # half is 0.4 x 31 = 12.4
    practised = [it.model_dump() for it in progress.timeline if it.questions_attempted]
    assert drawn(practised, expected) == rows(expected)
    assert progress.mastery_score == progress.timeline[-1].mastery_score


def test_topics_that_moved_in_seven_days_are_marked(school: School) -> None:
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
    # Algebra: 95, then 100 x (0.25 + 0.2 + 0.2 x 3/5 + 0.05) = 62; Geometry: 43.5, then 83
    expected = """
        topic_name  before  now   change  is_large
        Geometry    43.5    83.0  39.5    true
    """
    assert drawn([it.model_dump() for it in progress.rose], expected) == rows(expected)
    expected = """
        topic_name  before  now   change  is_large
        Algebra     95.0    62.0  -33.0   true
    """
    assert drawn([it.model_dump() for it in progress.fell], expected) == rows(expected)


def test_change_of_15_points_is_not_large(school: School) -> None:
    school.syllabus("""
        topic    weight  hours
        Algebra  100     4
    """)
    student = school.user("ann")
    # 100 x (0.5 + 0.2 + 0.2 x c/5 + 0.05) with confidences 5 and (5 + 2)/2: 95 and 89
    school.answers(
        student,
        """
            concept    right  confidence  days_ago
            Algebra 1  true   5           10
            Algebra 1  true   2           1
        """,
    )
    (moved,) = read_progress(student, None).fell
    assert (round(moved.change, 2), moved.is_large) == (-6.0, False)


def test_frequent_wrong_answers_are_listed_by_concept(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    school.answers(student, "concept  right\n" + "Algebra 1  false\n" * 3 + "Geometry 1  false\n")
    mistakes = read_progress(student, None).mistakes
    found = [(it.concept_name, it.wrong_answers, len(it.most_common)) for it in mistakes]
    assert found == [("Algebra 1", 3, 1), ("Geometry 1", 1, 1)]
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
