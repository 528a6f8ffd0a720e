"""Upstash's REST protocol in front of a redis-server, with faults that can be switched on.

It serves each connection in one thread and uses the standard library alone: faults such as a
hanging or cut connection are made on the socket, which web frameworks hide.
"""

import hmac
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from local.redis_gateway.client_connection import ClientConnection, ConnectionClosed
from local.redis_gateway.faults import Faults
from local.redis_gateway.redis_protocol import ConnectionPool
from local.servers.redis_server import RedisServer

HOST = "127.0.0.1"
BACKLOG = 128


class Gateway:
    """A REST address for one redis-server.

    Attributes:
        token: Token that callers must present.
        faults: Switches for faults.
        redis: Connections to the redis-server.
        requests: Number of complete requests so far, for counting round trips.
        commands: Number of commands in them; Upstash bills each.
    """

    def __init__(self, server: RedisServer, *, port: int = 0, token: str | None = None) -> None:
        self.token = token or secrets.token_urlsafe(24)
        self.faults = Faults(self._open_or_close)
        self.requests = 0
        self.commands = 0
        self.redis = ConnectionPool(server.socket)
        self._port = port
        self._listener: socket.socket | None = None
        self._bound_socket: socket.socket | None = None
        self._thread_ids: dict[socket.socket, int] = {}  # one for each open connection
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Value for UPSTASH_REDIS_REST_URL."""
        return f"http://{HOST}:{self._port}"

    def start(self) -> None:
        """Listen on the port, or on a free one if it is 0.

        Raises:
            OSError: If the port is in use.
        """
        self._reserve_port()
        self._open_or_close(True)

    def stop(self) -> None:
        """Close the port and every connection; do nothing if it is not open."""
        self.faults.clear()
        self._open_or_close(False)
        if self._bound_socket is not None:
            self._bound_socket.close()
            self._bound_socket = None
        self.redis.close()

    def count_request(self, commands: int) -> None:
        """Add a request with this number of commands to the counters."""
        with self._lock:
            self.requests += 1
            self.commands += commands

    def accepts_token(self, token: str) -> bool:
        """Return whether the token is the gateway's."""
        return hmac.compare_digest(token.encode(), self.token.encode())

    def _reserve_port(self) -> None:
        """Bind the port without listening: connections are refused, and no program can take it."""
        bound_socket = socket.socket()
        bound_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound_socket.bind((HOST, self._port))
        self._port = bound_socket.getsockname()[1]
        self._bound_socket = bound_socket

    def _open_or_close(self, is_open: bool) -> None:
        if is_open and self._bound_socket is not None:
            self._listener, self._bound_socket = self._bound_socket, None
            self._listener.listen(BACKLOG)
            threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()
        elif not is_open and self._listener is not None:
            listener, self._listener = self._listener, None
            with suppress(OSError):  # ends accept() on Linux; on other systems close() does
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            self._cut_other_connections()
            self._reserve_port()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, address = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection, address], daemon=True).start()

    def _serve(self, connection: socket.socket, address: tuple[str, int]) -> None:
        with self._lock:
            self._thread_ids[connection] = threading.get_ident()
        try:
            with suppress(ConnectionError, ConnectionClosed), connection:
                ClientConnection(connection, address, self)
        finally:
            with self._lock:
                del self._thread_ids[connection]

    def _cut_other_connections(self) -> None:
        """Cut every connection except this thread's, which may still have to send a response."""
        own_id = threading.get_ident()
        with self._lock:
            connections = [c for c, thread_id in self._thread_ids.items() if thread_id != own_id]
        for connection in connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def running_gateway(
    server: RedisServer, *, port: int = 0, token: str | None = None
) -> Iterator[Gateway]:
    """Run a gateway for a block."""
    gateway = Gateway(server, port=port, token=token)
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()
