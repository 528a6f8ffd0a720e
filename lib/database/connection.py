"""Connections to Postgres that keep to the deadline of the request."""

from contextlib import suppress
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

from lib.deadline import is_late, seconds_left
from lib.errors import NotConfigured

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]

CONNECT_SECONDS = 3
SILENCE_MILLISECONDS = 10_000  # packets unacknowledged for this long break the connection
KEEPALIVE_SECONDS = 5
WAIT_INTERVAL_SECONDS = 0.1  # the driver's default
CANCEL_SECONDS = 0.8  # fits into the deadline's margin after the slowest connect


class BoundedConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that waits for the server no longer than the deadline of the request.

    After that, the statement raises an OperationalError, and the connection is closed. The server
    would go on until it has a result to send, so the statement is also cancelled.
    """

    def wait(
        self, gen: PQGen[T], interval: float = WAIT_INTERVAL_SECONDS, timeout: float | None = None
    ) -> T:
        """Wait for a reply; every call of the driver ends here."""
        try:
            return super().wait(gen, interval, seconds_left() if timeout is None else timeout)
        except psycopg.OperationalError:
            if is_late():
                self._give_up(gen)
            raise

    def _give_up(self, gen: PQGen[T]) -> None:
        """Cancel the statement through a second connection, and close this one."""
        with suppress(psycopg.Error):
            self.cancel_safe(timeout=CANCEL_SECONDS)
        self.close()
        with suppress(psycopg.Error):
            gen.close()


def connect(url: str, *, autocommit: bool = True) -> Connection:
    """Open a connection that suits every pooler and keeps to the deadline of the request.

    Raises:
        NotConfigured: If the address is malformed.
        psycopg.OperationalError: If the database cannot be reached.
    """
    try:
        return BoundedConnection.connect(
            url,
            autocommit=autocommit,
            prepare_threshold=None,
            connect_timeout=CONNECT_SECONDS,
            application_name="stepwise",
            tcp_user_timeout=SILENCE_MILLISECONDS,
            keepalives_idle=KEEPALIVE_SECONDS,
            keepalives_interval=KEEPALIVE_SECONDS,
            keepalives_count=2,
        )
    except psycopg.ProgrammingError:  # its text contains the URL, so it must not be shown
        raise NotConfigured(name="POSTGRES_URL", reason="is malformed") from None
