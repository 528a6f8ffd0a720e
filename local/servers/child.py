"""Servers as child processes: started with a lock on their folder, stopped without a trace."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

LAUNCH = Path(__file__).with_name("launch.py")
LOCK_SECONDS = 30.0  # a server whose starter was killed writes its last checkpoint meanwhile
STOP_SECONDS = 15.0
POLL_SECONDS = 0.01
LOG_BYTES = 4_000_000  # a longer log is begun anew at the next start
LOG_TAIL = 1_500  # characters of it in a message


class ServerError(Exception):
    """A local server cannot start or stop; the text says what to do about it."""


class FolderLock:
    """The right to run a server on a folder, held by the file `lock` in it.

    The server inherits the open file, and so do its own children: the lock is free when the last
    of them is gone, whatever killed them, and a process number in a stale file means nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._file: BinaryIO | None = None

    def acquire(self, seconds: float = LOCK_SECONDS) -> Self:
        """Wait for the last user of the folder to end.

        Raises:
            ServerError: If it is still there after `seconds`.
        """
        file = self._path.open("ab")
        deadline = time.monotonic() + seconds
        while not _locked(file):
            if time.monotonic() > deadline:
                file.close()
                raise ServerError(f"{self._path.parent} is in use by another process.")
            time.sleep(POLL_SECONDS)
        self._file = file
        return self

    def fileno(self) -> int:
        """The open file, for a child to inherit."""
        if self._file is None:
            raise ServerError(f"{self._path.parent} is not locked.")
        return self._file.fileno()

    def release(self) -> None:
        """Give up our hold; a server that inherited the lock keeps it until it ends."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        """Hold the lock for a block."""
        return self if self._file else self.acquire()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Release it."""
        self.release()


def _locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@dataclass(frozen=True)
class User:
    """Who a child runs as; the default changes nothing."""

    uid: int = -1
    gid: int = -1


SAME_USER = User()


def ends_with_us(
    program: list[str], stop_signal: signal.Signals = signal.SIGTERM, user: User = SAME_USER
) -> list[str]:
    """The command line that runs `program` so that it gets the signal when we are gone."""
    numbers = (os.getpid(), int(stop_signal), user.uid, user.gid)
    return [sys.executable, "-I", str(LAUNCH), *map(str, numbers), *program]


class Child:
    """A program in a session of its own: a Ctrl-C in the terminal reaches us alone.

    It ends when the thread that made it ends, so make it in a thread that lasts.
    """

    def __init__(
        self,
        program: list[str],
        *,
        log: Path | None,
        lock: FolderLock | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        user: User = SAME_USER,
        environment: dict[str, str] | None = None,
        keep_open: tuple[int, ...] = (),
    ) -> None:
        """Start `program` (a full path, then arguments).

        Args:
            program: What to run.
            log: Where its output goes; None for ours.
            lock: Inherited by the program, see FolderLock.
            stop_signal: Its polite way to end.
            user: Who it runs as.
            environment: Its whole environment; None for ours.
            keep_open: More file descriptors to inherit.
        """
        self._name = Path(program[0]).name
        self._log = log
        self._stop_signal = stop_signal
        inherited = (lock.fileno(), *keep_open) if lock else keep_open
        output = _open_log(log) if log else None
        try:
            self._process = subprocess.Popen(
                ends_with_us(program, stop_signal, user),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                pass_fds=inherited,
                env=environment,
                start_new_session=True,
            )
        finally:
            if output:
                output.close()

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """False once it has ended, for whatever reason."""
        return self._process.poll() is None

    def wait(self, seconds: float | None = None) -> int:
        """Wait for it to end; its exit code, or minus the signal that killed it."""
        return self._process.wait(seconds)

    def require_running(self) -> None:
        """Raise ServerError, with the end of the log, if it has ended."""
        if not self.running:
            raise ServerError(
                f"{self._name} ended with code {self._process.returncode}.\n{self.log_tail()}"
            )

    def log_tail(self) -> str:
        """The last lines of its log."""
        if self._log is None:
            return ""
        return self._log.read_text(errors="replace")[-LOG_TAIL:].strip()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask it to end, insist after `seconds`; harmless if it has ended."""
        if not self.running:
            return
        self._process.send_signal(self._stop_signal)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()


def _open_log(path: Path) -> BinaryIO:
    long = path.exists() and path.stat().st_size > LOG_BYTES
    return path.open("wb" if long else "ab")
