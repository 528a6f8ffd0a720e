"""The clock of a device; `lib.learning.changes.clock` describes its readings."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from lib.learning.changes.clock import next_reading, parts_of, suffix_of


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


class DeviceClock:
    """The clock of one device; used by one thread at a time.

    Args:
        device_id: The device.
        now: Function that returns the present time.
        last: Largest reading so far; None for a new device.
    """

    def __init__(
        self, device_id: UUID, now: Callable[[], datetime], last: str | None = None
    ) -> None:
        self._suffix = suffix_of(device_id)
        self._now = now
        self._last = [] if last is None else [last]

    def next(self) -> str:
        """Return a reading that is larger than all earlier ones."""
        reading = next_reading(self._now(), self._last, self._suffix)
        self._last = [reading]
        return reading

    def belong_to(self, device_id: UUID) -> None:
        """Give later readings the suffix of another device."""
        self._suffix = suffix_of(device_id)

    def follow(self, reading: str) -> None:
        """Let later readings be larger than a reading of the server, whose clock is authoritative.

        Raises:
            ValueError: If it is not a reading.
        """
        parts_of(reading)
        self._last = [max([reading, *self._last])]
