"""All rows of the schemas that the demo fills, for comparisons."""

import psycopg
from psycopg import sql


def dump(url: str) -> dict[str, list[str]]:
    """Return the rows of each table as sorted JSON texts, by the name of the table."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname IN ('public', 'assessment', 'learning') ORDER BY 1, 2"
        ).fetchall()
        return {f"{schema}.{table}": _rows(connection, schema, table) for schema, table in tables}


def _rows(connection: psycopg.Connection, schema: str, table: str) -> list[str]:
    statement = sql.SQL("SELECT to_jsonb(t)::text FROM {} t ORDER BY 1")
    return [row for (row,) in connection.execute(statement.format(sql.Identifier(schema, table)))]
