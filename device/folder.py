"""The files of a device in its folder."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

PRIVATE_MODE = 0o700


@dataclass(frozen=True)
class Folder:
    """Paths of a device's files."""

    path: Path

    @property
    def database(self) -> Path:
        """The database; it is replaced as a whole, so a copy of it is always complete."""
        return self.path / "local.db"

    @property
    def previous(self) -> Path:
        """The database before the last change, from which a damaged one is repaired."""
        return self.path / "local.db.previous"

    @property
    def newest(self) -> Path:
        """The database; if it is missing, the one before the last change."""
        is_missing = not self.database.exists() and self.previous.exists()
        return self.previous if is_missing else self.database

    @property
    def working_copy(self) -> Path:
        """The copy in which transactions are made."""
        return self.path / "local.db.working"

    @property
    def account(self) -> Path:
        """Address of the server, and the user's tokens there."""
        return self.path / "account.json"

    @property
    def secrets(self) -> Path:
        """Key of the device's own tokens, and its code."""
        return self.path / "secrets.json"

    @property
    def identity(self) -> Path:
        """Ids of the device and its lock file, and the number of syncs; they reveal a copy."""
        return self.path / "identity.json"

    def create(self) -> None:
        """Create the folder for its owner alone."""
        self.path.mkdir(mode=PRIVATE_MODE, parents=True, exist_ok=True)

    def free_name(self, name: str, reason: str, now: datetime) -> str:
        """Return a name that no file has yet, with the reason and the time."""
        stem = f"{name}.{reason}-{now.astimezone(UTC):%Y%m%d-%H%M%S}"
        names = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
        return next(it for it in names if not (self.path / it).exists())


def fsync_folder(path: Path) -> None:
    """Make renames in a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
