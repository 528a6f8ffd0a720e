"""The deadline of a request, a little before the platform's own time limit.

When a platform ends a call, its response has no error envelope, no request id, and no hint whether
to retry.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MARGIN_SECONDS = 4.0
"""Seconds from the deadline to the platform's limit, for the response and for work that cannot be
interrupted: connecting takes up to 3 s, cancelling a statement up to 0.8 s."""
_until: ContextVar[float | None] = ContextVar("until", default=None)


def start(limit: float) -> None:
    """Start the clock of the request in this context.

    Args:
        limit: The platform's time limit in seconds, more than the margin.
    """
    _until.set(time.monotonic() + limit - MARGIN_SECONDS)


def seconds_left() -> float | None:
    """Return the seconds until the deadline, 0 once it has passed; None outside of requests."""
    until = _until.get()
    return None if until is None else max(0.0, until - time.monotonic())


def is_late() -> bool:
    """Return whether the deadline has passed."""
    return seconds_left() == 0


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Give the block at most `seconds`, or the time until the deadline if that is shorter."""
    latest = time.monotonic() + seconds
    until = _until.get()
    token = _until.set(latest if until is None else min(until, latest))
    try:
        yield
    finally:
        _until.reset(token)


@contextmanager
def overtime(seconds: float) -> Iterator[None]:
    """Give the block at least `seconds`, taken from the margin."""
    until = _until.get()
    token = _until.set(None if until is None else max(until, time.monotonic() + seconds))
    try:
        yield
    finally:
        _until.reset(token)
