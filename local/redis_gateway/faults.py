"""Faults of a Redis over REST that tests and developers can switch on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """A way for a request to fail."""

    REFUSE = "refuse"  # new connections are refused, open ones are cut
    CLOSE = "close"  # nothing is executed, the connection is cut
    HANG = "hang"  # nothing is executed; the connection is cut when the fault is switched off
    SLOW = "slow"  # executed after a delay
    SERVER_ERROR = "500"
    HTML = "html"  # status 200 with a proxy's error page
    TRUNCATE = "truncate"  # executed, but the response has only half of the JSON
    TOO_MANY = "429"
    UNAUTHORIZED = "401"
    LOSE_REPLY = "lose-reply"  # executed, then the connection is cut
    FLUSH = "flush"  # executed after all keys were removed
    WRONG_VALUE = "wrong-value"  # executed, but the response has wrong values of the right type


@dataclass
class ActiveFault:
    """A fault that is switched on, and the requests that it affects.

    Attributes:
        kind: The fault.
        times: Number of requests that it still affects; None for all.
        after: Number of requests that pass unharmed first.
        seconds: Duration of the fault; with None, it lasts until it is switched off.
        delay: Delay of SLOW, seconds.
        value: Replacement for every text under WRONG_VALUE; None for `wrong`.
    """

    kind: Fault
    times: int | None = None
    after: int = 0
    seconds: float | None = None
    delay: float = 1.0
    value: str | None = None


class Faults:
    """The faults of one gateway; at most one is on at a time. Thread-safe."""

    def __init__(self, listen: Callable[[bool], None]) -> None:
        """Begin without a fault; `listen` opens the gateway's port or closes it."""
        self._listen = listen
        self._active: ActiveFault | None = None
        self._ended = threading.Event()
        self._lock = threading.RLock()
        self.affected_requests = 0
        """Number of requests that a fault affected; those refused by REFUSE never arrive."""

    def switch_on(
        self,
        fault: Fault,
        *,
        times: int | None = None,
        after: int = 0,
        seconds: float | None = None,
        delay: float = 1.0,
        value: str | None = None,
    ) -> None:
        """Switch a fault on in place of the active one; for the arguments, see ActiveFault.

        REFUSE with `times` or `after` becomes CLOSE: refused connections cannot be counted.
        """
        if fault is Fault.REFUSE and (times is not None or after):
            fault = Fault.CLOSE
        self.clear()
        ended = threading.Event()
        with self._lock:
            self._active = ActiveFault(
                fault, times=times, after=after, seconds=seconds, delay=delay, value=value
            )
            self._ended = ended
        if fault is Fault.REFUSE:
            self._listen(False)
        if seconds is not None:
            threading.Thread(target=self._end_later, args=[ended, seconds], daemon=True).start()

    def clear(self) -> None:
        """Switch the active fault off and cut the requests that hang."""
        with self._lock:
            previous, self._active = self._active, None
            self._ended.set()
        if previous and previous.kind is Fault.REFUSE:
            self._listen(True)

    @contextmanager
    def during(
        self,
        fault: Fault,
        *,
        times: int | None = None,
        after: int = 0,
        delay: float = 1.0,
        value: str | None = None,
    ) -> Iterator[None]:
        """Switch a fault on for a block."""
        self.switch_on(fault, times=times, after=after, delay=delay, value=value)
        try:
            yield
        finally:
            self.clear()

    @property
    def active(self) -> ActiveFault | None:
        """The fault that is on; its counts go down with each request."""
        return self._active

    def for_request(self) -> ActiveFault | None:
        """Return the fault for a request that has just arrived; None if it passes unharmed."""
        with self._lock:
            fault = self._active
            if fault is None:
                return None
            if fault.after > 0:
                fault.after -= 1
                return None
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._active = None
            self.affected_requests += 1
            return fault

    def wait_until_cleared(self) -> None:
        """Block until the last fault that was switched on is switched off or replaced.

        A fault whose `times` are used up still counts as switched on here.
        """
        self._ended.wait()

    def _end_later(self, ended: threading.Event, seconds: float) -> None:
        if not ended.wait(seconds) and self._ended is ended:
            self.clear()
