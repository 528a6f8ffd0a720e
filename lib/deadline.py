"""The moment by which a call must be answered: a little before the platform gives up on it.

What a platform says then is not ours: no envelope, no request id, no word on whether to try again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MARGIN_SECONDS = 4.0
"""To say so: connecting takes up to 3 s, and cancelling what runs up to 0.8 s."""
_until: ContextVar[float | None] = ContextVar("until", default=None)


def begin(limit: float) -> None:
    """Start the clock of the request that runs in this context.

    Args:
        limit: Seconds that the platform gives it, more than the margin.
    """
    _until.set(time.monotonic() + limit - MARGIN_SECONDS)


def seconds_left() -> float | None:
    """Until the request must be answered, 0 when it is late; None outside of requests."""
    until = _until.get()
    return None if until is None else max(0.0, until - time.monotonic())


def is_late() -> bool:
    """Whether the request must be answered now."""
    return seconds_left() == 0


@contextmanager
def overtime(seconds: float) -> Iterator[None]:
    """Leave at least that many seconds to what runs inside, out of the margin."""
    until = _until.get()
    token = _until.set(None if until is None else max(until, time.monotonic() + seconds))
    try:
        yield
    finally:
        _until.reset(token)
