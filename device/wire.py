"""Bodies of a device's own endpoints."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from lib.learning.ids import LiveId
from lib.web.wire import Body, SuccessOut, UtcTime


class SyncState(StrEnum):
    """State of synchronisation, as pages show it."""

    SYNCED = "synced"  # the server has everything
    PENDING = "pending"  # changes wait for the server, or no sync is complete yet
    SYNCING = "syncing"  # under way
    ERROR = "error"  # a person has to act: see `problem`, `rejected`, `needs_log_in`


class RejectedOut(Body):
    """A change that the server refused; it is kept on the device."""

    id: UUID
    """Id of the operation."""
    table_name: str
    """Table of the row."""
    row_id: str
    """Id of the row."""
    columns: dict[str, Any]
    """Values by column."""
    created_at: UtcTime
    """Time of the change by the clock of the device."""
    code: str | None
    """Code of the refusal."""
    reason: str | None
    """Reason for the refusal, for people."""


class RepairOut(Body):
    """Repair of a damaged database."""

    at: UtcTime
    """Time of the repair."""
    file: str
    """Name under which the damaged file is kept, in the folder of the device."""
    rows: dict[str, int]
    """Number of saved rows by table."""
    unreadable: list[str]
    """Tables that could not be read completely."""


class DeviceStateOut(SuccessOut):
    """State of the device."""

    device_id: UUID
    """Id of the device."""
    username: str | None
    """User of the device; null before the first log-in."""
    server: str | None
    """Address of the server; null if none was set."""
    state: SyncState
    """State of synchronisation."""
    server_away: bool
    """Whether the server did not respond to the last sync, or was overloaded or out of order."""
    needs_log_in: bool
    """Whether the log-in at the server has expired; the changes wait until the user logs in."""
    pending: int
    """Number of changes that wait for the server."""
    rejected: int
    """Number of changes that the server has refused."""
    rejections: list[RejectedOut]
    """The newest changes that the server has refused, at most 50."""
    last_success: UtcTime | None
    """Time of the last complete sync."""
    next_sync: UtcTime | None
    """Time of the next sync; null while one is under way."""
    problem: str | None
    """Reason why the last sync failed, for people."""
    repair: RepairOut | None
    """Repair of the database; null without one, and once everything has been fetched again."""


class DeviceStatusOut(Body):
    """State of synchronisation in the live system's shape."""

    student_id: LiveId
    """The student."""
    pending_operations: int
    """Number of changes that wait for the server, or were refused."""
    sync_state: SyncState
    """State of synchronisation."""
    last_sync_time: UtcTime | None
    """Time of the last complete sync."""
