"""Rows whose columns are names of sums, and JSON parameters; the driver is imported when asked."""

from typing import TYPE_CHECKING, Any

from lib.queries import Query
from lib.statements import Params

if TYPE_CHECKING:
    from lib.postgres import Transaction


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


def as_json(value: Any) -> Any:
    """A parameter for a JSONB column."""
    from psycopg.types.json import Jsonb

    return Jsonb(value)
