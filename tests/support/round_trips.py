"""Counts round trips to Postgres on the wire, between the driver and the server, and loses replies.

A round trip is a burst of bytes from the client after the server last spoke. It is counted
before it is passed on, so whoever has an answer finds its trip counted.
"""

import selectors
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

SOCKET_NAME = ".s.PGSQL.5432"
CHUNK = 1 << 16


class Wire:
    """A proxy in front of one database; `url` leads through it."""

    def __init__(self, url: str, folder: Path) -> None:
        parts = urlsplit(url)
        self._server = str(Path(parse_qs(parts.query)["host"][0]) / SOCKET_NAME)
        self.url = parts._replace(query=f"host={quote(str(folder))}").geturl()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / SOCKET_NAME))
        self._listener.listen()
        self._lock = threading.Lock()
        self._trips = 0
        self._connections = 0
        self.lose_next_reply = threading.Event()
        """Set: the server carries out what it is asked next, and the client never hears of it."""

    @contextmanager
    def counting(self) -> Iterator[list[int]]:
        """Yield a list that afterwards holds the number of round trips of the block.

        Raises:
            AssertionError: If the block opened a connection, whose start is no single trip.
        """
        with self._lock:
            trips, connections = self._trips, self._connections
        counted: list[int] = []
        yield counted
        with self._lock:
            assert self._connections == connections, "the block was not warm: it connected"
            counted.append(self._trips - trips)

    def serve(self) -> None:
        """Accept until closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections += 1
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Refuse further connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, selectors.DefaultSelector() as ready:
            server.connect(self._server)
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            server_spoke_last = True
            while True:
                for key, _ in ready.select():
                    source, target = key.fileobj, key.data
                    assert isinstance(source, socket.socket)
                    if not (chunk := source.recv(CHUNK)):
                        return
                    if source is client and server_spoke_last:
                        with self._lock:
                            self._trips += 1
                    server_spoke_last = source is server
                    if source is server and self.lose_next_reply.is_set():
                        self.lose_next_reply.clear()
                        return
                    target.sendall(chunk)


@contextmanager
def counted_wire(url: str) -> Iterator[Wire]:
    """Put a counting proxy in front of the database at `url` (a unix socket)."""
    with tempfile.TemporaryDirectory(prefix="wire-") as folder:
        wire = Wire(url, Path(folder))
        thread = threading.Thread(target=wire.serve, daemon=True)
        thread.start()
        yield wire
        wire.close()
        thread.join(timeout=5)
