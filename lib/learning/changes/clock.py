"""Hybrid logical clocks: a total order of the changes that devices and the server make; pure.

A reading is text that sorts in the order of the changes, whatever the clock of a device shows: the
time in UTC with microseconds, a counter of four hexadecimal digits for readings of the same time,
and the last eight hexadecimal digits of the device's id.
Source: Kulkarni et al. (2014), "Logical Physical Clocks", OPODIS.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator

MAX_LEAD = timedelta(minutes=10)
"""Maximum lead of a device's reading over the server's time; beyond it, the server's time
counts."""
SERVER = "00000000"
"""Suffix of the readings that the server makes."""
NEVER = ""
"""The clock of a column that was never changed; every reading is larger."""
LARGEST_COUNTER = 0xFFFF
_READING = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z-[0-9a-f]{4}-[0-9a-f]{8}", re.ASCII
)


def suffix_of(device_id: UUID) -> str:
    """Return the part of a reading that names the device."""
    return device_id.hex[-8:]


def reading_at(time: datetime, counter: int, suffix: str) -> str:
    """Return a reading.

    Args:
        time: Time of the change.
        counter: Number of the change among those of the same time, 0 to `LARGEST_COUNTER`.
        suffix: Return value of `suffix_of`, or `SERVER`.
    """
    text = time.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00")
    return f"{text}Z-{counter:04x}-{suffix}"


def parts_of(reading: str) -> tuple[datetime, int]:
    """Return the time and the counter of a reading.

    Raises:
        ValueError: If it is not a reading.
    """
    if not _READING.fullmatch(reading):
        raise ValueError("must be a reading such as 2027-03-01T10:00:00.000000Z-0000-0123abcd")
    time, counter, _suffix = reading.rsplit("-", 2)
    return datetime.fromisoformat(time), int(counter, 16)


def next_reading(now: datetime, earlier: Iterable[str], suffix: str) -> str:
    """Return a reading that is larger than all earlier ones, at the present time if possible."""
    time, counter = now.astimezone(UTC), 0
    newest = max(earlier, default=None)
    if newest is not None:
        latest, latest_counter = parts_of(newest)
        if latest >= time:
            time, counter = latest, latest_counter + 1
        if counter > LARGEST_COUNTER:
            time, counter = time + timedelta(microseconds=1), 0
    return reading_at(time, counter, suffix)


def is_too_far_ahead(reading: str, now: datetime) -> bool:
    """Return whether a reading of a device is too far in the future to be accepted."""
    return parts_of(reading)[0] > now + MAX_LEAD


def bounded(reading: str, now: datetime, column_clocks: Iterable[str] = ()) -> str:
    """Return the reading, or one of the present time if it is too far in the future.

    A device whose clock is years ahead would otherwise win against every change for years.

    Args:
        reading: Reading of a device.
        now: The present time.
        column_clocks: Clocks of the row's columns; a reading of the present time is larger than
            these, so that two changes of one device keep their order.
    """
    if not is_too_far_ahead(reading, now):
        return reading
    return next_reading(now, column_clocks, reading.rsplit("-", 1)[1])


def _require_reading(text: str) -> str:
    parts_of(text)
    return text


Reading = Annotated[str, AfterValidator(_require_reading)]
"""A reading as the field of a body."""
