"""Classes: joining, moves, marks, and a teacher's view; on Postgres and SQLite alike."""

from typing import Any

import pytest
from sqlalchemy import update

from lib.errors import StudentNotFound
from lib.learning.class_analytics.figures import critical_topics
from lib.learning.class_analytics.read import (
    Filters,
    compare_live,
    read_class_analytics,
    read_live_at_risk,
    read_live_class,
    read_live_predictions,
    read_live_weak_topics,
)
from lib.learning.classes.manage import (
    change_class,
    create_class,
    join_class,
    list_classes,
    move_students,
    read_class,
)
from lib.learning.classes.marks import enter_marks, list_marks
from lib.learning.classes.wire import ClassChangeIn, ClassIn, JoinIn, MarksIn, MoveIn
from lib.learning.current_user import Call
from lib.learning.errors import ClassClosed, JoinCodeUnknown, StudentClosed, TopicNotFound
from lib.learning.tables import StudentProfile
from lib.learning.tables.closed_lists import Role
from tests.learning.rows import columns_of, rows
from tests.learning.school import School

TOPICS = """
    topic     weight  hours
    Algebra   60      4
    Geometry  30      2
    Dances    10      1
"""
RIGHT = """
    concept     right  confidence
    Algebra 1   true   5
    Geometry 1  true   5
"""


@pytest.fixture
def teacher(school: School) -> Call:
    school.syllabus(TOPICS)
    return school.user("tea", Role.TEACHER)


def test_students_join_with_the_current_code_only(school: School, teacher: Call) -> None:
    new_class = create_class(teacher, ClassIn(name="10a", grade=10)).class_
    code, class_id = new_class.join_code or "", str(new_class.id)
    student = school.user("ann")
    assert list_classes(student).classes == []
    (own_class,) = join_class(student, JoinIn(code=f" {code[:4]} {code[4:].lower()}")).classes
    assert (own_class.name, own_class.student_count, own_class.join_code) == ("10a", 1, None)
    second_code = change_class(teacher, class_id, ClassChangeIn(open_to_join=True)).class_.join_code
    assert second_code not in {None, code}
    change = ClassChangeIn(open_to_join=False, name="10b")
    closed_class = change_class(teacher, class_id, change).class_
    assert (closed_class.join_code, closed_class.name) == (None, "10b")
    for old_code in (code, second_code or ""):
        with pytest.raises(JoinCodeUnknown):
            join_class(school.user(f"bob {old_code}"), JoinIn(code=old_code))
    assert [it.student_name for it in read_class(teacher, class_id).members] == ["ann"]


def test_students_are_moved_together_or_not_at_all(school: School, teacher: Call) -> None:
    ann, bob, zoe = (school.user(name) for name in ("ann", "bob", "zoe"))
    first = school.school_class(teacher, [ann, bob])
    second = school.school_class(teacher, [])
    other_teachers_class = school.school_class(school.user("tom", Role.TEACHER), [zoe])
    ids = [str(it.user.student_id) for it in (ann, bob, zoe)]
    with pytest.raises(StudentClosed):
        move_students(teacher, first, MoveIn(student_ids=ids, to_class_id=second))
    move = MoveIn(student_ids=ids[:1], to_class_id=other_teachers_class)
    with pytest.raises(ClassClosed):
        move_students(teacher, first, move)
    assert len(read_class(teacher, first).members) == 2
    response = move_students(teacher, first, MoveIn(student_ids=ids[:1], to_class_id=second))
    assert response.message == "1 student was moved."
    assert [it.student_name for it in response.members] == ["bob"]
    assert move_students(teacher, first, MoveIn(student_ids=ids[1:2])).members == []
    assert list_classes(bob).classes == []


def test_class_of_another_teacher_is_open_only_to_admins(school: School, teacher: Call) -> None:
    class_id = school.school_class(teacher, [school.user("ann")])
    other, admin = school.user("tom", Role.TEACHER), school.user("root", Role.ADMIN)
    for requested_id in (class_id, "00000000-0000-4000-8000-000000000000", "7"):
        with pytest.raises(ClassClosed):
            read_class(other, requested_id)
    assert list_classes(other).classes == []
    assert [str(it.id) for it in list_classes(admin).classes] == [class_id]
    assert len(read_class(admin, class_id).members) == 1


