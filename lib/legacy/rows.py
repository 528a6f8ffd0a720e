"""Rows whose columns are names of sums, and JSON parameters; the driver is imported when asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lib.queries import Query
from lib.statements import Params

if TYPE_CHECKING:
    import psycopg

    from lib.postgres import Connection, Transaction


def fetch_dicts(
    transaction: "Transaction", query: Query, params: Params | None = None
) -> list[dict[str, Any]]:
    """Every row by column name."""
    from psycopg.rows import dict_row

    with transaction.connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.text, params).fetchall()


def fetch_dict(
    transaction: "Transaction", query: Query, params: Params | None = None
) -> dict[str, Any]:
    """The only row by column name; sums always give one."""
    (row,) = fetch_dicts(transaction, query, params)
    return row


@contextmanager
def server_cursor(
    connection: "Connection", name: str
) -> "Iterator[psycopg.ServerCursor[tuple[Any, ...]]]":
    """A cursor that fetches in parts, closed at the end even if the server dies meanwhile."""
    cursor = connection.cursor(name)
    try:
        yield cursor
    finally:
        try:
            cursor.close()
        finally:
            cursor.close()  # on a dead connection it only marks the cursor as closed


def as_json(value: Any) -> Any:
    """A parameter for a JSONB column."""
    from psycopg.types.json import Jsonb

    return Jsonb(value)
