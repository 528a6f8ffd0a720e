"""Servers that do not respond, like an unreachable or a frozen service."""

import socket
import threading
from contextlib import suppress


class SilentServer:
    """A TCP port that accepts connections and never replies.

    Attributes:
        port: The port, on 127.0.0.1.
        connections: The connections so far; they stay open.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def close(self) -> None:
        """Close the port and every connection."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._accepting.join()
        self._listener.close()
        for connection in self.connections:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)


class UnreachableServer:
    """A TCP port whose queue is full, so that the system drops every further connection.

    Attributes:
        port: The port, on 127.0.0.1.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port: int = self._listener.getsockname()[1]
        self._queued = []
        for _ in range(4):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(self._listener.getsockname())
            self._queued.append(client)

    def close(self) -> None:
        """Close the port."""
        for client in self._queued:
            client.close()
        self._listener.close()
