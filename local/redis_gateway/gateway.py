"""Upstash's REST protocol in front of a redis-server, with switches for faults.

One thread a connection, nothing but the standard library: a hung, cut or lying answer has to be
made at the level of the socket, below what web frameworks let one touch.
"""

import hmac
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from local.redis_gateway.conversation import Conversation, HungUp
from local.redis_gateway.faults import Faults
from local.redis_gateway.redis_protocol import Links
from local.servers.redis_server import RedisServer

HOST = "127.0.0.1"
BACKLOG = 128


class Gateway:
    """A REST address for one redis-server.

    Attributes:
        token: What callers must present.
        faults: The switches.
        requests: How many requests came in whole, for counting round trips.
        commands: How many commands they held; the service bills each.
    """

    def __init__(self, server: RedisServer, *, port: int = 0, token: str | None = None) -> None:
        self.token = token or secrets.token_urlsafe(24)
        self.faults = Faults(self._open_or_close)
        self.requests = 0
        self.commands = 0
        self.links = Links(server.socket)
        self._port = port
        self._listener: socket.socket | None = None
        self._place: socket.socket | None = None
        self._open: dict[socket.socket, int] = {}  # and the thread that serves it
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address, as UPSTASH_REDIS_REST_URL wants it."""
        return f"http://{HOST}:{self._port}"

    def start(self) -> None:
        """Listen; on a free port if none was given.

        Raises:
            OSError: If the port is taken.
        """
        self._take_place()
        self._open_or_close(True)

    def stop(self) -> None:
        """Close the door and every connection; harmless if it is not open."""
        self.faults.clear()
        self._open_or_close(False)
        if self._place is not None:
            self._place.close()
            self._place = None
        self.links.close()

    def count(self, commands: int) -> None:
        """Note a request."""
        with self._lock:
            self.requests += 1
            self.commands += commands

    def admits(self, given: str) -> bool:
        """True for the right token."""
        return hmac.compare_digest(given.encode(), self.token.encode())

    def _take_place(self) -> None:
        """Hold the port without listening: callers are refused, and nobody else gets it."""
        place = socket.socket()
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        place.bind((HOST, self._port))
        self._port = place.getsockname()[1]
        self._place = place

    def _open_or_close(self, is_open: bool) -> None:
        if is_open and self._place is not None:
            self._listener, self._place = self._place, None
            self._listener.listen(BACKLOG)
            threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()
        elif not is_open and self._listener is not None:
            listener, self._listener = self._listener, None
            with suppress(OSError):  # wakes accept() on Linux; other systems wake on close()
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            self._cut_others()
            self._take_place()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, address = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=[connection, address], daemon=True).start()

    def _talk(self, connection: socket.socket, address: tuple[str, int]) -> None:
        with self._lock:
            self._open[connection] = threading.get_ident()
        try:
            with suppress(ConnectionError, HungUp), connection:
                Conversation(connection, address, self)
        finally:
            with self._lock:
                del self._open[connection]

    def _cut_others(self) -> None:
        """Cut every connection but the one, if any, over which this was asked for."""
        with self._lock:
            us = threading.get_ident()
            others = [connection for connection, thread in self._open.items() if thread != us]
        for connection in others:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def running_gateway(
    server: RedisServer, *, port: int = 0, token: str | None = None
) -> Iterator[Gateway]:
    """A gateway for a block."""
    gateway = Gateway(server, port=port, token=token)
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()
