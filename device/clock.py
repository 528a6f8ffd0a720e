"""Hybrid logical clock of a device: the time, and a counter that keeps its readings in order.

A reading is text that sorts in the order of the changes, whatever the device's clock does: the time
in UTC with microseconds, a counter of four hexadecimal digits, and eight of the device's id.
Source: Kulkarni et al. (2014), "Logical Physical Clocks", OPODIS.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

MAX_DRIFT = timedelta(hours=24)
"""Distance into the future beyond which another device's reading is not followed."""
_LARGEST_COUNTER = 0xFFFF


def utc_now() -> datetime:
    """Return the present time in UTC."""
    return datetime.now(UTC)


class DeviceClock:
    """The clock of one device; used by one thread at a time.

    Args:
        device_id: The device.
        now: The time.
        last: Largest reading so far; None for a new device.
    """

    def __init__(
        self, device_id: UUID, now: Callable[[], datetime], last: str | None = None
    ) -> None:
        self._suffix = device_id.hex[-8:]
        self._now = now
        self._time = datetime.min.replace(tzinfo=UTC)
        self._counter = 0
        if last is not None:
            self._time, self._counter = _parts(last)

    def next(self) -> str:
        """Return a reading that is larger than all before."""
        now = self._now().astimezone(UTC)
        if now > self._time:
            self._time, self._counter = now, 0
        elif self._counter < _LARGEST_COUNTER:
            self._counter += 1
        else:
            self._time, self._counter = self._time + timedelta(microseconds=1), 0
        return f"{_text(self._time)}-{self._counter:04x}-{self._suffix}"

    def follow(self, reading: str) -> bool:
        """Let later readings be larger than another device's; return False if it is too far off."""
        time, counter = _parts(reading)
        if time > self._now().astimezone(UTC) + MAX_DRIFT:
            return False
        self._time, self._counter = max((self._time, self._counter), (time, counter))
        return True


def reading_at(time: datetime, device: str) -> str:
    """Return the reading of a change that an old device made at a time.

    Args:
        time: The time by its clock.
        device: Hexadecimal digits that stand for it.
    """
    return f"{_text(time.astimezone(UTC))}-0000-{device[-8:]}"


def _text(time: datetime) -> str:
    return time.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _parts(reading: str) -> tuple[datetime, int]:
    time, counter, _device = reading.rsplit("-", 2)
    return datetime.fromisoformat(time), int(counter, 16)
