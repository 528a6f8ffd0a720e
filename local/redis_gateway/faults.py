"""Everything that can go wrong with a Redis over REST, at the turn of a switch."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What happens to a request."""

    REFUSE = "refuse"  # nobody listens; open connections are cut
    CLOSE = "close"  # the connection is cut, nothing is executed
    HANG = "hang"  # no answer until the switch is off; nothing is executed
    SLOW = "slow"  # executed and answered, after a delay
    SERVER_ERROR = "500"
    HTML = "html"  # a page of some proxy, with status 200
    TRUNCATE = "truncate"  # executed; the JSON of the answer stops half-way
    TOO_MANY = "429"
    UNAUTHORIZED = "401"
    LOSE_REPLY = "lose-reply"  # executed, then the connection is cut
    FLUSH = "flush"  # every key is gone, then it is executed
    WRONG_VALUE = "wrong-value"  # executed; the answer has the right form and is false


@dataclass
class Switch:
    """A fault that is on, and for whom.

    Attributes:
        fault: What happens.
        times: To how many requests; None for all.
        after: How many are spared first.
        seconds: For how long; None until it is switched off.
        delay: How slow SLOW is, seconds.
        value: What WRONG_VALUE puts in the place of every text; None for nonsense.
    """

    fault: Fault
    times: int | None = None
    after: int = 0
    seconds: float | None = None
    delay: float = 1.0
    value: str | None = None


class Faults:
    """The switches of one gateway; one is on at a time. Safe for threads."""

    def __init__(self, listen: Callable[[bool], None]) -> None:
        """Make switches that are off; `listen` opens and closes the gateway's door."""
        self._listen = listen
        self._switch: Switch | None = None
        self._over = threading.Event()
        self._lock = threading.RLock()
        self.met = 0
        """How many requests met a fault (REFUSE keeps none to count)."""

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
        """Turn a fault on in place of the one before; the arguments are those of Switch.

        REFUSE for a number of requests is CLOSE: who is refused at the door cannot be counted.
        """
        if fault is Fault.REFUSE and (times is not None or after):
            fault = Fault.CLOSE
        self.clear()
        over = threading.Event()
        with self._lock:
            self._switch = Switch(fault, times, after, seconds, delay, value)
            self._over = over
        if fault is Fault.REFUSE:
            self._listen(False)
        if seconds is not None:
            threading.Thread(target=self._end_later, args=[over, seconds], daemon=True).start()

    def clear(self) -> None:
        """Turn everything off; requests that hang are cut."""
        with self._lock:
            was, self._switch = self._switch, None
            self._over.set()
        if was and was.fault is Fault.REFUSE:
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
        """Turn a fault on for a block."""
        self.switch_on(fault, times=times, after=after, delay=delay, value=value)
        try:
            yield
        finally:
            self.clear()

    @property
    def active(self) -> Switch | None:
        """The switch that is on; its numbers are what is left."""
        return self._switch

    def meet(self) -> Switch | None:
        """The switch for the request that has just come in, None if it is spared."""
        with self._lock:
            switch = self._switch
            if switch is None:
                return None
            if switch.after > 0:
                switch.after -= 1
                return None
            if switch.times is not None:
                switch.times -= 1
                if switch.times <= 0:
                    self._switch = None
            self.met += 1
            return switch

    def wait_until_over(self) -> None:
        """Hold a request that hangs until the switch is off, or another one is on."""
        self._over.wait()

    def _end_later(self, over: threading.Event, seconds: float) -> None:
        if not over.wait(seconds) and self._over is over:
            self.clear()