def test_marks_are_entered_for_own_students_and_replaced(school: School, teacher: Call) -> None:
    ann, bob = school.user("ann"), school.user("bob")
    class_id = school.school_class(teacher, [ann])
    own_id, other_id = str(ann.user.student_id), str(bob.user.student_id)
    body = {
        "exam": "Mock",
        "exam_date": "2026-11-02",
        "marks": [{"student_id": own_id, "mark": 40}],
    }
    enter_marks(teacher, MarksIn.model_validate(body))
    body["marks"] = [{"student_id": own_id, "mark": 45}]
    enter_marks(teacher, MarksIn.model_validate(body))
    both_marks = [{"student_id": own_id, "mark": 1}, {"student_id": other_id, "mark": 1}]
    body_with_both = MarksIn.model_validate(body | {"marks": both_marks})
    with pytest.raises(StudentClosed):
        enter_marks(teacher, body_with_both)
    expected = """
        exam  exam_date    mark
        Mock  2026-11-02  45.0
    """
    for marks in (list_marks(ann, None, None), list_marks(teacher, None, class_id)):
        assert columns_of([it.model_dump() for it in marks.marks], expected) == rows(expected)
    assert list_marks(bob, None, None).marks == []
    assert read_class_analytics(teacher, class_id, Filters()).avg_mark == 45


def test_last_mark_of_a_student_counts(school: School, teacher: Call) -> None:
    ann = school.user("ann")
    school.school_class(teacher, [ann])
    by_number = {"student_id": "7", "mark": 70}
    school.db.execute(update(StudentProfile).values(former_id=7))
    school.db.commit()
    by_id = {"student_id": str(ann.user.student_id), "mark": 40}
    for marks, last_mark in (([by_id, by_number], 70), ([by_number, by_id], 40)):
        body = MarksIn.model_validate({"exam": "E", "exam_date": None, "marks": marks})
        stored_marks = enter_marks(teacher, body).marks
        assert [(it.mark, it.exam_date) for it in stored_marks] == [(last_mark, "2026-11-28")]
        assert list_marks(ann, None, None).marks == stored_marks


def test_marks_of_unknown_students_are_refused(school: School, teacher: Call) -> None:
    school.school_class(teacher, [school.user("ann")])
    admin = school.user("root", Role.ADMIN)
    body: dict[str, Any] = {"exam": "E", "exam_date": None, "marks": []}
    for unknown_id in ("0", "7", "x", "01a2204d-f21d-701b-a568-04c257d3f513"):
        body["marks"] = [{"student_id": unknown_id, "mark": 1}]
        with pytest.raises(StudentClosed):
            enter_marks(teacher, MarksIn.model_validate(body))
        with pytest.raises(StudentNotFound):
            enter_marks(admin, MarksIn.model_validate(body))


def test_mean_mark_comes_from_the_newest_exam_of_the_filtered_students(
    school: School, teacher: Call
) -> None:
    ann, bob, cem = (school.user(name) for name in ("ann", "bob", "cem"))
    class_id = school.school_class(teacher, [ann, bob])
    school.school_class(teacher, [cem])
    for exam, day, student, mark in (
        ("Algebra", "2026-11-02", ann, 40),
        ("Algebra", "2026-11-02", bob, 60),
        ("Geometry", "2026-11-02", bob, 90),
        ("Geometry", "2026-11-01", ann, 10),
        ("Algebra", "2026-11-03", cem, 100),
    ):
        marks = [{"student_id": str(student.user.student_id), "mark": mark}]
        body = MarksIn.model_validate({"exam": exam, "exam_date": day, "marks": marks})
        enter_marks(teacher, body)
    only_ann, only_bob = str(ann.user.student_id), str(bob.user.student_id)
    for only, mean in ((None, 50), (only_ann, 40), (only_bob, 60)):
        assert read_class_analytics(teacher, class_id, Filters(only)).avg_mark == mean


def test_figures_of_a_class_are_given_for_each_topic(school: School, teacher: Call) -> None:
    ann, bob = school.user("ann"), school.user("bob")
    class_id = school.school_class(teacher, [ann, bob])
    school.answers(ann, RIGHT)
    # ann: 70.2, then 71.33, since the first answer raised the overall ability; bob: no answers
    expected = """
        topic_name  avg_mastery  student_count
        Algebra     35.1         2
        Geometry    35.66        2
        Dances      0.0          2
    """
    live_class = read_live_class(teacher, class_id, Filters())
    assert columns_of(
        [it.model_dump() for it in live_class.avg_mastery_by_topic], expected
    ) == rows(expected)
    # ann's mean weighted by marks: 0.6 x 70.2 + 0.3 x 71.33 = 63.52; the class's mean is half of it
    assert (round(live_class.avg_mastery, 2), live_class.student_count) == (31.76, 2)
    expected = """
        topic_name  avg_mastery  struggling_students
        Dances      0.0          2
        Algebra     35.1         1
        Geometry    35.66        1
    """
    weak = read_live_weak_topics(teacher, class_id, 40, Filters()).root
    assert columns_of([it.model_dump() for it in weak], expected) == rows(expected)
    assert len(read_live_weak_topics(teacher, class_id, 35, Filters()).root) == 1


