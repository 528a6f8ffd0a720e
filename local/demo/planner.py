"""The demo of the study planner: a syllabus, a teacher, and a class of 25.

Three of its students have practised for a month, the others for 12 to 18 days. Their knowledge
and their answers are drawn from a seed; the answers also depend on the time of the load, because
students pause at some weekends.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from lib.deps import Deps
from lib.learning.accounts.passwords import hash_password
from lib.learning.current_user import Call, read_user
from lib.learning.database import postgres_session
from lib.learning.mastery.update import refresh
from lib.learning.syllabus.content import import_content
from lib.learning.syllabus.wire import ContentIn
from lib.learning.tables import (
    Class,
    ExamMark,
    Question,
    QuestionAttempt,
    StudentProfile,
    Topic,
    User,
)
from lib.learning.tables.base import new_id
from lib.learning.tables.syllabus import Concept
from local.demo.planner_accounts import DILIGENT, TEACHER, demo_password

SYLLABUS = Path(__file__).resolve().parent / "syllabus"
SEED = 15
OTHERS = (
    *("dario", "elin", "farid", "greta", "hugo", "ines", "jonas", "kaito"),
    *("lena", "mateo", "nour", "olga", "pavel", "quinn", "rosa", "sven"),
    *("tara", "umar", "vera", "wanda", "xenia", "yusuf"),
)
LONG_PRACTICE_DAYS, SHORT_PRACTICE_DAYS = 30, 12
ANSWERS_A_DAY = 16
MAX_ADVANCE = 5
"""Maximum number of places from one new question to the next; at 1, none is skipped."""
EXAM_IN_DAYS = 75
MOCK_EXAM_DAYS_AGO = 3
MOCK_EXAM_NOISE = 5.0  # marks
MOCK_EXAM_MISSED_BY_ONE_IN = 12


@dataclass(frozen=True)
class AddedRows:
    """Numbers of rows that were added."""

    questions: int
    users: int
    answers: int


@dataclass(frozen=True)
class _Item:
    """A question of the syllabus."""

    id: UUID
    concept_id: UUID
    correct_answer: str
    expected_seconds: int
    difficulty: float


@dataclass(frozen=True)
class _DemoAnswer:
    """An answer that a student gave."""

    item: _Item
    is_correct: bool
    seconds: float
    confidence: int
    at: datetime


def load_planner(deps: Deps) -> AddedRows:
    """Add the demo of the study planner, unless its teacher exists."""
    with postgres_session(deps) as db:
        if db.execute(select(User.id).where(User.username == TEACHER)).first() is not None:
            return AddedRows(0, 0, 0)
        now = deps.clock()
        password_hash = hash_password(demo_password(deps.settings))
        teacher_id = _add_user(db, TEACHER, "teacher", password_hash, now)
        db.commit()
        user = read_user(db, teacher_id)
        assert user is not None  # noqa: S101 stored just now
        questions = _load_syllabus(Call(db, user, now))
        class_id = _add_class(db, teacher_id, now)
        items = _items(db)
        answers = 0
        for place, name in enumerate((*DILIGENT, *OTHERS)):
            user_id = _add_user(db, name, "student", password_hash, now)
            student_id = _add_profile(db, user_id, class_id, now)
            student_answers = list(_answers(items, place, now))
            _add_answers(db, student_id, student_answers, now)
            answers += len(student_answers)
            if place % MOCK_EXAM_MISSED_BY_ONE_IN:
                mark = _mock_mark(items, student_answers, place, now)
                _add_mark(db, student_id, teacher_id, mark, now)
        db.commit()
    return AddedRows(questions, 1 + len(DILIGENT) + len(OTHERS), answers)


def _load_syllabus(call: Call) -> int:
    questions = 0
    for file in (
        SYLLABUS / "topics.csv",
        SYLLABUS / "concepts.csv",
        *sorted((SYLLABUS / "questions").glob("*.csv")),
    ):
        body = ContentIn(csv=file.read_text(encoding="utf-8"))
        questions += import_content(call, body).questions.created
    return questions


def _add_user(db: Session, name: str, role: str, password_hash: str, now: datetime) -> UUID:
    user_id = new_id()
    joined_at = now - timedelta(days=LONG_PRACTICE_DAYS + 1)
    values = {"username": name, "role": role, "password_hash": password_hash}
    times = {"created_at": joined_at, "updated_at": joined_at, "last_login": now}
    db.execute(insert(User).values(id=user_id, **values, **times))
    return user_id


def _add_class(db: Session, teacher_id: UUID, now: datetime) -> UUID:
    class_id = new_id()
    db.execute(
        insert(Class).values(
            id=class_id,
            name="10 science",
            grade=10,
            teacher_id=teacher_id,
            join_code="SCIENCE7",
            created_at=now,
            updated_at=now,
        )
    )
    return class_id


def _add_profile(db: Session, user_id: UUID, class_id: UUID, now: datetime) -> UUID:
    student_id = new_id()
    exam_day = (now + timedelta(days=EXAM_IN_DAYS)).astimezone(UTC).date()
    db.execute(
        insert(StudentProfile).values(
            id=student_id,
            user_id=user_id,
            grade=10,
            target_exam="School-leaving examination",
            exam_date=datetime.combine(exam_day, time(), UTC),
            available_hours_per_day=2,
            class_id=class_id,
            created_at=now,
            updated_at=now,
        )
    )
    return student_id


def _items(db: Session) -> list[_Item]:
    """Return the questions in the order of topics and concepts."""
    difficulties = {"easy": -0.8, "medium": 0.0, "hard": 0.9}
    rows = db.execute(
        select(
            Question.id,
            Question.concept_id,
            Question.correct_answer,
            Question.expected_time_seconds,
            Question.difficulty,
        )
        .join(Concept, Concept.id == Question.concept_id)
        .join(Topic, Topic.id == Concept.topic_id)
        .order_by(Topic.id, Concept.id, Question.id)
    )
    return [_Item(*row[:4], difficulties[row[4]]) for row in rows]


def _add_answers(
    db: Session, student_id: UUID, answers: Sequence[_DemoAnswer], now: datetime
) -> None:
    db.execute(
        insert(QuestionAttempt),
        [
            {
                "id": new_id(),
                "student_id": student_id,
                "question_id": each.item.id,
                "answer": each.item.correct_answer if each.is_correct else "I do not know",
                "is_correct": each.is_correct,
                "time_taken_seconds": each.seconds,
                "confidence": each.confidence,
                "timestamp": each.at,
                "created_at": each.at,
                "updated_at": each.at,
            }
            for each in answers
        ],
    )
    refresh(db, student_id, now)


def _answers(items: Sequence[_Item], place: int, now: datetime) -> Iterator[_DemoAnswer]:
    """Yield a student's answers, oldest first: through the syllabus, with pauses at weekends."""
    rng = random.Random(SEED + place)
    ability = rng.gauss(0.9 if place < len(DILIGENT) else 0.5, 1.0)
    days = LONG_PRACTICE_DAYS if place < len(DILIGENT) else SHORT_PRACTICE_DAYS + place % 7
    position = 0
    for day in range(days, 0, -1):
        morning = now - timedelta(days=day, hours=rng.uniform(0, 3))
        if morning.weekday() >= 5 and rng.random() < 0.6:  # noqa: PLR2004 Saturday
            continue
        for number in range(ANSWERS_A_DAY):
            # After 60 places, every second question is one of the last 59, skipped ones included.
            steps_back = rng.randrange(1, 60) if number % 2 and position > 60 else 0  # noqa: PLR2004
            item = items[(position - steps_back) % len(items)]
            position += 0 if steps_back else 1 + rng.randrange(MAX_ADVANCE)
            skill = ability + (0.5 if steps_back else 0.0) + 0.02 * (days - day)
            is_correct = rng.random() < 1 / (1 + 2.7183 ** (item.difficulty - skill))
            seconds = item.expected_seconds * rng.lognormvariate(0 if is_correct else 0.2, 0.35)
            confidence = min(5, max(1, round(3 + skill - item.difficulty + rng.gauss(0, 0.8))))
            at = morning + timedelta(minutes=4 * number)
            yield _DemoAnswer(item, is_correct, round(min(seconds, 3_600), 1), confidence, at)


