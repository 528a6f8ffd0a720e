"""The format of a backup: gzip-compressed JSON lines.

The first line identifies the format. Each table has a line with its name, context, columns and
number of rows, followed by its rows. The last line holds the SHA-256 of all lines before it. API
keys in plain text, which legacy tables have, are encrypted under the name `openai_api_key:sealed`.

Version 1 had the workshop's and the legacy tables only, under their names without schema.
"""

import json
from typing import Any

from lib.vault import API_KEY_FIELD

FORMAT = "stepwise-backup"
VERSION = 2
WITHOUT_SCHEMAS = 1
"""The version whose tables have no schema and no context."""
SEALED_NAME = f"{API_KEY_FIELD}:sealed"
GZIP = 31  # zlib's window bits for the gzip format
CALL_SECONDS = 24.0  # limit for the work of one call that writes or restores a backup


def key_binding(table: str) -> str:
    """Return the field that a sealed key of the table is bound to, beside its token."""
    return f"backup.{table}.{API_KEY_FIELD}"


def token_column(table: str) -> str:
    """Return the column of session tokens in a table, whose name may have its schema."""
    return "session_id" if table.endswith("workshop_sessions") else "session_token"


def json_line(value: dict[str, Any]) -> bytes:
    """Return a line that is not a row."""
    return json.dumps(value).encode() + b"\n"