def test_students_at_risk_are_weak_in_critical_topics(school: School, teacher: Call) -> None:
    # Algebra alone makes up half of the marks, so it is the critical topic.
    ann, bob, cas = (school.user(name) for name in ("ann", "bob", "cas"))
    class_id = school.school_class(teacher, [ann, bob, cas])
    school.answers(ann, RIGHT)
    school.answers(
        bob,
        """
            concept    right
            Algebra 1  false
            Algebra 1  true
        """,
    )
    # bob: the skill falls by 0.76315; another try raises it by 0.5 / 1.05 times the residual
    # 1 - 1 / (1 + exp(0.76315 - 1.17)), to -0.57277: the mastery is 100 / (1 + exp(-0.0472))
    expected = """
        student_name  avg_mastery  risk_level
        cas           0.0          high
        bob           51.18        medium
    """
    at_risk = read_live_at_risk(teacher, class_id, Filters()).root
    assert columns_of([it.model_dump() for it in at_risk], expected) == rows(expected)
    assert [it.topic_name for it in at_risk[1].weak_topics] == ["Geometry", "Dances"]


def test_filters_choose_student_topic_and_period(school: School, teacher: Call) -> None:
    ann, bob = school.user("ann"), school.user("bob")
    class_id = school.school_class(teacher, [ann, bob])
    school.answers(
        ann,
        """
            concept     right  confidence  days_ago
            Algebra 1   true   5           10
            Geometry 1  true   5           0
        """,
    )
    only_ann = Filters(student_id=str(ann.user.student_id))
    assert read_live_class(teacher, class_id, only_ann).student_count == 1
    only_topic = Filters(topic_id=str(school.topic("Geometry")))
    by_topic = read_live_class(teacher, class_id, only_topic).avg_mastery_by_topic
    assert [(it.topic_name, round(it.avg_mastery, 2)) for it in by_topic] == [("Geometry", 35.66)]
    today = school.now.date()
    period = Filters(since=today, until=today)
    by_topic = read_live_class(teacher, class_id, period).avg_mastery_by_topic
    assert [round(it.avg_mastery, 2) for it in by_topic] == [0, 35.66, 0]
    with pytest.raises(TopicNotFound):
        read_live_class(teacher, class_id, Filters(topic_id="7"))


def test_prediction_for_an_empty_class_is_0_with_low_confidence(
    school: School, teacher: Call
) -> None:
    class_id = school.school_class(teacher, [])
    empty = read_live_predictions(teacher, class_id, Filters())
    assert (empty.predicted_avg_score, empty.confidence_level) == (0, "low")
    assert critical_topics([]) == []


def test_class_is_predicted_from_its_students(school: School, teacher: Call) -> None:
    students = [school.user(name, exam_date="2026-12-12") for name in ("ann", "bob", "cas")]
    class_id = school.school_class(teacher, students)
    for student in students[1:]:
        school.answers(student, RIGHT)
    analytics = read_class_analytics(teacher, class_id, Filters())
    assert [it.student_name for it in analytics.predictions[:1]] == ["ann"]
    for each in analytics.predictions:
        interval = each.confidence_interval
        assert 0 <= interval.lower < each.predicted_score < interval.upper <= 100
    mean = sum(it.predicted_score for it in analytics.predictions) / 3
    assert analytics.predicted_avg_score == pytest.approx(mean, abs=0.5)
    # Errors about single students average out.
    width = analytics.confidence_interval.upper - analytics.confidence_interval.lower
    widths = [
        it.confidence_interval.upper - it.confidence_interval.lower for it in analytics.predictions
    ]
    assert width < max(widths)


def test_student_is_compared_without_the_figures_of_others(school: School, teacher: Call) -> None:
    ann, bob, cas = (school.user(name) for name in ("ann", "bob", "cas"))
    class_id = school.school_class(teacher, [ann, bob])
    school.answers(ann, RIGHT)
    bob_id = str(bob.user.student_id)
    comparison = compare_live(bob, bob_id, class_id)
    assert (round(comparison.avg_mastery, 2), round(comparison.class_avg_mastery, 2)) == (0, 31.76)
    assert (comparison.rank, comparison.total_students) == (2, 2)
    expected = """
        topic_name  student_mastery  class_avg_mastery  difference  marked
        Algebra     0.0              35.1               -35.1       true
        Geometry    0.0              35.66              -35.66      true
        Dances      0.0              0.0                0.0         false
    """
    assert columns_of([it.model_dump() for it in comparison.topic_comparison], expected) == rows(
        expected
    )
    assert "ann" not in comparison.model_dump_json()
    assert compare_live(teacher, str(ann.user.student_id), None).rank == 1
    for caller, student_id, in_class in (
        (cas, str(cas.user.student_id), None),
        (bob, bob_id, "7"),
        (bob, bob_id, school.school_class(teacher, [])),
    ):
        with pytest.raises(ClassClosed):
            compare_live(caller, student_id, in_class)
    with pytest.raises(StudentClosed):
        compare_live(cas, bob_id, None)