def _mock_mark(
    items: Sequence[_Item], answers: Sequence[_DemoAnswer], place: int, now: datetime
) -> float:
    """Return a mark that fits the answers before the mock exam, 3 to 95, with noise.

    Without noise, the mark is 100 times the share of correct answers, times the share of practised
    concepts.
    """
    exam_time = now - timedelta(days=MOCK_EXAM_DAYS_AGO)
    answers_before = [each for each in answers if each.at < exam_time]
    concepts = {item.concept_id for item in items}
    practised_concepts = {each.item.concept_id for each in answers_before}
    correct_share = sum(each.is_correct for each in answers_before) / max(1, len(answers_before))
    known_share = correct_share * len(practised_concepts) / len(concepts)
    noise = random.Random(SEED * 1_000 + place).gauss(0, MOCK_EXAM_NOISE)
    return round(min(95.0, max(3.0, 100 * known_share + noise)), 1)


def _add_mark(db: Session, student_id: UUID, teacher_id: UUID, mark: float, now: datetime) -> None:
    day = (now - timedelta(days=MOCK_EXAM_DAYS_AGO)).astimezone(UTC).date()
    db.execute(
        insert(ExamMark).values(
            id=new_id(),
            student_id=student_id,
            exam="Mock examination",
            exam_date=datetime.combine(day, time(), UTC),
            mark=mark,
            entered_by=teacher_id,
            created_at=now,
            updated_at=now,
        )
    )
