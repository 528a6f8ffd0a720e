"""Child processes that end with their parent, and locks on the folders of servers."""

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
LOCK_SECONDS = 30.0  # a server whose parent was killed writes a checkpoint before it ends
STOP_SECONDS = 15.0
POLL_SECONDS = 0.01
LOG_BYTES = 4_000_000  # a longer log is overwritten at the next start
LOG_TAIL = 1_500  # characters of the log in an error message


class ServerError(Exception):
    """A local server cannot start or has ended; the message says what to do."""


class FolderLock:
    """An exclusive lock on a folder, by flock on the file `lock` in it.

    A server and its children inherit the open file, so the lock is released when the last of them
    has ended, in whatever way. Unlike a file with a process id, it cannot become stale.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lock"
        self._file: BinaryIO | None = None

    def acquire(self, seconds: float = LOCK_SECONDS) -> Self:
        """Wait until no other process holds the lock, and take it.

        Raises:
            ServerError: If another process still holds it after `seconds`.
        """
        file = self._path.open("ab")
        deadline = time.monotonic() + seconds
        while not _try_to_lock(file):
            if time.monotonic() > deadline:
                file.close()
                raise ServerError(
                    f"{self._path.parent} is in use by another process. Stop it, then try again."
                )
            time.sleep(POLL_SECONDS)
        self._file = file
        return self

    def fileno(self) -> int:
        """Return the descriptor of the open file, for a child to inherit."""
        if self._file is None:
            raise ServerError(f"{self._path.parent} is not locked.")
        return self._file.fileno()

    def release(self) -> None:
        """Close the file; a server that has inherited it keeps the lock until it ends."""
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
        """Release the lock."""
        self.release()


def _try_to_lock(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@dataclass(frozen=True)
class User:
    """User and group that a child runs as; -1 keeps the current one."""

    uid: int = -1
    gid: int = -1


SAME_USER = User()


def command_ending_with_us(
    program: list[str], stop_signal: signal.Signals = signal.SIGTERM, user: User = SAME_USER
) -> list[str]:
    """Return a command that runs `program` and sends it the signal when this process ends."""
    numbers = (os.getpid(), int(stop_signal), user.uid, user.gid)
    return [sys.executable, "-I", str(LAUNCH), *map(str, numbers), *program]


class Child:
    """A child process in a session of its own, which Ctrl-C in the terminal does not reach.

    On Linux it ends with the thread that created it, so create it in a thread that lasts.
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
        """Start the program.

        Args:
            program: Full path of the program, then its arguments.
            log: File for its output; None for the output of this process.
            lock: Lock that it inherits.
            stop_signal: Signal that asks it to end.
            user: User that it runs as.
            environment: Its whole environment; None for that of this process.
            keep_open: File descriptors that it inherits besides the lock's.
        """
        self._name = Path(program[0]).name
        self._log = log
        self._stop_signal = stop_signal
        descriptors = (lock.fileno(), *keep_open) if lock else keep_open
        output = _open_log(log) if log else None
        try:
            self._process = subprocess.Popen(
                command_ending_with_us(program, stop_signal, user),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                pass_fds=descriptors,
                env=environment,
                start_new_session=True,
            )
        finally:
            if output:
                output.close()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def wait(self, seconds: float | None = None) -> int:
        """Wait for it to end; return its exit code, or the negative number of a signal."""
        return self._process.wait(seconds)

    def require_running(self) -> None:
        """Raise ServerError, with the end of the log, if it has ended."""
        if not self.running:
            raise ServerError(
                f"{self._name} ended with code {self._process.returncode}.\n{self.log_tail()}"
            )

    def log_tail(self) -> str:
        """Return the end of its log."""
        if self._log is None:
            return ""
        return self._log.read_text(errors="replace")[-LOG_TAIL:].strip()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Ask it to end and kill it after `seconds`; do nothing if it has ended."""
        if not self.running:
            return
        self._process.send_signal(self._stop_signal)
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()


def _open_log(path: Path) -> BinaryIO:
    too_long = path.exists() and path.stat().st_size > LOG_BYTES
    return path.open("wb" if too_long else "ab")
