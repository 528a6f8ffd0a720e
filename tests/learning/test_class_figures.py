"""Figures of a class: their order and thresholds, and a student who leaves while they are read."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, select

from lib.deps import Deps
from lib.learning.class_analytics.figures import critical_topics
from lib.learning.class_analytics.read import (
    Filters,
    compare_live,
    read_class_analytics,
    read_live_predictions,
)
from lib.learning.classes.manage import join_class, move_students, read_class
from lib.learning.classes.marks import enter_marks
from lib.learning.classes.wire import JoinIn, MarksIn, MoveIn
from lib.learning.current_user import Call
from lib.learning.database import postgres_session
from lib.learning.errors import ClassClosed
from lib.learning.syllabus.store import read_syllabus
from lib.learning.tables import ConceptMastery, ExamMark
from lib.learning.tables.closed_lists import Role
from tests.learning.school import School

TOPICS = """
    topic     weight  hours
    Algebra   40      4
    Geometry  40      4
    Logic     20      4
"""


def test_weakest_topics_and_students_come_first(school: School) -> None:
    school.syllabus(TOPICS)
    teacher = school.user("tea", Role.TEACHER)
    ann, bob = school.user("ann"), school.user("bob")
    class_id = school.school_class(teacher, [ann, bob])
    # Algebra: 83.7 after ann's 16 right answers, 29.4 after bob's four wrong ones
    school.answers(ann, "concept  right\n" + "Algebra 1  true\n" * 16 + "Logic 1  false\n")
    school.answers(bob, "concept  right\n" + "Algebra 1  false\n" * 4)
    analytics = read_class_analytics(teacher, class_id, Filters())
    assert [it.topic_name for it in analytics.topics] == ["Geometry", "Logic", "Algebra"]
    assert [it.topic_name for it in analytics.weak_topics] == ["Geometry", "Logic"]
    # The critical topics are Algebra and Geometry: ann has (83.7 + 0) / 2, bob (29.4 + 0) / 2.
    at_risk = [
        (it.student_name, it.risk_level, [topic.topic_name for topic in it.weak_topics])
        for it in analytics.at_risk_students
    ]
    assert at_risk == [
        ("bob", "high", ["Geometry", "Logic", "Algebra"]),
        ("ann", "medium", ["Geometry"]),
    ]


def test_student_who_leaves_while_the_class_is_read_is_not_compared(
    deps: Deps, postgres_url: str
) -> None:
    with postgres_session(deps) as db:
        school = School(db, deps.settings)
        school.syllabus(TOPICS)
        teacher, ann = school.user("tea", Role.TEACHER), school.user("ann")
        school.school_class(teacher, [ann])
        ann_id = str(ann.user.student_id)
        assert compare_live(ann, ann_id, None).total_students == 1

        def leave(_connection: Any, _cursor: Any, statement: str, *_other_arguments: Any) -> None:
            if "learning.users.username, learning.student_profiles.grade" in statement and (
                "ORDER BY" in statement
            ):
                with psycopg.connect(postgres_url) as connection:
                    connection.execute("UPDATE learning.student_profiles SET class_id = NULL")

        event.listen(db.get_bind(), "before_cursor_execute", leave)
        with pytest.raises(ClassClosed):
            compare_live(ann, ann_id, None)


def class_with_masteries(school: School, teacher: Call, scores: dict[str, float]) -> str:
    """Create a class whose only student, ann, has these mastery scores; return the class's id."""
    ann = school.user("ann")
    for concept, score in scores.items():
        school.store(
            ConceptMastery,
            student_id=ann.user.student_id,
            concept_id=school.concept(concept),
            total_attempts=1,
            mastery_score=score,
        )
    return school.school_class(teacher, [ann])


@pytest.mark.parametrize(
    ("score", "risk", "is_weak"),
    [(39.99, "high", True), (40, "medium", False), (59.99, "medium", False), (60, None, False)],
)
def test_thresholds_belong_to_the_better_side(
    school: School, score: float, risk: str | None, is_weak: bool
) -> None:
    school.syllabus("topic  weight  hours\nAlgebra  100  4\n")
    teacher = school.user("tea", Role.TEACHER)
    class_id = class_with_masteries(school, teacher, {"Algebra 1": score})
    analytics = read_class_analytics(teacher, class_id, Filters())
    levels = [(it.risk_level, len(it.weak_topics)) for it in analytics.at_risk_students]
    assert levels == ([] if risk is None else [(risk, int(is_weak))])
    assert [it.struggling_students for it in analytics.weak_topics] == [1] * is_weak


