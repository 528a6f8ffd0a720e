"""The background thread that synchronises a device while its server can be reached."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from device.errors import LogInNeeded, ServerAway, ServerNotSet
from device.state import ProgressBoard
from lib.errors import AppError
from lib.logs import log, place

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds before the first retry of a failed sync, and maximum before any other: a sync begins
within 30 seconds of being online, unless the server names a longer wait."""
REGULAR_WAIT = 60.0
"""Seconds until the next sync, after a success for which the server names no other time, and after
an attempt without a server or without a log-in."""
AFTER_WRITE = 0.5
"""Seconds between a change and its sync, so that several changes are sent in one call."""


@dataclass(frozen=True)
class Outcome:
    """Result of a sync that reached the server."""

    wait: float | None = None
    """Seconds until the next sync, if the server names them."""
    must_wait: bool = False
    """Whether the server deferred all changes, so that nothing may shorten the wait."""
    problem: str | None = None
    """Reason why the sync failed, for the pages, if a person has to act."""


class Background:
    """Synchronises at intervals, and at once on request.

    Args:
        sync: Function that runs one sync; it may raise `ServerAway`, `ServerNotSet` or
            `LogInNeeded`.
        board: Progress for the pages.
        now: Function that returns the present time.
        rng: Generator of the jitter.
    """

    def __init__(
        self,
        sync: Callable[[], Outcome],
        board: ProgressBoard,
        now: Callable[[], datetime],
        rng: random.Random,
    ) -> None:
        self._sync = sync
        self._board = board
        self._now = now
        self._rng = rng
        self._failures = 0
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._succeeded = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def soon(self) -> None:
        """Ask for a sync; a wait that the server has imposed is still kept."""
        self._wake.set()

    def wait_for_success(self, seconds: float) -> None:
        """Ask for a sync, and wait for one that succeeds, at most for these seconds."""
        self._succeeded.clear()
        self._wake.set()
        self._succeeded.wait(seconds)

    def stop(self) -> None:
        """End the thread after the sync that is under way."""
        self._ended.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._wake.clear()
            seconds, must_wait = self.attempt()
            self._board.change(next_sync=self._now() + timedelta(seconds=seconds))
            if must_wait:
                self._ended.wait(seconds)
            elif self._wake.wait(seconds):
                self._ended.wait(AFTER_WRITE)

    def attempt(self) -> tuple[float, bool]:
        """Run one sync; return the seconds to wait, and whether nothing may shorten them."""
        self._board.change(is_syncing=True, next_sync=None)
        problem, server_away = None, False
        try:
            outcome = self._sync()
        except (ServerNotSet, LogInNeeded):
            self._failures = 0
            return REGULAR_WAIT, False
        except ServerAway as away:
            server_away = True
            return self._after_failure(away.retry_after)
        except AppError as error:
            problem = str(error)
            log("sync_failed", code=error.code)
            return self._after_failure(error.retry_after)
        except Exception as error:  # noqa: BLE001 the thread has to go on
            problem = "The sync failed on the device and will be retried; see the device's log."
            log("sync_failed", details={"error": error}, kind=type(error).__name__, at=place(error))
            return self._after_failure(None)
        else:
            problem = outcome.problem
            if outcome.must_wait or problem is not None:
                return self._after_failure(outcome.wait, must_wait=outcome.must_wait)
            self._failures = 0
            self._succeeded.set()
            wait = REGULAR_WAIT if outcome.wait is None else outcome.wait
            return wait, False
        finally:
            self._board.change(is_syncing=False, server_away=server_away, problem=problem)

    def _after_failure(
        self, retry_after: float | None, *, must_wait: bool = False
    ) -> tuple[float, bool]:
        """Return the wait after a failure, and whether nothing may shorten it.

        The wait doubles with each failure, and is jittered. If the server names a time, the wait is
        at least as long, and nothing may shorten it.
        """
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2**self._failures)
        self._failures = min(self._failures + 1, 10)
        jittered = wait * self._rng.uniform(0.5, 1.0)
        if retry_after is None:
            return jittered, must_wait
        return max(retry_after * self._rng.uniform(1.0, 1.2), jittered), True
