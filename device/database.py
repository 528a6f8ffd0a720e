"""The database of a device: one connection that writes, and a file whose plain copy is a backup.

Transactions are made in a working copy. A commit returns once a complete copy of the working copy
has replaced `local.db` in one step. So `local.db` holds every acknowledged write at any moment,
whoever copies it never gets half of a transaction, and a killed process leaves it as it was. The
file as it was before the last change stays beside it, for repairs.
"""

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import Session

from device.folder import Folder, fsync_folder
from device.recording import Recorder
from device.tables import DeviceBase
from lib.errors import Busy, DatabaseUnavailable
from lib.learning.changes.log import KEEPS_LOG
from lib.learning.engines import create_sqlite_engine
from lib.logs import log

WAIT_SECONDS = 20.0
"""Longest time that a call waits for the calls before it."""
AFTER_COMMIT = "after_commit"
"""Key in `Session.info` of the function that runs after each commit."""
_CHANGE_COUNTER = slice(24, 28)
"""Bytes of the header that SQLite changes with every transaction that writes."""


class Database:
    """The open database of a device.

    Args:
        folder: Folder that this process has locked, with a sound working copy.
        recorder: Queues the changes of the connection for the server.
    """

    def __init__(self, folder: Folder, recorder: Recorder) -> None:
        self._folder = folder
        self.recorder = recorder
        self._writer = threading.Lock()
        self._published_counter: bytes | None = None
        self._notify: Callable[[], None] = lambda: None
        # Without a write-ahead log, the working copy is complete after each commit.
        self._engine = create_sqlite_engine(f"sqlite:///{folder.working_copy}", wal=False)
        self._engine.update_execution_options(**{KEEPS_LOG: False})
        event.listen(self._engine, "connect", self._install_recorder)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Hold the one session; what it commits is in `local.db` when `commit()` returns.

        Raises:
            Busy: If other calls hold it for too long.
        """
        if not self._writer.acquire(timeout=WAIT_SECONDS):
            raise Busy
        try:
            with _PublishingSession(self._engine, expire_on_commit=False) as session:
                session.info[AFTER_COMMIT] = self._after_commit
                yield session
        finally:
            self._writer.release()

    def on_queued(self, notify: Callable[[], None]) -> None:
        """Call `notify` after each transaction that has queued a change."""
        self._notify = notify

    def _install_recorder(self, connection: sqlite3.Connection, _record: object) -> None:
        self.recorder.install(connection)

    def _after_commit(self) -> None:
        """Publish what the session has committed."""
        self.publish()
        if self.recorder.take_queued_mark():
            self._notify()

    def publish(self) -> None:
        """Replace `local.db` with the working copy, if that has changed.

        Raises:
            DatabaseUnavailable: If that fails, for example on a full disk; the next commit retries.
        """
        counter = _change_counter(self._folder.working_copy)
        if counter == self._published_counter and self._folder.database.exists():
            return
        try:
            replace_database(self._folder)
        except OSError as error:
            log("database_not_replaced", reason=error.strerror)
            raise DatabaseUnavailable from error
        self._published_counter = counter

    def close(self) -> None:
        """Close the connection and remove the working copy."""
        with self._writer:
            self._engine.dispose()
            remove_working_copy(self._folder)


class _PublishingSession(Session):
    """A session whose commits are published."""

    def commit(self) -> None:
        super().commit()
        after_commit: Callable[[], None] = self.info[AFTER_COMMIT]
        after_commit()


def replace_database(folder: Folder) -> None:
    """Replace `local.db` with a copy of the working copy, in one step that survives a power cut."""
    new = folder.database.with_name("local.db.new")
    with folder.working_copy.open("rb") as source, new.open("wb") as target:
        os.fchmod(target.fileno(), 0o600)
        shutil.copyfileobj(source, target, 1 << 20)
        target.flush()
        os.fsync(target.fileno())
    if folder.database.exists():
        link = folder.database.with_name("local.db.link")
        link.unlink(missing_ok=True)
        try:
            os.link(folder.database, link)
        except OSError:  # a file system without links
            shutil.copyfile(folder.database, link)
        link.replace(folder.previous)
    new.replace(folder.database)
    fsync_folder(folder.path)


def make_working_copy(folder: Folder) -> None:
    """Copy the database, if there is one; replace a working copy that a killed process left."""
    remove_working_copy(folder)
    if folder.newest.exists():
        shutil.copyfile(folder.newest, folder.working_copy)
        folder.working_copy.chmod(0o600)


def remove_working_copy(folder: Folder) -> None:
    """Remove the working copy and the files that SQLite keeps beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        folder.working_copy.with_name(folder.working_copy.name + suffix).unlink(missing_ok=True)


def create_own_tables(folder: Folder) -> None:
    """Create the device's own tables in the working copy, where they are missing."""
    engine = create_sqlite_engine(f"sqlite:///{folder.working_copy}", wal=False)
    try:
        with engine.begin() as connection:
            DeviceBase.metadata.create_all(connection)
    finally:
        engine.dispose()


def faults(path: Path) -> list[str]:
    """Return the faults of a database file; none if it is sound."""
    if path.stat().st_size == 0:  # SQLite takes an empty file for a new database
        return ["the file is empty"]
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            lines = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
            problems = [line for line in lines if line != "ok"]
            broken = connection.execute("PRAGMA foreign_key_check").fetchmany(20)
    except sqlite3.DatabaseError as error:
        return [str(error)]
    return problems + [
        f"row {row[1]} of {row[0]} refers to a row that is missing" for row in broken
    ]


def _change_counter(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_CHANGE_COUNTER.stop)[_CHANGE_COUNTER]
