"""The Redis protocol (RESP2), as much of it as the gateway needs.

Written out because error replies must pass through word for word, which client libraries do not
promise, and because statuses, numbers and nulls must stay apart.
"""

import select
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CONNECT_SECONDS = 2.0
REPLY_SECONDS = 60.0  # a script may run long


@dataclass(frozen=True)
class ErrorReply:
    """A command failed; `message` begins with the code, such as `WRONGTYPE`."""

    message: str


Reply = bytes | int | None | ErrorReply | list["Reply"]
Command = Sequence[bytes]


class Link:
    """One connection to Redis, for one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(CONNECT_SECONDS)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._socket.settimeout(REPLY_SECONDS)
        self._input = self._socket.makefile("rb")

    def run(self, commands: Sequence[Command]) -> list[Reply]:
        """Send all, then read a reply for each.

        Raises:
            OSError: If Redis is away; some of the commands may have been executed.
        """
        self._socket.sendall(b"".join(map(_packed, commands)))
        return [self._read() for _ in commands]

    def run_atomically(self, commands: Sequence[Command]) -> list[Reply] | ErrorReply:
        """Run as one transaction; an ErrorReply alone says that nothing was executed."""
        *_, outcome = self.run([[b"MULTI"], *commands, [b"EXEC"]])
        if isinstance(outcome, list | ErrorReply):
            return outcome
        raise ConnectionError("EXEC gave no list")

    @property
    def stale(self) -> bool:
        """True if Redis closed the connection, or left something unread in it."""
        readable, _, _ = select.select([self._socket], [], [], 0)
        return bool(readable)

    def close(self) -> None:
        """Hang up."""
        self._input.close()
        self._socket.close()

    def _read(self) -> Reply:
        line = self._input.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        match kind:
            case b"+":
                return rest
            case b"-":
                return ErrorReply(rest.decode(errors="replace"))
            case b":":
                return int(rest)
            case b"$":
                return None if rest == b"-1" else self._read_bytes(int(rest))
            case b"*":
                return None if rest == b"-1" else [self._read() for _ in range(int(rest))]
        raise ConnectionError(f"not a reply: {line[:20]!r}")

    def _read_bytes(self, length: int) -> bytes:
        text = self._input.read(length + 2)
        if len(text) != length + 2:
            raise ConnectionError("Redis closed the connection")
        return text[:-2]


class Links:
    """Connections to one Redis, the one used last first; safe for threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[Link] = []
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self) -> Iterator[Link]:
        """A connection for a block; not given back if the block raises."""
        link = self._take() or Link(self._path)
        try:
            yield link
        except BaseException:
            link.close()
            raise
        with self._lock:
            self._idle.append(link)

    def close(self) -> None:
        """Hang up those that are idle."""
        while link := self._take():
            link.close()

    def _take(self) -> Link | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                link = self._idle.pop()
            if not link.stale:
                return link
            link.close()


def _packed(command: Command) -> bytes:
    parts = [b"*%d\r\n" % len(command)]
    parts += [b"$%d\r\n%b\r\n" % (len(part), part) for part in command]
    return b"".join(parts)