def test_student_on_the_threshold_does_not_struggle(school: School) -> None:
    school.syllabus("topic  weight  hours\nAlgebra  100  4\n")
    teacher = school.user("tea", Role.TEACHER)
    class_id = class_with_masteries(school, teacher, {"Algebra 1": 40})
    join_class(
        school.user("bob"), JoinIn(code=read_class(teacher, class_id).class_.join_code or "")
    )
    (weak,) = read_class_analytics(teacher, class_id, Filters()).weak_topics
    assert (weak.avg_mastery, weak.struggling_students) == (20, 1)


@pytest.mark.parametrize(
    ("rows", "level"), [(30, "low"), (31, "medium"), (100, "medium"), (101, "high")]
)
def test_confidence_grows_with_the_number_of_practised_concepts(
    school: School, rows: int, level: str
) -> None:
    school.syllabus("topic  weight  hours  concepts\nAlgebra  100  4  102\n")
    teacher = school.user("tea", Role.TEACHER)
    class_id = class_with_masteries(
        school, teacher, {f"Algebra {it}": 50 for it in range(1, rows + 1)}
    )
    school.store(
        ConceptMastery,
        student_id=school.call("ann").user.student_id,
        concept_id=school.concept("Algebra 102"),
        total_attempts=0,
    )
    prediction = read_live_predictions(teacher, class_id, Filters())
    assert (prediction.data_points, prediction.confidence_level) == (rows, level)


def test_period_includes_its_first_and_its_last_day(school: School) -> None:
    """It is 12:00 UTC, so half a day ago was midnight."""
    school.syllabus("topic  weight  hours\nAlgebra  100  4\n")
    teacher, ann = school.user("tea", Role.TEACHER), school.user("ann")
    class_id = school.school_class(teacher, [ann])
    school.answers(ann, "concept  right  days_ago\nAlgebra 1  true  0.5\n")
    today = school.now.date()
    yesterday, tomorrow = today - timedelta(days=1), today + timedelta(days=1)
    for filters, mastery in (
        (Filters(since=today), 70),
        (Filters(since=tomorrow), 0),
        (Filters(until=today), 70),
        (Filters(until=yesterday), 0),
    ):
        assert round(read_class_analytics(teacher, class_id, filters).avg_mastery) == mastery


def test_critical_topics_make_up_half_of_the_marks(school: School) -> None:
    school.syllabus("topic  weight  hours\nA  50  1\nB  30  1\nC  20  1\n")
    topics = tuple(read_syllabus(school.db).topics.values())
    assert [it.name for it in critical_topics(topics)] == ["A"]
    assert [it.name for it in critical_topics(topics[1:])] == ["B"]


def test_members_are_sorted_by_name_and_a_moved_student_is_counted_once(school: School) -> None:
    teacher = school.user("tea", Role.TEACHER)
    students = [school.user(name) for name in ("cem", "ann", "bob")]
    class_id = school.school_class(teacher, students)
    members = read_class(teacher, class_id).members
    assert [it.student_name for it in members] == ["ann", "bob", "cem"]
    ids = [str(it.user.student_id) for it in students]
    for positions, message in (
        ([0, 0], "1 student was moved."),
        ([1, 2], "2 students were moved."),
    ):
        response = move_students(
            teacher, class_id, MoveIn(student_ids=[ids[it] for it in positions])
        )
        assert response.message == message


def test_mark_names_who_entered_it_last(school: School) -> None:
    teacher, admin = school.user("tea", Role.TEACHER), school.user("root", Role.ADMIN)
    ann = school.user("ann")
    school.school_class(teacher, [ann])
    body = {"exam": "E", "exam_date": "2026-11-01"}
    for caller in (teacher, admin):
        marks = [{"student_id": str(ann.user.student_id), "mark": 50}]
        enter_marks(caller, MarksIn.model_validate(body | {"marks": marks}))
        entered_by = school.db.execute(select(ExamMark.entered_by)).scalar_one()
        assert entered_by == caller.user.id


@pytest.mark.parametrize(("score", "marked"), [(60, True), (40, True), (59.98, False)])
def test_difference_of_10_points_from_the_class_is_marked(
    school: School, score: float, marked: bool
) -> None:
    """The class consists of ann and bob, and its mean is 50 or close to it."""
    school.syllabus("topic  weight  hours\nAlgebra  100  4\n")
    teacher, bob = school.user("tea", Role.TEACHER), school.user("bob")
    class_id = class_with_masteries(school, teacher, {"Algebra 1": score})
    code = read_class(teacher, class_id).class_.join_code
    join_class(bob, JoinIn(code=code or ""))
    school.store(
        ConceptMastery,
        student_id=bob.user.student_id,
        concept_id=school.concept("Algebra 1"),
        total_attempts=1,
        mastery_score=60 if score == 40 else 40,
    )
    ann = school.call("ann")
    (topic,) = compare_live(ann, str(ann.user.student_id), None).topic_comparison
    assert topic.marked is marked
