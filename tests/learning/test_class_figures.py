"""The order of a class's figures, and a student who leaves the class while they are read."""

from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from lib.deps import Deps
from lib.learning.class_analytics.read import Filters, compare_live, read_class_analytics
from lib.learning.database import postgres_session
from lib.learning.errors import ClassClosed
from lib.learning.tables.closed_lists import Role
from tests.learning.school import School

TOPICS = """
    topic     weight  hours
    Algebra   40      4
    Geometry  40      4
    Logic     20      4
"""


def test_weakest_come_first(school: School) -> None:
    school.syllabus(TOPICS)
    teacher = school.user("tea", Role.TEACHER)
    ann, bob = school.user("ann"), school.user("bob")
    class_id = school.school_class(teacher, [ann, bob])
    # one right answer: 100 x (0.5 + 0.2 + 0.12 + 0.05) = 87; one wrong: 37
    school.answers(ann, "concept  right\nAlgebra 1  true\nLogic 1  false\n")
    school.answers(bob, "concept  right\nAlgebra 1  false\n")
    analytics = read_class_analytics(teacher, class_id, Filters())
    assert [it.topic_name for it in analytics.topics] == ["Geometry", "Logic", "Algebra"]
    assert [it.topic_name for it in analytics.weak_topics] == ["Geometry", "Logic"]
    # critical are Algebra and Geometry: ann (87 + 0) / 2, bob (37 + 0) / 2
    at_risk = [
        (it.student_name, it.risk_level, [topic.topic_name for topic in it.weak_topics])
        for it in analytics.at_risk_students
    ]
    assert at_risk == [
        ("bob", "high", ["Geometry", "Logic", "Algebra"]),
        ("ann", "medium", ["Geometry", "Logic"]),
    ]


def test_student_who_leaves_while_the_class_is_read_is_not_compared(
    deps: Deps, postgres_url: str
) -> None:
    with postgres_session(deps) as db:
        school = School(db, deps.settings)
        school.syllabus(TOPICS)
        teacher, ann = school.user("tea", Role.TEACHER), school.user("ann")
        school.school_class(teacher, [ann])
        sent = str(ann.user.student_id)
        assert compare_live(ann, sent, None).total_students == 1

        def leave(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            if "learning.users.username, learning.student_profiles.grade" in statement and (
                "ORDER BY" in statement
            ):
                with psycopg.connect(postgres_url) as connection:
                    connection.execute("UPDATE learning.student_profiles SET class_id = NULL")

        event.listen(db.get_bind(), "before_cursor_execute", leave)
        with pytest.raises(ClassClosed):
            compare_live(ann, sent, None)
