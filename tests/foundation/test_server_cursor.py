"""Server-side cursors whose server process ends."""

from contextlib import ExitStack

import psycopg
import pytest

from lib.database.rows import server_cursor

KILL = "SELECT pg_terminate_backend(%s, 10000)"


def test_a_cursor_is_closed_even_if_its_server_ends_first(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection, ExitStack() as stack:
        cursor = stack.enter_context(server_cursor(connection, "c"))
        cursor.execute("SELECT generate_series(1, 10)")
        assert cursor.fetchmany(2) == [(1,), (2,)]
        with psycopg.connect(postgres_url, autocommit=True) as killer:
            killer.execute(KILL, [connection.info.backend_pid])
        with pytest.raises(psycopg.OperationalError):
            stack.close()
        assert cursor.closed
