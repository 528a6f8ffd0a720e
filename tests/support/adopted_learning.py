"""The learning context's tables after an upgrade of the live system's database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from lib.database.schema import Upgrade, upgrade_schema
from tests.support.databases import Databases
from tests.support.live_learning import LIVE_TABLES, LOOSEN

Row = dict[str, Any]
Connection = psycopg.Connection[Row]


@contextmanager
def live_database(databases: Databases, *, loose: bool = True) -> Iterator[Connection]:
    """Connect to a new database that has the live system's tables, without rows, and none of ours.

    Args:
        databases: Server on which to create it.
        loose: Whether constraints are missing, so that any row can be inserted.
    """
    with (
        databases.copy() as url,
        psycopg.connect(url, autocommit=True, row_factory=dict_row) as connection,
    ):
        connection.execute(LIVE_TABLES)
        if loose:
            connection.execute(LOOSEN)
        yield connection


def upgrade(live: Connection) -> Upgrade:
    """Run every script of the schema in one transaction."""
    with live.transaction():
        return upgrade_schema(cast("psycopg.Connection", live))


def adopted(live: Connection, table: str) -> dict[int, Row]:
    """Return the rows of one of our tables by their former id."""
    query = sql.SQL("SELECT t.former_id, to_jsonb(t) AS row FROM learning.{} AS t")
    return {
        row["former_id"]: row["row"] for row in live.execute(query.format(sql.Identifier(table)))
    }


def fetch(live: Connection, query: str, *params: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a query as tuples."""
    return [tuple(row.values()) for row in live.execute(query.encode(), params or None)]


def everything(live: Connection) -> dict[str, list[str]]:
    """Return all rows of the context's tables and those of `public`, as text."""
    tables = fetch(
        live,
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'public'"
        " OR schemaname LIKE 'learning%' ORDER BY 1",
    )
    return {
        name: sorted(row for (row,) in fetch(live, f"SELECT t::text FROM {name} AS t"))
        for (name,) in tables
    }


def line_with(upgraded: Upgrade, *parts: str) -> str:
    """Return the one reported line that has all the parts."""
    (line,) = [line for line in upgraded.reports if all(part in line for part in parts)]
    return line
