"""Mastery follows the answers, whatever their order of arrival; on Postgres and SQLite alike."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from lib.learning.current_user import Call
from lib.learning.mastery.answers import as_attempt
from lib.learning.mastery.calibrations import current_calibration
from lib.learning.mastery.figures import StudentFigures, count_all
from lib.learning.mastery.store import list_attempts, list_mastery
from lib.learning.mastery.update import refresh
from lib.learning.mastery_model.attempts import Attempt, Question
from lib.learning.mastery_model.calibration import Calibration, Steps
from lib.learning.mastery_model.default import default_calibration
from lib.learning.mastery_model.student import fold
from lib.learning.sync.upload import upload
from lib.learning.sync.wire import QueueIn
from lib.learning.tables import ConceptMastery, ConceptSkill, MasteryCalibration, StudentSkill
from lib.learning.tables.base import new_id
from tests.learning.school import School

TOPICS = """
    topic    weight  hours  concepts
    Algebra  100     4      2
"""
MODEL = default_calibration()
answers = st.builds(
    Attempt,
    clock=st.integers(0, 30).map("{:02}".format),
    id=st.uuids().map(str),
    question=st.builds(
        lambda item, concept: Question(f"{concept}{item}", (concept,), seconds=60.0),
        st.integers(0, 3),
        st.sampled_from("AB"),
    ),
    is_correct=st.booleans(),
    seconds=st.floats(1, 400),
    confidence=st.sampled_from([None, 1, 2, 3, 4, 5]),
)


@given(st.lists(answers, max_size=30), st.randoms())
def test_figures_do_not_depend_on_the_order_of_arrival(history: list[Attempt], random: Any) -> None:
    shuffled = history.copy()
    random.shuffle(shuffled)
    figures = count_all(shuffled, MODEL)
    assert figures == count_all(history, MODEL)
    skills = fold(history, MODEL).skills()
    assert {key: it.skill for key, it in figures.concepts.items()} == {
        key: it.skill for key, it in skills.items()
    }
    for key, it in figures.concepts.items():
        assert (it.mastery.mastery_score, it.streak) == (skills[key].score, skills[key].streak)


def test_means_leave_out_unknown_values() -> None:
    figures = StudentFigures()
    for number, (seconds, confidence) in enumerate([(30, 2), (60, None), (90, 5)]):
        question = Question("q", ("A",))
        figures.add(
            Attempt(str(number), "", question, True, seconds=seconds, confidence=confidence), MODEL
        )
    mastery = figures.concepts["A"].mastery
    assert (mastery.avg_time_seconds, mastery.avg_confidence) == (60, 3.5)
    assert (mastery.total_attempts, mastery.correct_attempts, mastery.accuracy) == (3, 3, 100)


def derived_values(call: Call) -> list[list[tuple[Any, ...]]]:
    """Return every derived value of a student, to the last bit."""
    db, student_id = call.db, call.user.student_id
    columns = (
        (StudentSkill.ability, StudentSkill.attempts, StudentSkill.calibration),
        (ConceptSkill.concept_id, ConceptSkill.skill, ConceptSkill.streak),
        (
            ConceptMastery.concept_id,
            ConceptMastery.total_attempts,
            ConceptMastery.correct_attempts,
            ConceptMastery.avg_time_seconds,
            ConceptMastery.avg_confidence,
            ConceptMastery.mastery_score,
            ConceptMastery.last_updated,
        ),
    )
    return [
        sorted(
            map(
                tuple,
                db.execute(select(*selected).where(selected[0].class_.student_id == student_id)),
            )
        )
        for selected in columns
    ]


def recomputed_values(call: Call) -> list[list[tuple[Any, ...]]]:
    """Delete a student's derived rows and compute them again; return every derived value."""
    db, student_id = call.db, call.user.student_id
    for table in (StudentSkill, ConceptSkill, ConceptMastery):
        db.execute(table.__table__.delete().where(table.student_id == student_id))  # type: ignore[attr-defined]
    refresh(db, student_id, call.now)
    return derived_values(call)


def test_answers_one_by_one_give_the_same_values_as_all_at_once(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    school.answers(
        student,
        """
            concept    right  seconds  confidence  days_ago
            Algebra 1  true   60       3           9
            Algebra 1  false  301      5           8
            Algebra 2  true   33       1           8
            Algebra 1  true   47       2           7
            Algebra 2  false  12       4           1
        """,
    )
    assert derived_values(student) == recomputed_values(student)


def operation(school: School, concept: str, when: datetime, *, right: bool) -> dict[str, Any]:
    return {
        "operation_type": "create",
        "table_name": "question_attempts",
        "record_id": str(uuid4()),
        "timestamp": when.isoformat(),
        "data": {
            "question_id": str(school.question(concept)),
            "answer": "true" if right else "false",
            "time_taken_seconds": 40,
            "confidence": 4,
            "timestamp": when.isoformat(),
        },
    }


def test_answers_of_a_device_take_their_place_among_those_of_the_server(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    school.answers(
        student,
        """
            concept    right  days_ago
            Algebra 1  true   9
            Algebra 2  false  1
        """,
    )
    operations = [
        operation(school, "Algebra 2", school.now - timedelta(days=days), right=days % 2 == 0)
        for days in (5, 3, 4)
    ]
    queue = {"student_id": str(student.user.student_id), "operations": operations}
    body = QueueIn.model_validate(queue)
    assert upload(student, body).synced_count == 3
    assert derived_values(student) == recomputed_values(student)
    times = [it.clock for it in list_attempts(student.db, student.user.student_id)]
    assert len(times) == 5
    assert times == sorted(times)


def test_new_calibration_recomputes_mastery(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    table = "concept  right\nAlgebra 1  true\n"
    (before,) = school.answers(student, table)
    new = Calibration("2", 0.5, 0.0, steps=Steps(concept=0.2), weights={"difficulty": -1.0})
    student.db.execute(
        insert(MasteryCalibration).values(
            id=new_id(), version=new.version, attempts=1, coefficients=new.to_values()
        )
    )
    assert current_calibration(student.db) == new
    refresh(student.db, student.user.student_id, school.now)
    [row] = list_mastery(student.db, [student.user.student_id])
    # Difficulty 0 - 0.55: expected 1 / (1 + exp(-0.55)) = 0.63414, so the skill is 0.2 x 0.36586
    assert round(row.mastery.mastery_score, 2) == 51.83 != round(before, 2)
    school.answers(student, table)
    assert derived_values(student) == recomputed_values(student)


@pytest.mark.parametrize("difficulty", ["easy", "medium", "hard"])
def test_harder_questions_raise_the_skill_more(difficulty: str) -> None:
    time = datetime(2026, 1, 1, tzinfo=UTC)
    concept = UUID(int=2)
    attempt, easy_attempt = (
        as_attempt(UUID(int=0), UUID(int=1), concept, label, 60, True, time, 50.0, 3)
        for label in (difficulty, "easy")
    )
    skill, least_skill = (
        count_all([it], MODEL).concepts[str(concept)].skill for it in (attempt, easy_attempt)
    )
    assert skill >= least_skill
    assert (skill == least_skill) == (difficulty == "easy")
