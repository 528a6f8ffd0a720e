"""A device's file holds every acknowledged answer, even if the process is killed.

A copy that another process makes holds every answer acknowledged before it.
"""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import event

from device.database import faults
from device.opening import CannotOpen
from lib.errors import DatabaseUnavailable
from lib.learning.tables.base import new_id
from tests.device.devices import answer, attempt_ids, fill_database, folder_database, queued_rows

MAX_STEPS = 80
"""Upper bound on the step at which a process is killed; storing one answer takes fewer."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a device with a user, questions and an answer."""
    path = tmp_path / "device"
    with folder_database(path) as database:
        fill_database(database)
        answer(database)
    return path


class Countdown:
    """A countdown of steps, which kills the process at the last one.

    A step is the start or end of a statement, a commit, or a file operation.
    """

    def __init__(self, steps: int) -> None:
        self.remaining = steps

    def step(self, *_arguments: object) -> None:
        self.remaining -= 1
        if self.remaining == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def answer_until_killed(path: Path, steps: int, pipe: int) -> None:
    """Record answers until the process is killed; write each id to the pipe once it is recorded."""
    countdown = Countdown(steps)

    def count_file_operation(name: str, _arguments: object) -> None:
        if name in {"open", "os.rename", "os.link", "shutil.copyfile", "os.remove", "os.chmod"}:
            countdown.step()

    with folder_database(path) as database:
        event.listen(database._engine, "before_cursor_execute", countdown.step)
        event.listen(database._engine, "after_cursor_execute", countdown.step)
        event.listen(database._engine, "commit", countdown.step)
        sys.addaudithook(count_file_operation)
        for number in range(50):
            attempt_id = new_id()
            answer(database, attempt_id, number)
            os.write(pipe, attempt_id.bytes)
    os._exit(0)


def answers_acknowledged_until_killed(path: Path, steps: int) -> set[UUID]:
    """Record answers in a process that is killed; return those that were acknowledged."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer_until_killed(path, steps, writer)
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        raw = pipe.read()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"it was not killed at step {steps}, but ended with {status}"
    return {UUID(bytes=raw[start : start + 16]) for start in range(0, len(raw), 16)}


def test_killing_at_any_step_loses_no_acknowledged_answer(folder: Path) -> None:
    with folder_database(folder) as database:
        expected = attempt_ids(database)
    acknowledged_counts = set()
    for steps in range(1, MAX_STEPS):
        acknowledged = answers_acknowledged_until_killed(folder, steps)
        acknowledged_counts.add(len(acknowledged))
        expected |= acknowledged
        with folder_database(folder) as database:
            present, queued = attempt_ids(database), queued_rows(database)
        assert expected <= present
        assert set(queued) == present, "an answer and its operation are stored together"
        assert len(queued) == len(present)
        expected = present
    assert acknowledged_counts >= {0, 1}, "it was killed during the first answer, and later"


def test_copies_made_while_answers_are_written_hold_those_acknowledged_before(
    folder: Path, tmp_path: Path
) -> None:
    acknowledged: list[UUID] = []
    copies: list[tuple[Path, set[UUID]]] = []
    ended = threading.Event()

    def copy_again_and_again() -> None:
        while not ended.is_set():
            before = set(acknowledged)
            target = tmp_path / f"backup-{len(copies)}"
            # cp fails if the file is replaced between its look-up and its opening.
            if subprocess.run(["cp", folder / "local.db", target], check=False).returncode == 0:
                copies.append((target, before))

    with folder_database(folder) as database:
        copier = threading.Thread(target=copy_again_and_again)
        copier.start()
        for number in range(150):
            attempt_id = new_id()
            answer(database, attempt_id, number)
            acknowledged.append(attempt_id)
        ended.set()
        copier.join()
    assert len(copies) > 10
    for path, before in copies:
        assert faults(path) == []
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute("SELECT id FROM question_attempts").fetchall()
        assert before <= {UUID(row[0]) for row in rows}


def test_copy_that_is_put_back_becomes_the_database(folder: Path, tmp_path: Path) -> None:
    with folder_database(folder) as database:
        backed_up_ids = attempt_ids(database)
        shutil.copy(folder / "local.db", tmp_path / "local.db.backup")
        answer(database)
    shutil.copy(tmp_path / "local.db.backup", folder / "local.db")
    with folder_database(folder) as database:
        assert attempt_ids(database) == backed_up_ids
        answer(database)
        assert len(attempt_ids(database)) == len(backed_up_ids) + 1


def test_folder_that_is_open_cannot_be_opened_again(folder: Path) -> None:
    with folder_database(folder), pytest.raises(CannotOpen, match="in use by another process"):  # noqa: SIM117
        with folder_database(folder):
            pass
    with folder_database(folder):
        pass


def test_database_has_no_write_ahead_log_and_syncs_fully(folder: Path) -> None:
    with folder_database(folder) as database, database.session() as db:
        driver = db.connection().connection.driver_connection
        assert driver is not None
        values = {
            name: driver.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert values == {
        "journal_mode": "delete",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
    }


def test_files_are_private(folder: Path) -> None:
    with folder_database(folder) as database:
        answer(database)
        modes = {
            it.name: it.stat().st_mode & 0o077 for it in folder.iterdir() if "local.db" in it.name
        }
    assert len(modes) >= 3
    assert set(modes.values()) == {0}


def test_reading_replaces_no_file(folder: Path) -> None:
    with folder_database(folder) as database:
        before = (folder / "local.db").stat().st_ino
        attempt_ids(database)
        assert (folder / "local.db").stat().st_ino == before
        answer(database)
        assert (folder / "local.db").stat().st_ino != before


def test_previous_file_is_the_one_before_the_last_answer(folder: Path) -> None:
    with folder_database(folder) as database:
        before = (folder / "local.db").read_bytes()
        answer(database)
        assert (folder / "local.db.previous").read_bytes() == before


def test_answer_that_cannot_be_published_is_not_acknowledged(folder: Path) -> None:
    obstacle = folder / "local.db.new"
    with folder_database(folder) as database:
        before = (folder / "local.db").read_bytes()
        obstacle.mkdir()  # in place of the file that would replace local.db
        with pytest.raises(DatabaseUnavailable):
            answer(database)
        assert (folder / "local.db").read_bytes() == before
        obstacle.rmdir()
        answer(database)
        count = len(attempt_ids(database))
    with folder_database(folder) as database:
        assert len(attempt_ids(database)) == count
