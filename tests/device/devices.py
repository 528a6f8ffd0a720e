"""Devices of the tests: folders, a syllabus on them, and real processes."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from device.database import Database
from device.folder import Folder
from device.opening import open_database
from device.tables import Operation
from device.user import DeviceUser, UserDetails, store_user
from lib.learning.current_user import Call, read_user
from lib.learning.practice.attempts import record
from lib.learning.practice.wire import AttemptIn, GradedAttemptOut
from lib.learning.tables import Concept, Question, QuestionAttempt, Topic
from lib.learning.tables.base import new_id
from tests.support.processes import START_SECONDS, ForkedProcess

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
USER_ID = UUID("01a00000-0000-7000-8000-000000000001")
STUDENT_ID = UUID("01a00000-0000-7000-8000-000000000002")
TOPIC_ID = UUID("01a00000-0000-7000-8000-000000000003")
CONCEPT_ID = UUID("01a00000-0000-7000-8000-000000000004")
QUESTION_IDS = [UUID(f"01a00000-0000-7000-8000-0000000001{number:02}") for number in range(20)]


def clock() -> datetime:
    return NOW


def user_details(name: str = "ann") -> UserDetails:
    return UserDetails(
        USER_ID,
        {"id": 7, "username": name, "created_at": "2026-01-01T00:00:00Z", "student_profile": None},
        {
            "id": str(STUDENT_ID),
            "grade": 10,
            "target_exam": "Finals",
            "exam_date": None,
            "available_hours_per_day": 3.0,
            "class_id": None,
        },
        {"classes": []},
    )


@contextmanager
def folder_database(path: Path) -> Iterator[Database]:
    """Hold the database of a folder, with the real clock."""
    with open_database(Folder(path)) as database:
        yield database


def fill_database(database: Database) -> DeviceUser:
    """Store a user and a syllabus."""
    with database.session() as db, database.recorder.paused():
        user = store_user(db, user_details(), NOW)
        store_syllabus(db)
        db.commit()
    return user


def store_syllabus(db: Session) -> None:
    """Store questions whose numbers in the live system are 1 to 20."""
    times = {"created_at": NOW, "updated_at": NOW}
    topic = {"id": TOPIC_ID, "name": "Algebra", "exam_weightage": 100, "estimated_hours": 4}
    db.execute(insert(Topic).values(**topic, **times))
    db.execute(insert(Concept).values(id=CONCEPT_ID, topic_id=TOPIC_ID, name="Lines", **times))
    questions = [
        {
            "id": question_id,
            "former_id": number,
            "concept_id": CONCEPT_ID,
            "question_text": f"Question {number}?",
            "question_type": "true_false",
            "correct_answer": "true",
            "difficulty": "easy",
            "expected_time_seconds": 60,
            **times,
        }
        for number, question_id in enumerate(QUESTION_IDS, 1)
    ]
    db.execute(insert(Question), questions)


def answer(database: Database, attempt_id: UUID | None = None, number: int = 0) -> GradedAttemptOut:
    """Record an answer as the endpoint does."""
    with database.session() as db:
        user = read_user(db, USER_ID)
        assert user is not None
        body = AttemptIn(
            id=attempt_id or new_id(),
            question_id=str(QUESTION_IDS[number % len(QUESTION_IDS)]),
            answer="true",
            time_taken_seconds=30,
            confidence=4,
        )
        return record(Call(db, user, datetime.now(UTC)), body)


def attempt_ids(database: Database) -> set[UUID]:
    with database.session() as db:
        return set(db.execute(select(QuestionAttempt.id)).scalars())


def queued_rows(database: Database) -> list[UUID]:
    """Return the row ids of the queued answers, in the order of the queue."""
    with database.session() as db:
        query = select(Operation.row_id).where(Operation.table_name == "question_attempts")
        return [UUID(row_id) for row_id in db.execute(query.order_by(Operation.sequence)).scalars()]


class DeviceProcess:
    """`make device`: a real process and its address."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        options = ["--folder", str(folder), "--port", "0", *arguments]
        self._process = ForkedProcess(["-m", "device", *options], {})
        self.url = self._address()
        self.http = httpx.Client(base_url=self.url, timeout=60)

    def log_in(self, username: str, password: str) -> httpx.Response:
        """Log in, and send the token with later requests."""
        body = {"username": username, "password": password}
        response = self.http.post("/api/auth/login", json=body)
        if response.is_success:
            self.http.headers["Authorization"] = f"Bearer {response.json()['access_token']}"
        return response

    def get(self, path: str) -> Any:
        response = self.http.get(path)
        assert response.is_success, response.text
        return response.json()

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.get("/api/learning/device")
        return state

    def until(self, **expected: Any) -> dict[str, Any]:
        """Return the state once it has these values."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            state = self.state()
            if all(state[name] == value for name, value in expected.items()):
                return state
            time.sleep(0.1)
        raise AssertionError(f"{state} never had {expected}:\n{self.output()}")

    @property
    def code(self) -> str:
        """The device's code, as it is printed."""
        match = re.search(r"Code +(\S+)", self.output())
        assert match is not None
        return match[1]

    def output(self) -> str:
        return self._process.output()

    def kill(self) -> None:
        """End the process with SIGKILL."""
        self.http.close()
        self._process.stop()

    def _address(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and not self._process.ended:
            if match := re.search(r"Stepwise +(http://\S+)", self._process.output()):
                return match[1]
            time.sleep(0.05)
        output = self._process.output()
        self._process.stop()
        raise AssertionError(f"the device did not start:\n{output}")
