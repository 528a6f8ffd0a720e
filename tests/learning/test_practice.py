"""Answers: grading, storage, and the mastery that follows from them."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from lib.deps import Deps
from lib.errors import StudentNotFound
from lib.learning.current_user import Call
from lib.learning.database import postgres_session
from lib.learning.errors import (
    AttemptIdTaken,
    NotStudent,
    PracticeQuestionNotFound,
    StudentClosed,
)
from lib.learning.mastery.read import list_live_mastery, read_live_mastery, read_mastery
from lib.learning.practice.attempts import list_attempts, list_live_attempts, record
from lib.learning.practice.wire import AttemptIn
from lib.learning.syllabus.grading import is_correct, number_of, option_fault
from lib.learning.tables import ConceptMastery, QuestionAttempt
from lib.learning.tables.closed_lists import Role
from tests.learning.rows import columns_of, rows
from tests.learning.school import FIRST_RIGHT, School

TOPICS = """
    topic    weight  hours  concepts
    Algebra  100     4      2
"""


@pytest.mark.parametrize(
    ("question_type", "right", "answer", "expected"),
    [
        ("mcq", "Paris", "paris", True),
        ("mcq", "Paris", " Paris ", True),
        ("mcq", "Paris", "Pari", False),
        ("mcq", "STRASSE", "straße", True),
        ("true_false", "true", "True", True),
        ("true_false", "true", "false", False),
        ("true_false", "true", "yes", False),
        ("numerical", "0.3", "0.31", True),  # numbers may differ by 0.01
        ("numerical", "0.3", "0.29", True),
        ("numerical", "0.3", "0.311", False),
        ("numerical", "0.3", "0,3", True),
        ("numerical", "-2", "\u22122.0", True),
        ("numerical", "1000", "1e3", True),
        ("numerical", "1000", "1_000", False),
        ("numerical", "2", "nan", False),
        ("numerical", "2", "inf", False),
        ("numerical", "2", "two", False),
        ("numerical", "two", "Two", True),
    ],
)
def test_answer_is_graded_by_the_type_of_its_question(
    question_type: str, right: str, answer: str, *, expected: bool
) -> None:
    assert is_correct(question_type, right, answer) is expected


@pytest.mark.parametrize(
    ("question_type", "options", "answer", "fault"),
    [
        ("mcq", ["a", "b"], "A ", None),
        ("mcq", ["a", "b"], "c", "correct_answer"),
        ("mcq", ["a", " A"], "a", "options"),
        ("mcq", None, "a", "options"),
        ("numerical", None, "1.5", None),
        ("numerical", None, "x", "correct_answer"),
        ("numerical", ["1", "2"], "1", "options"),
        ("true_false", None, "TRUE", None),
        ("true_false", None, "1", "correct_answer"),
    ],
)
def test_options_and_right_answer_must_fit_the_type_of_the_question(
    question_type: str, options: list[str] | None, answer: str, fault: str | None
) -> None:
    problem = option_fault(question_type, options, answer)
    assert (problem and problem.partition(":")[0]) == fault


def test_number_has_one_decimal_separator() -> None:
    assert (number_of("1,234.5"), number_of("1,5"), number_of("")) == (None, 1.5, None)


def test_answers_change_mastery_and_are_listed(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    scores = school.answers(
        student,
        """
            concept    right  seconds  confidence  days_ago
            Algebra 1  true   60       3           2
            Algebra 1  false  30       5           1
            Algebra 2  true   60       3           0
        """,
    )
    # The second answer is another try, so half of the step of 1 / 1.05 counts, for the error of
    # 1 / (1 + exp(-0.23685 - 1.17)): skill 0.23685 - 0.3825 = -0.14565.
    # The third is about a new concept, whose skill begins at 0.7 of the overall ability. That rose
    # to 0.4 x 0.23685 and fell by half of 0.4 / 1.02 times 1 / (1 + exp(-0.09474 - 1.17)), to
    # -0.05817: the skill begins at -0.05817 x 0.7 = -0.04072, and rises by 0.24429.
    assert [round(score, 2) for score in scores] == [FIRST_RIGHT, 61.64, 69.5]
    own_id = str(student.user.student_id)
    expected = """
        mastery_score  total_attempts  accuracy
        61.64          2               50.0
        69.5           1               100.0
    """
    live = [it.model_dump() for it in list_live_mastery(student, own_id).root]
    assert columns_of(live, expected) == rows(expected)
    newest = [(it.is_correct, it.time_taken) for it in list_live_attempts(student, own_id).root]
    assert newest == [(True, 60), (False, 30), (True, 60)]
    detail = read_live_mastery(student, own_id, str(school.concept("Algebra 1")))
    assert (detail.correct_attempts, detail.avg_time_seconds, detail.avg_confidence) == (1, 45, 4)
    (topic,) = read_mastery(student, None).topics
    assert (round(topic.mastery_score, 2), topic.band) == (65.57, "good")


def test_pages_of_answers_join_without_gap_or_overlap(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    school.answers(student, "concept  right\n" + "Algebra 1  true\n" * 5)
    pages, position = [], None
    for _ in range(3):
        page = list_attempts(student, None, position, 2)
        pages.append([it.id for it in page.attempts])
        position = page.next_cursor
    assert [len(page) for page in pages] == [2, 2, 1]
    assert position is None
    assert len({it for page in pages for it in page}) == 5


def test_repeated_id_stores_one_answer(school: School) -> None:
    school.syllabus(TOPICS)
    student, other = school.user("ann"), school.user("bob")
    body = AttemptIn(
        id=uuid4(),
        question_id=str(school.question("Algebra 1")),
        answer="true",
        time_taken_seconds=60,
        confidence=3,
    )
    first, second = record(student, body), record(student, body)
    assert first == second
    assert school.db.execute(select(func.count()).select_from(QuestionAttempt)).scalar_one() == 1
    for caller, change in (
        (other, {}),
        (student, {"question_id": str(school.question("Algebra 2"))}),
        (student, {"answer": "false"}),
    ):
        repeated_body = body.model_copy(update=change)
        with pytest.raises(AttemptIdTaken):
            record(caller, repeated_body)


def test_answer_needs_a_student_and_a_question(school: School) -> None:
    school.syllabus(TOPICS)
    body = AttemptIn(
        question_id=str(school.question("Algebra 1")),
        answer="true",
        time_taken_seconds=60,
        confidence=3,
    )
    with pytest.raises(NotStudent):
        record(school.call("author"), body)
    for question_id in ("00000000-0000-4000-8000-000000000000", 7, "x", "9" * 30):
        with pytest.raises(PracticeQuestionNotFound):
            record(
                school.user(f"ann {question_id}"[:50]),
                body.model_copy(update={"question_id": question_id}),
            )


def test_teachers_see_their_own_students_only(school: School) -> None:
    school.syllabus(TOPICS)
    student, stranger = school.user("ann"), school.user("bob")
    teacher, other = school.user("tea", Role.TEACHER), school.user("zoe", Role.TEACHER)
    school.school_class(teacher, [student])
    own_id = str(student.user.student_id)
    assert list_attempts(teacher, own_id, None, 10).attempts == []
    for caller, student_id in ((other, own_id), (teacher, str(stranger.user.student_id))):
        with pytest.raises(StudentClosed):
            list_attempts(caller, student_id, None, 10)
    with pytest.raises(StudentNotFound):
        list_attempts(school.user("root", Role.ADMIN), "7", None, 10)


def test_simultaneous_answers_all_count(deps: Deps) -> None:
    with postgres_session(deps) as db:
        school = School(db, deps.settings)
        school.syllabus(TOPICS)
        student = school.user("ann")
        body = AttemptIn(
            question_id=str(school.question("Algebra 1")),
            answer="true",
            time_taken_seconds=60,
            confidence=3,
        )
        barrier = threading.Barrier(4)

        def answer() -> None:
            with postgres_session(deps) as own_db:
                barrier.wait()
                record(Call(own_db, student.user, school.now), body)

        threads = [threading.Thread(target=answer) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        db.rollback()
        (mastery,) = list_live_mastery(student, str(student.user.student_id)).root
        assert mastery.total_attempts == 4


def test_live_lists_hold_the_newest_100_answers_and_what_was_practised(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    own_id = str(student.user.student_id)
    for number in range(101):
        school.store(
            QuestionAttempt,
            student_id=student.user.student_id,
            question_id=school.question("Algebra 1"),
            answer="true",
            is_correct=True,
            time_taken_seconds=1 + number,
            timestamp=school.now + timedelta(seconds=number),
        )
    times = [it.time_taken for it in list_live_attempts(student, own_id).root]
    assert times == [float(101 - number) for number in range(100)]
    school.store(
        ConceptMastery,
        student_id=student.user.student_id,
        concept_id=school.concept("Algebra 1"),
        total_attempts=0,
    )
    assert list_live_mastery(student, own_id).root == []
