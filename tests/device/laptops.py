"""A device in a simulated history, whose process can end between any two statements."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import event, insert, select

from device import queue
from device.account import Account, AccountFile, DeviceSecrets
from device.context import Device, settings_of
from device.errors import LogInNeeded, ServerAway
from device.folder import Folder
from device.opening import open_database
from device.sync import synchronise
from device.tables import Operation, OperationState
from device.values import DEVICE, read_value
from lib.learning.current_user import Call, read_user
from lib.learning.practice.attempts import record
from lib.learning.practice.wire import AttemptIn
from lib.learning.students.profile import change_profile, read_profile
from lib.learning.students.wire import ProfileChangeIn
from lib.learning.tables import QuestionAttempt
from lib.learning.tables.base import new_id
from tests.device.devices import NOW, QUESTION_IDS
from tests.device.in_process import FaultyClient, Mishap, ServerInProcess

TOO_LONG = "x" * 1_001
"""An answer that the server refuses."""
SECRETS = DeviceSecrets("0" * 64, "code")


class Crash(BaseException):
    """The end of the device's process, simulated as an exception."""


class World(Protocol):
    """Surroundings of a device: the time, its server, and the student."""

    now: datetime
    server: ServerInProcess
    user_id: UUID
    student_id: UUID
    saved: set[int]
    """Numbers of the attempts that must not be lost, besides those on the devices."""

    def next_number(self) -> int:
        """Return the number of a new answer."""
        ...

    def numbers_at_server(self) -> Counter[int]:
        """Return how often the server has each answer."""
        ...


@dataclass
class Laptop:
    """A device of the student, whose process can end between any two statements."""

    path: Path
    skew: timedelta
    world: World
    backups: list[tuple[bytes, set[int]]] = field(default_factory=list)
    """Copies of the database, each with the numbers of its attempts."""
    acknowledged: set[int] = field(default_factory=set)
    """Numbers of the attempts that were acknowledged here, and are in the database."""
    refused: set[int] = field(default_factory=set)
    """Numbers of the attempts in the database that the server has to refuse."""

    def __post_init__(self) -> None:
        self._stack = ExitStack()
        self._remaining: int | None = None
        self.open()

    def open(self) -> None:
        """Start the process."""
        database = self._stack.enter_context(open_database(Folder(self.path), self.now))
        accounts = AccountFile(Folder(self.path))
        self.client = FaultyClient(accounts, self.world.server)
        folder, settings = Folder(self.path), settings_of(SECRETS, Folder(self.path))
        self.device = Device(
            folder, database, accounts, SECRETS, self.client, settings, now=self.now
        )
        self.sign_in()
        engine = database._engine
        event.listen(engine, "before_cursor_execute", self._step)
        event.listen(engine, "commit", self._step)
        database.on_queued(self._step)  # after the commit, before the answer is acknowledged

    def close(self) -> None:
        """End the process."""
        self._stack.close()

    def now(self) -> datetime:
        """Return the time that the device's clock shows."""
        return self.world.now + self.skew

    def sign_in(self) -> None:
        """Log in."""
        tokens = (f"token {self.world.server.token_number}", "refresh")
        self.device.accounts.write(Account("https://server", *tokens))

    def _step(self, *_arguments: object) -> None:
        if self._remaining is not None:
            self._remaining -= 1
            if self._remaining < 0:
                self._remaining = None
                raise Crash

    @contextmanager
    def crashing_after(self, steps: int | None) -> Iterator[None]:
        """End the process after a number of statements, and start it again."""
        self._remaining = steps
        try:
            yield
        except Crash:
            self.close()
            self.open()
        finally:
            self._remaining = None

    @contextmanager
    def call(self) -> Iterator[Call]:
        """Open a session on the device, and yield a call of the student."""
        with self.device.database.session() as db:
            user = read_user(db, self.world.user_id)
            assert user is not None
            yield Call(db, user, self.now())

    def answer(self, text: str = "true") -> None:
        """Record an attempt; its time in seconds is its number, which identifies it everywhere."""
        number = self.world.next_number()
        with self.call() as call:
            record(call, attempt(number, text))
        self.acknowledged.add(number)

    def answer_too_long(self) -> None:
        """Store an answer that the server will refuse."""
        number = self.world.next_number()
        self.store_answer(new_id(), number, TOO_LONG)
        self.refused.add(number)

    def store_answer(self, attempt_id: UUID, number: int, text: str) -> None:
        """Store an answer without the checks of the endpoint."""
        with self.device.database.session() as db:
            row = {
                "id": attempt_id,
                "student_id": self.world.student_id,
                "question_id": QUESTION_IDS[0],
                "answer": text,
                "is_correct": False,
                "time_taken_seconds": number,
                "timestamp": self.now(),
            }
            db.execute(insert(QuestionAttempt).values(**row, created_at=NOW, updated_at=NOW))
            db.commit()

    def change(self, **values: Any) -> None:
        """Change the profile."""
        with self.call() as call:
            change_profile(call, ProfileChangeIn(**values))

    def sync(self, *mishaps: tuple[Mishap, int]) -> bool:
        """Synchronise; return whether the sync was completed."""
        self.client.mishaps = list(mishaps)
        try:
            outcome = synchronise(self.device)
        except (ServerAway, LogInNeeded):
            return False
        return outcome.problem is None and not outcome.must_wait

    def back_up(self) -> None:
        """Copy the database, as docs/device.md describes."""
        copy = (self.path / "local.db").read_bytes()
        self.backups.append((copy, self.acknowledged | self.refused))

    def restore(self) -> None:
        """Put the newest copy back; later answers are then not on the device."""
        if not self.backups:
            return
        self.close()
        copy, numbers = self.backups[-1]
        (self.path / "local.db").write_bytes(copy)
        self.world.saved |= self.acknowledged & self.world.numbers_at_server().keys()
        self.acknowledged &= numbers
        self.refused &= numbers
        self.open()

    def profile(self) -> dict[str, Any]:
        """Return the profile as the device shows it."""
        with self.call() as call:
            return read_profile(call).model_dump()

    def identity(self) -> str:
        """Return the id of the device."""
        with self.device.database.session() as db:
            return str((read_value(db, DEVICE) or {})["id"])

    def operations(self, state: OperationState) -> list[Any]:
        """Return the columns of each operation in a state."""
        with self.device.database.session() as db:
            query = select(Operation.columns).where(Operation.state == state.value)
            return list(db.execute(query).scalars())

    def rejected_answers(self) -> set[int]:
        """Return the numbers of the attempts that the device shows as refused."""
        with self.device.database.session() as db:
            return {int(it.columns["time_taken_seconds"]) for it in queue.list_rejected(db, 50)}


def attempt(number: int, text: str) -> AttemptIn:
    """Return an attempt that took as many seconds as its number."""
    return AttemptIn(
        id=new_id(),
        question_id=str(QUESTION_IDS[number % len(QUESTION_IDS)]),
        answer=text,
        time_taken_seconds=number,
        confidence=1 + number % 5,
    )
