"""The part of the Redis protocol (RESP2) that the gateway needs.

The gateway passes error replies on word for word and distinguishes texts, numbers and nulls,
which Redis clients do not promise.
"""

import select
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CONNECT_SECONDS = 2.0
REPLY_SECONDS = 60.0  # a script may take long


@dataclass(frozen=True)
class ErrorReply:
    """The error of a command; `message` begins with a code such as `WRONGTYPE`."""

    message: str


Reply = bytes | int | None | ErrorReply | list["Reply"]
Command = Sequence[bytes]


class RedisConnection:
    """A connection to Redis, used by one thread at a time."""

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
        """Send all commands, then read a reply for each.

        Raises:
            OSError: If the connection fails; Redis may have executed some of the commands.
        """
        self._socket.sendall(b"".join(map(_encoded, commands)))
        return [self._read() for _ in commands]

    def run_atomically(self, commands: Sequence[Command]) -> list[Reply] | ErrorReply:
        """Run a transaction; a single ErrorReply means that nothing was executed."""
        *_, outcome = self.run([[b"MULTI"], *commands, [b"EXEC"]])
        if isinstance(outcome, list | ErrorReply):
            return outcome
        raise ConnectionError("EXEC did not return a list")

    @property
    def stale(self) -> bool:
        """Whether Redis has closed the connection, or sent data that nobody has read."""
        readable, _, _ = select.select([self._socket], [], [], 0)
        return bool(readable)

    def close(self) -> None:
        """Close the connection."""
        self._input.close()
        self._socket.close()

    def _read(self) -> Reply:
        line = self._input.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, value = line[:1], line[1:-2]
        match kind:
            case b"+":
                return value
            case b"-":
                return ErrorReply(value.decode(errors="replace"))
            case b":":
                return int(value)
            case b"$":
                return None if value == b"-1" else self._read_bytes(int(value))
            case b"*":
                return None if value == b"-1" else [self._read() for _ in range(int(value))]
        raise ConnectionError(f"not a Redis reply: {line[:20]!r}")

    def _read_bytes(self, length: int) -> bytes:
        line = self._input.read(length + 2)
        if len(line) != length + 2:
            raise ConnectionError("Redis closed the connection")
        return line[:-2]


class ConnectionPool:
    """Connections to one Redis, last used first; thread-safe."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[RedisConnection] = []
        self._lock = threading.Lock()

    @contextmanager
    def borrow(self) -> Iterator[RedisConnection]:
        """Lend a connection for a block; close it if the block raises."""
        connection = self._take() or RedisConnection(self._path)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._idle.append(connection)

    def close(self) -> None:
        """Close the idle connections."""
        while connection := self._take():
            connection.close()

    def _take(self) -> RedisConnection | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if not connection.stale:
                return connection
            connection.close()


def _encoded(command: Command) -> bytes:
    parts = [b"*%d\r\n" % len(command)]
    parts += [b"$%d\r\n%b\r\n" % (len(part), part) for part in command]
    return b"".join(parts)
