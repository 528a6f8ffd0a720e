"""Open a device's database: lock it, check it, repair it if damaged, and bring it up to date."""

import contextlib
import io
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

import migrate
from device import queue
from device.clock import DeviceClock, utc_now
from device.database import (
    Database,
    create_own_tables,
    faults,
    make_working_copy,
    remove_working_copy,
)
from device.folder import Folder
from device.identity import settle_identity
from device.recording import Recorder
from device.salvage import Salvage, salvage
from device.tables import StoredValue
from device.values import REPAIR, SYNC, read_value, write_value
from lib.settings import SQLITE_NAME
from lib.web.wire import utc_text
from local.servers.child import FolderLock, ServerError


class CannotOpen(Exception):
    """The database cannot be opened; the message says what to do."""


@dataclass(frozen=True)
class _Repair:
    """Repair of a damaged file."""

    file: Path
    """Name under which the damaged file is kept."""
    faults: list[str]
    saved: Salvage


@contextmanager
def open_database(folder: Folder, now: Callable[[], datetime] = utc_now) -> Iterator[Database]:
    """Hold the database of a folder, which no other process may hold.

    Raises:
        CannotOpen: If another process holds it, the file is not a device's database, or it cannot
            be brought up to date.
    """
    folder.create()
    try:
        lock = FolderLock(folder.path).acquire(seconds=0)
    except ServerError:
        raise CannotOpen(
            f"{folder.database} is in use by another process, perhaps another `make device`."
            " Stop that first."
        ) from None
    with lock:
        repair = _prepare(folder, now())
        database = Database(folder, Recorder(now))
        try:
            with database.session() as db:
                if repair is not None:
                    _record(db, repair, now())
                device_id = settle_identity(db, folder)
                database.recorder.use(DeviceClock(device_id, now, _last_reading(db)))
                db.commit()
            yield database
        finally:
            database.close()


def _prepare(folder: Folder, now: datetime) -> _Repair | None:
    """Make a sound working copy with all tables; return what was done about a damaged file.

    The damaged file keeps its name until the repaired one replaces it, so a repair can be
    interrupted.
    """
    make_working_copy(folder)
    problems = faults(folder.working_copy) if folder.working_copy.exists() else []
    if not problems:
        _require_device_database(folder)
        _bring_up_to_date(folder)
        return None
    damaged_copy = folder.path / folder.free_name(folder.database.name, "damaged", now)
    shutil.copyfile(folder.newest, damaged_copy)
    remove_working_copy(folder)
    _bring_up_to_date(folder)
    files = [damaged_copy, *([folder.previous] if folder.previous.exists() else [])]
    return _Repair(damaged_copy, problems, salvage(files, folder.working_copy))


def _require_device_database(folder: Folder) -> None:
    """Refuse a file that is not a device's database.

    Raises:
        CannotOpen: If it is another database, such as that of an old device.
    """
    if not folder.working_copy.exists():
        return
    with closing(sqlite3.connect(folder.working_copy)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if not names or StoredValue.__tablename__ in names:
        return
    remove_working_copy(folder)
    raise CannotOpen(
        f"{folder.database} is not the database of a device. If it is from an old device, move"
        f" it elsewhere and run: make device IMPORT=<its path>"
    )


def _bring_up_to_date(folder: Folder) -> None:
    """Create or upgrade the tables in the working copy.

    Raises:
        CannotOpen: If the upgrade fails; the message says why.
    """
    create_own_tables(folder)
    os.environ[SQLITE_NAME] = f"sqlite:///{folder.working_copy}"
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            migrate.main(["upgrade", "--database", "sqlite"])
    except SystemExit as error:
        raise CannotOpen(f"{folder.database} cannot be brought up to date: {error}") from None
    finally:
        del os.environ[SQLITE_NAME]


def _last_reading(db: Session) -> str | None:
    """Return the largest clock reading that the device has made or seen; None for a new device."""
    largest_seen = (read_value(db, SYNC) or {}).get("clock")
    return max((it for it in (queue.last_clock(db), largest_seen) if it is not None), default=None)


def _record(db: Session, repair: _Repair, now: datetime) -> None:
    """Store what was repaired, and let the next sync fetch everything from the server again."""
    content = {
        "at": utc_text(now),
        "file": repair.file.name,
        "faults": repair.faults,
        **asdict(repair.saved),
    }
    write_value(db, REPAIR, content)
    state = read_value(db, SYNC)
    if state is not None:
        write_value(db, SYNC, {**state, "cursor": None, "content": None, "files": {}})
