"""Server-side cursors."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    from lib.database.connection import Connection


@contextmanager
def server_cursor(
    connection: "Connection", name: str
) -> "Iterator[psycopg.ServerCursor[tuple[Any, ...]]]":
    """Open a cursor that fetches in parts, and close it even if the server has died meanwhile."""
    cursor = connection.cursor(name)
    try:
        yield cursor
    finally:
        try:
            cursor.close()
        finally:
            cursor.close()  # on a broken connection, this only marks the cursor as closed
