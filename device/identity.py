"""Identity of a device: a restored or copied database becomes a new device.

The database and a file beside it count the syncs. A database that was restored is behind the file,
and in a copied folder the lock file has another inode. In both cases, the server may have received
later changes under the same id, so the device takes a new one.
"""

import json
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from device.folder import Folder
from device.values import DEVICE, read_value, write_value
from lib.learning.tables.base import new_id
from local.servers.own_secrets import write_private


@dataclass(frozen=True)
class _Identity:
    """Content of the file beside the database."""

    device: str
    syncs: int
    lock: int
    """Inode number of the lock file."""


def settle_identity(db: Session, folder: Folder) -> UUID:
    """Return the id of the device.

    It is a new one if the database is new, restored or copied, or the file beside it is missing or
    damaged.
    """
    device_value = read_value(db, DEVICE)
    identity = _read(folder)
    if device_value is not None and identity is not None:
        is_same = identity.device == device_value["id"] and identity.lock == _lock_number(folder)
        if is_same and identity.syncs <= device_value["syncs"]:
            return UUID(device_value["id"])
    device_id = new_id()
    syncs = 0 if device_value is None else device_value["syncs"]
    former = [] if device_value is None else [*device_value["former"], device_value["id"]]
    write_value(db, DEVICE, {"id": str(device_id), "syncs": syncs, "former": former})
    _write(folder, _Identity(str(device_id), syncs, _lock_number(folder)))
    return device_id


def count_sync(db: Session) -> None:
    """Count a sync, in the transaction that stores its cursor; `write_count` follows the commit."""
    device_value = read_value(db, DEVICE)
    assert device_value is not None  # noqa: S101 set when the database is opened
    write_value(db, DEVICE, {**device_value, "syncs": device_value["syncs"] + 1})


def become_new(db: Session, folder: Folder) -> UUID:
    """Give the device a new id, since the server has a later state under the present one."""
    folder.identity.unlink(missing_ok=True)
    return settle_identity(db, folder)


def write_count(db: Session, folder: Folder) -> None:
    """Write the number of syncs to the file; until then, the file's smaller number is harmless."""
    device_value = read_value(db, DEVICE)
    assert device_value is not None  # noqa: S101 as above
    _write(folder, _Identity(device_value["id"], device_value["syncs"], _lock_number(folder)))


def _read(folder: Folder) -> _Identity | None:
    try:
        return _Identity(**json.loads(folder.identity.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _write(folder: Folder, content: _Identity) -> None:
    write_private(folder.identity, json.dumps(asdict(content)) + "\n")


def _lock_number(folder: Folder) -> int:
    return (folder.path / "lock").stat().st_ino
