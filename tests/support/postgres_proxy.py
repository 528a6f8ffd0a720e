"""A proxy in front of Postgres that counts round trips, cuts connections and loses replies.

A round trip begins with the first bytes that the client sends after bytes from the server. The
proxy counts it before passing them on, so that it is counted before the client has a reply.
"""

import selectors
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

SOCKET_NAME = ".s.PGSQL.5432"
CHUNK_BYTES = 1 << 16


class PostgresProxy:
    """A proxy in front of one database; `url` leads through it.

    Attributes:
        url: Address for clients.
        refuses: Whether new connections are closed as soon as they are accepted.
    """

    def __init__(self, url: str, folder: Path) -> None:
        parts = urlsplit(url)
        self._server_socket = str(Path(parse_qs(parts.query)["host"][0]) / SOCKET_NAME)
        self.url = parts._replace(query=f"host={quote(str(folder))}").geturl()
        self.refuses = False
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / SOCKET_NAME))
        self._listener.listen()
        self._lock = threading.Lock()
        self._trips = 0
        self._connections = 0
        self._open: set[socket.socket] = set()
        self._lose_reply_to: bytes | None = None

    @contextmanager
    def counting(self) -> Iterator[list[int]]:
        """Yield a list that afterwards holds the number of round trips of the block.

        Raises:
            AssertionError: If the block opened a connection, which takes several round trips.
        """
        with self._lock:
            trips, connections = self._trips, self._connections
        block_trips: list[int] = []
        yield block_trips
        with self._lock:
            assert self._connections == connections, (
                "the block opened a connection: open it before the block"
            )
            block_trips.append(self._trips - trips)

    def lose_next_reply(self, request: bytes = b"") -> None:
        """Cut the connection instead of passing on the reply to the next request.

        The server carries the request out, but the client receives no reply.

        Args:
            request: Bytes that the request has to contain; replies to other requests are not lost.
        """
        self._lose_reply_to = request

    def cut(self) -> None:
        """Drop the open connections, and refuse new ones until `refuses` is False again."""
        self.refuses = True
        with self._lock:
            for end in self._open:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        """Accept connections until closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refuses:
                client.close()
                continue
            with self._lock:
                self._connections += 1
            threading.Thread(target=self._serve_client, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Refuse further connections."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve_client(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(self._server_socket)
            with self._lock:
                self._open |= {client, server}
            try:
                self._relay(client, server)
            finally:
                with self._lock:
                    self._open -= {client, server}

    def _relay(self, client: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ)
            selector.register(server, selectors.EVENT_READ)
            server_spoke_last = True
            loses_reply = False
            while True:
                for key, _ in selector.select():
                    from_client = key.fileobj is client
                    source, target = (client, server) if from_client else (server, client)
                    if not (chunk := source.recv(CHUNK_BYTES)):
                        return
                    if from_client:
                        loses_reply |= self._note_request(chunk, new=server_spoke_last)
                    elif loses_reply:
                        return
                    server_spoke_last = not from_client
                    target.sendall(chunk)

    def _note_request(self, chunk: bytes, *, new: bool) -> bool:
        """Count a round trip if the request is new; return whether to lose its reply."""
        with self._lock:
            self._trips += new
            if self._lose_reply_to is None or self._lose_reply_to not in chunk:
                return False
            self._lose_reply_to = None
            return True


@contextmanager
def running_proxy(url: str) -> Iterator[PostgresProxy]:
    """Put a proxy in front of the database at `url`, which names a unix socket, for a block."""
    with tempfile.TemporaryDirectory(prefix="proxy-") as folder:
        proxy = PostgresProxy(url, Path(folder))
        thread = threading.Thread(target=proxy.serve, daemon=True)
        thread.start()
        yield proxy
        proxy.close()
        thread.join(timeout=5)
