"""Histories of a student's devices and their server."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from device.tables import OperationState
from device.user import store_user
from lib.learning.changes import store as changes_store
from lib.learning.changes.clock import SERVER
from lib.learning.changes.synced import SyncedTable
from lib.learning.classes.marks import enter_marks
from lib.learning.classes.wire import MarksIn
from lib.learning.current_user import Call, read_user
from lib.learning.plan_arms.assign import assign_arms
from lib.learning.plan_arms.wire import PlanArmsIn
from lib.learning.practice.attempts import record
from lib.learning.students.profile import change_profile
from lib.learning.students.wire import ProfileChangeIn
from lib.learning.sync.upload import upload
from lib.learning.sync.wire import QueueIn
from lib.learning.tables import Class, QuestionAttempt, StudentProfile, User
from lib.learning.tables.base import new_id
from lib.web.wire import utc_text
from tests.device.devices import NOW, user_details
from tests.device.in_process import ServerInProcess
from tests.device.laptops import Laptop, attempt

SKEWS = (timedelta(), timedelta(days=-1), timedelta(minutes=9), timedelta(days=400))
"""Offsets of the devices' clocks from the server's; the last one is for copied devices."""
Sessions = Callable[[], AbstractContextManager[Session]]
_numbers = count(1)


class World:
    """A server with one student, and their devices.

    Args:
        sessions: Function that opens sessions of the server's database, which has the questions.
        folder: Folder for the devices.
        devices: Number of devices at the beginning.
        blank: The `local.db` of a device that has nothing yet, from which new devices are copied,
            so that they need no migration; None: each new device migrates its own.
    """

    def __init__(
        self, sessions: Sessions, folder: Path, blank: Path | None = None, devices: int = 3
    ) -> None:
        self.now = NOW
        self.user_id, self.student_id, self.admin_id, self.class_id = (new_id() for _ in range(4))
        self.sessions = sessions
        self._name = f"student {next(_numbers)}"
        self._store_school()
        self.server = ServerInProcess(sessions, lambda: self.now, self.user_id)
        self._last = 0
        self._folder = folder
        self._blank = blank
        self.devices: list[Laptop] = []
        self.saved: set[int] = set()
        """Numbers of the attempts that must not be lost, besides those on the devices.

        The server acknowledged them, or held them when their device was restored.
        """
        self.edits: list[tuple[str, str, Any]] = []
        """Columns that the server has changed, with the clock and the value."""
        for skew in SKEWS[:devices]:
            self._add_device(skew)

    def close(self) -> None:
        """Close the devices."""
        for each in self.devices:
            each.close()

    def next_number(self) -> int:
        """Return the number of a new answer."""
        self._last += 1
        return self._last

    @property
    def numbers(self) -> range:
        """Numbers of all answers so far."""
        return range(1, self._last + 1)

    def advance(self, seconds: float = 7) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def clone(self, laptop: Laptop) -> None:
        """Copy the folder of a device to a new device, unless there are five already."""
        if len(self.devices) >= 5:
            return
        path = self._new_path()
        laptop.close()
        shutil.copytree(laptop.path, path)
        laptop.open()
        acknowledged, refused = set(laptop.acknowledged), set(laptop.refused)
        self.devices.append(
            Laptop(path, SKEWS[3], self, acknowledged=acknowledged, refused=refused)
        )

    def answer_at_server(self) -> None:
        """Record an answer on a page of the server."""
        number = self.next_number()
        with self.server.call() as call:
            record(call, attempt(number, "true"))
        self.saved.add(number)

    def change_at_server(self, **values: Any) -> None:
        """Change the profile on a page of the server."""
        with self.server.call() as call, self._noting(call.db, values):
            change_profile(call, ProfileChangeIn(**values))

    def mark(self, mark: float) -> None:
        """Enter a mark, which replaces an earlier one."""
        marks = [{"student_id": str(self.student_id), "mark": mark}]
        body = {"exam": "Mock", "exam_date": "2026-11-20", "marks": marks}
        with self._admin() as call:
            enter_marks(call, MarksIn.model_validate(body))

    def assign(self, arm: str | None) -> None:
        """Assign an arm of the comparison, or end the student's part in it."""
        body = {"students": [{"student_id": str(self.student_id), "arm": arm}]}
        with self._admin() as call:
            assign_arms(call, str(self.class_id), PlanArmsIn.model_validate(body))

    def upload(self, times: int = 2, **values: Any) -> None:
        """Upload the queue of a device of the live system `times` times."""
        number = self.next_number()
        timestamp = utc_text(self.now - timedelta(seconds=3))
        answer = {
            "student_id": str(self.student_id),
            **attempt(number, "false").model_dump(mode="json", exclude={"id"}),
        }
        operations = [
            _live("create", "question_attempts", answer, timestamp),
            _live("update", "student_profiles", values, timestamp),
            _live("update", "concept_mastery", {"mastery_score": 100}, timestamp),
        ]
        body = {"student_id": str(self.student_id), "operations": operations}
        for _ in range(times):
            with self.server.call() as call, self._noting(call.db, values):
                assert upload(call, QueueIn.model_validate(body)).success
        self.saved.add(number)

    def settle(self, rounds: int = 5) -> bool:
        """Synchronise all devices until no change is pending, at most `rounds` times.

        Return whether two further syncs of each device were completed.
        """
        self.server.is_signed_out = False
        for _ in range(rounds):
            self.server.serve_late()
            self.advance(3_600)
            all_synced = True
            for each in self.devices:
                each.sign_in()
                all_synced &= each.sync()
            if all_synced and not any(it.operations(OperationState.PENDING) for it in self.devices):
                break
        results = [each.sync() for each in [*self.devices, *self.devices]]
        return all(results)

    def numbers_at_server(self) -> Counter[int]:
        """Return how often the server has each answer."""
        with self.sessions() as db:
            query = select(QuestionAttempt.time_taken_seconds).where(
                QuestionAttempt.student_id == self.student_id
            )
            return Counter(int(it) for it in db.execute(query).scalars())

    @contextmanager
    def _noting(self, db: Session, values: dict[str, Any]) -> Iterator[None]:
        """Note the clocks of the columns that a block changes at the server."""
        before = self._clocks(db)
        db.rollback()
        yield
        for name, clock in self._clocks(db).items():
            if name in values and clock != before.get(name) and clock.endswith(SERVER):
                self.edits.append((name, clock, values[name]))
        db.rollback()

    def _clocks(self, db: Session) -> dict[str, str]:
        table = SyncedTable.STUDENT_PROFILES
        return changes_store.read_clocks(db, self.student_id, table, self.student_id)

    @contextmanager
    def _admin(self) -> Iterator[Call]:
        with self.sessions() as db:
            user = read_user(db, self.admin_id)
            assert user is not None
            yield Call(db, user, self.now)

    def _store_school(self) -> None:
        times = {"created_at": NOW, "updated_at": NOW}
        users = {
            self.user_id: (self._name, "student"),
            self.admin_id: (f"of {self._name}", "admin"),
        }
        with self.sessions() as db:
            for user_id, (name, role) in users.items():
                db.execute(insert(User).values(id=user_id, username=name, role=role, **times))
            db.execute(insert(Class).values(id=self.class_id, name="10a", grade=10, **times))
            profile = {
                "id": self.student_id,
                "user_id": self.user_id,
                "grade": 10,
                "target_exam": "Finals",
                "class_id": self.class_id,
            }
            db.execute(insert(StudentProfile).values(**profile, **times))
            db.commit()

    def _new_path(self) -> Path:
        return self._folder / f"{self._name} {len(self.devices)}"

    def _add_device(self, skew: timedelta) -> None:
        """Log in on a new device, and synchronise it."""
        path = self._new_path()
        if self._blank is not None:
            path.mkdir()
            shutil.copyfile(self._blank, path / "local.db")
        laptop = Laptop(path, skew, self)
        ann = user_details(self._name)
        ann = replace(
            ann, user_id=self.user_id, profile={**ann.profile, "id": str(self.student_id)}
        )
        database = laptop.device.database
        with database.session() as db, database.recorder.paused():
            store_user(db, ann, self.now)
            db.commit()
        self.devices.append(laptop)
        assert laptop.sync()


def _live(kind: str, table: str, data: dict[str, Any], timestamp: str) -> dict[str, Any]:
    return {
        "operation_type": kind,
        "table_name": table,
        "record_id": 1,
        "data": data,
        "timestamp": timestamp,
    }
