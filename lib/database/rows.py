"""Rows by column name and server-side cursors, for queries with columns fixed at run time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lib.database.queries import Query
from lib.database.statements import Params

if TYPE_CHECKING:
    import psycopg

    from lib.database.postgres import Connection, Transaction


def fetch_dicts(
    transaction: "Transaction", query: Query, params: Params | None = None
) -> list[dict[str, Any]]:
    """Return every row as a dictionary by column name."""
    from psycopg.rows import dict_row

    with transaction.connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.text, params).fetchall()


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
