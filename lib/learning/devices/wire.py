"""Bodies of lists of devices."""

from enum import StrEnum
from uuid import UUID

from lib.web.wire import Body, SuccessOut, UtcTime


class DeviceState(StrEnum):
    """State of a device after its last sync."""

    SYNCED = "synced"  # the server had everything
    PENDING = "pending"  # changes waited on the device
    ERROR = "error"  # the server has refused changes, which a person has to look at


class DeviceOut(Body):
    """A device, as its last sync described it; what has happened there since is not known."""

    id: UUID
    """Id of the device."""
    name: str | None
    """Name of the device; null if it has none."""
    student_id: UUID
    """The student whose device it is."""
    student_name: str | None
    """Name of the student's account."""
    last_sync: UtcTime
    """Time of the last sync."""
    pending: int
    """Number of changes that waited on the device: not sent yet, or not decided by the server."""
    rejected: int
    """Number of changes that the server has refused; the device keeps them."""
    state: DeviceState
    """State after the last sync."""


class DevicesOut(SuccessOut):
    """A page of devices, the one that synchronised last first."""

    devices: list[DeviceOut]
    """The devices."""
    count: int
    """Number of devices on the page."""
    next_cursor: str | None
    """Cursor of the next page; null on the last."""
