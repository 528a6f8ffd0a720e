"""Calibration of the model of mastery from stored answers; on Postgres and SQLite alike."""

import random
from datetime import timedelta

from sqlalchemy import insert, select

from lib.learning.calibration.run import FEWEST_STUDENTS, calibrate, log_loss
from lib.learning.current_user import Call
from lib.learning.mastery.calibrations import current_calibration
from lib.learning.mastery_model.attempts import Attempt, Question
from lib.learning.mastery_model.default import VERSION, default_calibration
from lib.learning.tables import Question as PracticeQuestion
from lib.learning.tables import QuestionAttempt, StudentSkill
from lib.learning.tables.base import new_id
from local.calibrate_learning import in_words
from tests.learning.school import School
from tests.learning.test_mastery_counting import derived_values, recomputed_values

TOPICS = """
    topic     weight  hours  concepts
    Algebra   50      4      3
    Geometry  50      4      3
"""
ANSWERS = 110


def practise(school: School, student: Call, seed: int, count: int = ANSWERS) -> None:
    """Store answers of a student who is right more often than the default model expects."""
    draw = random.Random(seed)
    questions = list(school.db.execute(select(PracticeQuestion.id).order_by(PracticeQuestion.id)))
    ability = draw.gauss(1.5, 1)
    difficulties = {row[0]: number % 4 - 1.5 for number, row in enumerate(questions)}
    rows = []
    for number in range(count):
        question_id = draw.choice(questions)[0]
        chance = 1 / (1 + 2.718 ** (difficulties[question_id] - ability))
        rows.append(
            {
                "id": new_id(),
                "student_id": student.user.student_id,
                "question_id": question_id,
                "answer": "true",
                "is_correct": draw.random() < chance,
                "time_taken_seconds": draw.uniform(10, 90),
                "confidence": draw.randint(1, 5),
                "timestamp": school.now - timedelta(minutes=10 * (count - number)),
            }
        )
    school.db.execute(insert(QuestionAttempt), rows)
    school.db.commit()


def test_too_few_answers_keep_the_default(school: School) -> None:
    school.syllabus(TOPICS)
    practise(school, school.user("ann"), 1)
    result = calibrate(school.db, school.now)
    assert (result.outcome, result.version, result.answers) == ("too_few_answers", VERSION, ANSWERS)
    assert result.recounted == 1
    assert "too few answers" in in_words(result)


def test_better_coefficients_come_into_use_and_recompute_mastery(school: School) -> None:
    school.syllabus(TOPICS, questions_per_concept=4)
    students = [school.user(f"student {number}") for number in range(FEWEST_STUDENTS + 2)]
    for number, student in enumerate(students):
        practise(school, student, number)
    result = calibrate(school.db, school.now)
    assert result.outcome == "calibrated"
    assert result.fitted_answers == result.answers
    assert result.log_loss_before is not None
    assert result.log_loss_after is not None
    assert result.log_loss_after < result.log_loss_before
    assert (result.recounted, result.waiting) == (len(students), 0)
    assert result.version == current_calibration(school.db).version != VERSION
    versions = school.db.execute(select(StudentSkill.calibration).distinct()).scalars().all()
    assert versions == [result.version]
    assert derived_values(students[3]) == recomputed_values(students[3])
    school.db.commit()
    assert calibrate(school.db, school.now).outcome == "nothing_new"
    practise(school, students[0], 99, count=200)
    again = calibrate(school.db, school.now + timedelta(days=1))
    assert again.outcome in {"calibrated", "no_better"}
    assert again.fitted_answers == again.answers == result.answers + 200


def test_students_wait_if_no_time_is_left_for_them(school: School) -> None:
    school.syllabus(TOPICS)
    for number in range(3):
        practise(school, school.user(f"student {number}"), number)
    ticks = iter([0.0, 1.0, 5.0])
    result = calibrate(school.db, school.now, max_seconds=2, clock=lambda: next(ticks))
    assert (result.recounted, result.waiting) == (1, 2)


def test_log_loss_is_the_one_computed_by_hand() -> None:
    # Before any answer, abilities are 0. The difficulty of -0.62 has the weight -1, so the chance
    # is 1 / (1 + exp(-0.62)) = 0.65, and the log loss is -ln 0.65.
    question = Question("q", ("A",))
    history = [Attempt("1", "", question, True)]
    assert round(log_loss([history], default_calibration()), 3) == 0.43
