"""The state that the parts of a running device share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from device.account import AccountFile, DeviceSecrets
from device.clock import utc_now
from device.database import Database
from device.folder import Folder
from device.server import Server
from lib.settings import Settings


@dataclass(frozen=True)
class Device:
    """A running device."""

    folder: Folder
    database: Database
    accounts: AccountFile
    secrets: DeviceSecrets
    server: Server
    settings: Settings
    """Settings under which the learning endpoints run here."""
    sync_soon: Callable[[], None] = field(default=lambda: None)
    """Function that asks the background thread to sync."""
    wait_for_sync: Callable[[float], None] = field(default=lambda _seconds: None)
    """Function that requests a sync and waits until it succeeds, at most for the given seconds."""
    now: Callable[[], datetime] = utc_now


def settings_of(secrets: DeviceSecrets, folder: Folder) -> Settings:
    """Return the settings of the learning endpoints on a device."""
    return Settings(
        sqlite_url=f"sqlite:///{folder.working_copy}",
        encryption_key=secrets.encryption_key,
        limits_writes=False,  # there is one user, and nothing to protect from them
    )
