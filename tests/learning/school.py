"""A school in Postgres or SQLite: users, a syllabus, and calls of its users."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from lib.learning.accounts.passwords import hash_password
from lib.learning.accounts.register import add_account
from lib.learning.accounts.wire import RegisterIn
from lib.learning.classes.manage import create_class, join_class
from lib.learning.classes.wire import ClassIn, JoinIn
from lib.learning.current_user import Call, read_user
from lib.learning.practice.attempts import record
from lib.learning.practice.wire import AttemptIn
from lib.learning.syllabus.content import import_content
from lib.learning.syllabus.wire import ContentIn
from lib.learning.tables import Concept, Question, Topic, User
from lib.learning.tables.closed_lists import Role
from lib.learning.transactions import transaction
from lib.settings import Settings
from tests.learning.rows import rows

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
FIRST_RIGHT = 70.2
"""Mastery after one right answer. The default calibration has a difficulty of -0.62; an easy
question is 0.55 easier. So the probability of a right answer is 1 / (1 + exp(-1.17)) = 0.76315, and
the skill rises by 1 - 0.76315 = 0.23685. The expected share of right answers at the default
difficulty is then 1 / (1 + exp(-0.23685 - 0.62)) = 70.2 %."""
PASSWORD = "correct horse battery"


@cache
def hash_of_password() -> str:
    """Return the hash of `PASSWORD`, computed once, because it takes longer than many tests."""
    return hash_password(PASSWORD)


@dataclass
class School:
    """A database with the rows of a test."""

    db: Session
    settings: Settings
    now: datetime = NOW
    _ids: dict[str, UUID] = field(default_factory=dict)

    def user(self, name: str, role: Role = Role.STUDENT, **profile: Any) -> Call:
        """Add a user, and return a call as that user."""
        if role is Role.STUDENT:
            profile = {"grade": 10, "target_exam": "Finals", **profile}
        body = RegisterIn(username=name, password=PASSWORD, role=role, **profile)
        with transaction(self.db):
            add_account(self.db, body, hash_of_password(), self.now)
        return self.call(name)

    def call(self, name: str) -> Call:
        """Return a call of a user."""
        user_id = self.db.execute(select(User.id).where(User.username == name)).scalar_one()
        user = read_user(self.db, user_id)
        assert user is not None
        return Call(self.db, user, self.now)

    def syllabus(self, topics: str, questions_per_concept: int = 1) -> None:
        """Store topics drawn as a table, each with concepts that have its name and a number."""
        topic_rows = rows(topics)
        content: dict[str, Any] = {"topics": [], "concepts": [], "questions": []}
        for row in topic_rows:
            names = str(row.get("needs") or "")
            content["topics"].append(
                {
                    "topic": row["topic"],
                    "exam_weightage": row["weight"],
                    "estimated_hours": row["hours"],
                    "prerequisites": dict.fromkeys(names.split("+") if names else [], 60),
                }
            )
            for number in range(1, int(row.get("concepts", 1)) + 1):
                concept = f"{row['topic']} {number}"
                content["concepts"].append({"topic": row["topic"], "concept": concept})
                for question in range(1, questions_per_concept + 1):
                    content["questions"].append(
                        {
                            "topic": row["topic"],
                            "concept": concept,
                            "question_text": f"{concept}, question {question}",
                            "question_type": "true_false",
                            "correct_answer": "true",
                            "difficulty": "easy",
                            "expected_time_seconds": 60,
                        }
                    )
        teacher = self.user("author", Role.TEACHER)
        import_content(teacher, ContentIn(**content))

    def topic(self, name: str) -> UUID:
        """Return the id of a topic."""
        return self.db.execute(select(Topic.id).where(Topic.name == name)).scalar_one()

    def concept(self, name: str) -> UUID:
        """Return the id of a concept."""
        return self.db.execute(select(Concept.id).where(Concept.name == name)).scalar_one()

    def question(self, concept: str) -> UUID:
        """Return the id of the first question about a concept."""
        query = select(Question.id).where(Question.concept_id == self.concept(concept))
        return self.db.execute(query.order_by(Question.question_text)).scalars().first()  # type: ignore[return-value]

    def answers(self, call: Call, table: str) -> list[float]:
        """Record answers drawn as a table; return the mastery after each."""
        return [self._answer(call, row).mastery_score for row in rows(table)]

    def _answer(self, call: Call, row: dict[str, Any]) -> Any:
        at = self.now - timedelta(days=row.get("days_ago", 0))
        body = AttemptIn(
            question_id=str(self.question(row["concept"])),
            answer="true" if row["right"] else "false",
            time_taken_seconds=row.get("seconds", 60),
            confidence=row.get("confidence", 3),
        )
        return record(Call(call.db, call.user, at), body)

    def school_class(self, teacher: Call, students: Sequence[Call]) -> str:
        """Create a class of a teacher with students; return its id."""
        new_class = create_class(teacher, ClassIn(name="10a", grade=10)).class_
        for student in students:
            join_class(student, JoinIn(code=new_class.join_code or ""))
        return str(new_class.id)

    def store(self, table: Any, **values: Any) -> None:
        """Store a row as it is."""
        self.db.execute(insert(table).values(**values))
        self.db.commit()
