"""The format of a backup: gzip-compressed JSON lines.

The first line identifies the format. Each table has a line with its name, context, columns and
number of rows, followed by its rows. The last line holds the SHA-256 of all lines before it. API
keys and Twilio accounts in plain text, which legacy tables have, are encrypted under the name of
their column and `:sealed`.

Version 1 had the workshop's and the legacy tables only, under their names without schema.
"""

import json
from typing import Any

from lib.vault import ACCOUNT_FIELD, API_KEY_FIELD

FORMAT = "stepwise-backup"
VERSION = 2
WITHOUT_SCHEMAS = 1
"""The version whose tables have no schema and no context."""
GZIP = 31  # zlib's window bits for the gzip format
CALL_SECONDS = 24.0  # limit for the work of one call that writes or restores a backup


def secret_column(table: str) -> str:
    """Return the column of a table that holds a secret: API keys, or Twilio accounts."""
    columns = {"students": ACCOUNT_FIELD, "workshop_sessions": "account_sid"}
    return columns.get(_without_schema(table), API_KEY_FIELD)


def sealed_name(table: str) -> str:
    """Return the name under which a backup holds a secret that it encrypted."""
    return f"{secret_column(table)}:sealed"


def key_binding(table: str) -> str:
    """Return the field that a sealed key of the table is bound to, beside its token."""
    return f"backup.{table}.{secret_column(table)}"


def token_column(table: str) -> str:
    """Return the column that identifies a row with a secret: the token, or the student's id."""
    columns = {"students": "student_id", "workshop_sessions": "session_id"}
    return columns.get(_without_schema(table), "session_token")


def _without_schema(table: str) -> str:
    """Return a table's name without its schema; backups of version 1 have no other names."""
    return table.rpartition(".")[2]


def json_line(value: dict[str, Any]) -> bytes:
    """Return a line that is not a row."""
    return json.dumps(value).encode() + b"\n"
