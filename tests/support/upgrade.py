"""The upgrade of a schema, and its report to the operator."""

import psycopg

from lib.database.schema import upgrade_schema


def upgrade(url: str) -> list[str]:
    """Run every script of the schema in one transaction; return the reported lines."""
    with psycopg.connect(url) as connection:
        return upgrade_schema(connection).reports
