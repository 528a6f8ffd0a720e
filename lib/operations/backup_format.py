"""The format of a backup: gzip-compressed JSON lines.

The first line identifies the format. Each table has a line with its name, context, columns and
number of rows, followed by its rows. The last line holds the SHA-256 of all lines before it.
Secrets in plain text, which legacy tables have, are encrypted under the name of their column and
`:sealed`, at the end of their row.

Version 1 had the workshop's and the legacy tables only, under their names without schema.
"""

import json
import re
from typing import Any

from lib.legacy.runs.run import LEGACY_TABLES

FORMAT = "stepwise-backup"
VERSION = 2
WITHOUT_SCHEMAS = 1
"""The version whose tables have no schema and no context."""
GZIP = 31  # zlib's window bits for the gzip format
CALL_SECONDS = 24.0  # limit for the work of one call that writes or restores a backup


_WITH_SECRETS = frozenset({"students", "sessions", *LEGACY_TABLES})
_SECRET_NAME = re.compile(r"api_?key|auth_?token|account_?sid|secret|password", re.IGNORECASE)
_TEXT_TYPES = frozenset({"text", "character varying", "character"})


def is_secret(table: str, column: str, column_type: str) -> bool:
    """Return whether a column holds secrets: API keys, Twilio accounts and their tokens.

    Legacy tables have columns that this application does not know, so the name decides.
    """
    return (
        _without_schema(table) in _WITH_SECRETS
        and column_type in _TEXT_TYPES
        and _SECRET_NAME.search(column) is not None
    )


def sealed_name(column: str) -> str:
    """Return the name under which a backup holds a secret that it encrypted."""
    return f"{column}:sealed"


def key_binding(table: str, column: str) -> str:
    """Return the field that a sealed secret is bound to, beside its row's token."""
    return f"backup.{table}.{column}"


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
