"""The upgrade of a schema, and what it reports to the operator."""

import psycopg
from psycopg.errors import Diagnostic

from lib.database.schema import schema_scripts

REPORTED = "SW001"
"""SQLSTATE of the notices that are meant for the operator."""


def upgrade(url: str) -> list[str]:
    """Run every script of the schema in one transaction; return the reported lines."""
    lines: list[str] = []

    def collect(notice: Diagnostic) -> None:
        if notice.sqlstate == REPORTED:
            lines.append(notice.message_primary or "")

    with psycopg.connect(url) as connection:
        connection.add_notice_handler(collect)
        for _, script in schema_scripts():
            connection.execute(script.encode())
    return lines
