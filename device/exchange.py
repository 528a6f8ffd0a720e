"""Files with the changes that the server does not hold: their export and import.

A file has a JSON object on each line. The first one states whose changes these are, how many, and
the SHA-256 digest of all lines after it.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from device import queue
from device.clock import utc_now
from device.database import Database
from device.errors import CannotTransfer
from device.folder import Folder
from device.old_database import import_old_database
from device.opening import open_database
from device.queue import QueuedOperation, StoredOperation
from device.rows import MissingReference, apply_operation, as_row, as_wire, recount_mastery
from device.user import DeviceUser, read_device_user
from device.values import DEVICE, read_value
from lib.learning.changes.clock import parts_of
from lib.learning.changes.synced import SyncedTable
from lib.learning.engines import create_sqlite_engine
from lib.learning.tables.closed_lists import OperationType
from lib.web.wire import utc_text
from local.servers.own_secrets import write_private

FORMAT, VERSION = "stepwise queue", 1
SQLITE_HEADER = b"SQLite format 3\0"
_operation: TypeAdapter[QueuedOperation] = TypeAdapter(QueuedOperation)


@dataclass(frozen=True)
class Header:
    """First line of an exported queue."""

    format: str
    version: int
    device_id: str
    username: str
    student_id: str
    exported_at: str
    count: int
    sha256: str


def export_file(folder: Folder, target: Path) -> str:
    """Write the unsynchronised changes to a file; this works while the device runs.

    Returns:
        A sentence for the person at the terminal.

    Raises:
        CannotTransfer: If the folder holds no device, or the device has no user yet.
    """
    if not folder.database.exists():
        raise CannotTransfer(
            f"{folder.path} does not hold the data of a device. Name the right folder: --folder for"
            " `python -m device`, FOLDER= for `make device`."
        )
    with tempfile.TemporaryDirectory(dir=folder.path) as temporary:
        copy = Path(temporary) / "local.db"
        shutil.copyfile(folder.database, copy)  # never partial: the device replaces the whole file
        engine = create_sqlite_engine(f"sqlite:///{copy}", wal=False)
        with Session(engine) as db:
            user, device = read_device_user(db), read_value(db, DEVICE)
            operations = queue.list_unsynced(db)
        engine.dispose()
    if user is None or device is None:
        raise CannotTransfer("Nobody has logged in on this device, so it has no changes to export.")
    lines = "".join(_line(each) for each in operations)
    header = Header(
        FORMAT,
        VERSION,
        device["id"],
        user.username,
        str(user.student_id),
        utc_text(utc_now()),
        len(operations),
        hashlib.sha256(lines.encode()).hexdigest(),
    )
    write_private(target, json.dumps(vars(header)) + "\n" + lines)
    return f"Changes written to {target}: {len(operations)}."


def import_file(folder: Folder, source: Path) -> str:
    """Import the rows of an old device's database, or the changes of an exported queue.

    Importing a file again changes nothing.

    Returns:
        A report for the person at the terminal.

    Raises:
        CannotOpen: If the device's database cannot be opened, for example while the device runs.
        CannotTransfer: If the device has no user yet, or the file cannot be read, is neither a
            database nor a queue, is damaged, is of another version, or belongs to another student.
    """
    try:
        content = source.read_bytes()
    except OSError as error:
        raise CannotTransfer(f"{source} cannot be read: {error.strerror}.") from None
    is_database = content.startswith(SQLITE_HEADER)
    operations = [] if is_database else _read_queue(content, source)
    with open_database(folder) as database:
        with database.session() as db:
            user = read_device_user(db)
        if user is None:
            raise CannotTransfer(
                "Log in on this device first: it imports only the rows of its user."
            )
        if is_database:
            return import_old_database(database, source, user, utc_now())
        return _import_queue(database, operations, _header(content, source), user)


def _import_queue(
    database: Database, operations: Sequence[QueuedOperation], header: Header, user: DeviceUser
) -> str:
    """Queue and apply the changes of a file.

    Raises:
        CannotTransfer: If they are another student's.
    """
    if header.student_id != str(user.student_id):
        raise CannotTransfer(
            f"These are changes of {header.username}; this device belongs to {user.username}."
        )
    now = utc_now()
    with database.session() as db, database.recorder.paused():
        new = [each for each in operations if queue.add_operation(db, each)]
        unplaced = sum(not _try_to_apply(db, each, user, now) for each in new)
        if new:
            recount_mastery(db, user.student_id, now)
        db.commit()
    report = f"Imported changes: {len(new)}. Already there: {len(operations) - len(new)}."
    if unplaced:
        report += f" Kept for the server, but not shown here yet: {unplaced}."
    return report


def _try_to_apply(db: Session, operation: QueuedOperation, user: DeviceUser, now: datetime) -> bool:
    """Apply a change; return False if it refers to a row that this device does not have yet."""
    try:
        apply_operation(db, operation, user.student_id, now)
    except MissingReference:
        return False
    return True


def _line(operation: StoredOperation) -> str:
    return (
        json.dumps(
            {
                "id": str(operation.id),
                "table_name": operation.table_name,
                "row_id": str(UUID(operation.row_id)),
                "kind": operation.kind,
                "columns": as_wire(SyncedTable(operation.table_name), operation.columns),
                "clock": operation.clock,
                "created_at": utc_text(operation.created_at),
            },
            ensure_ascii=False,
        )
        + "\n"
    )


def _header(content: bytes, source: Path) -> Header:
    """Return the first line of an exported queue.

    Raises:
        CannotTransfer: If the file is not an exported queue, or is of another version.
    """
    try:
        header = Header(**json.loads(content.partition(b"\n")[0]))
    except (ValueError, TypeError):
        raise CannotTransfer(
            f"{source} is neither an exported queue nor the database of an old device."
        ) from None
    if (header.format, header.version) != (FORMAT, VERSION):
        raise CannotTransfer(f"{source} was written by another version of Stepwise.")
    return header


def _read_queue(content: bytes, source: Path) -> list[QueuedOperation]:
    """Return the changes of an exported queue.

    Raises:
        CannotTransfer: If the file is not an exported queue, is of another version, or is damaged.
    """
    header = _header(content, source)
    lines = content.partition(b"\n")[2]
    if hashlib.sha256(lines).hexdigest() != header.sha256:
        raise CannotTransfer(f"{source} is damaged or incomplete: its checksum is wrong.")
    try:
        return [_read_line(json.loads(line)) for line in lines.splitlines()]
    except (ValueError, KeyError, TypeError) as error:
        raise CannotTransfer(f"{source} has a change that cannot be read: {error}.") from None


def _read_line(fields: Mapping[str, Any]) -> QueuedOperation:
    """Return one change.

    Raises:
        ValueError, KeyError: If a value is missing or not valid.
    """
    operation = _operation.validate_python(dict(fields))
    UUID(operation.row_id)
    parts_of(operation.clock)
    OperationType(operation.kind)
    as_row(SyncedTable(operation.table_name), operation.columns)
    return operation
