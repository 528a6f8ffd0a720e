"""The format of a backup: gzip-compressed JSON lines.

The first line identifies the format. Each table has a line with its name, context, columns and
number of rows, followed by its rows. The last line holds the SHA-256 of all lines before it.
No secret is in plain text. A column that is named after a secret is encrypted as text, under its
name and `:sealed`; a value of any other column that contains a secret is encrypted as JSON, under
the column's name and `:sealed-json`. Both are at the end of their row.

Version 1 had the workshop's and the legacy tables only, under their names without schema. Version 2
had no `:sealed-json`, and only values of the type json were held as text.
"""

import json
from typing import Any

from lib.text.redaction import SECRET_NAME

FORMAT = "stepwise-backup"
VERSION = 3
READABLE_VERSIONS = frozenset({1, 2, 3})
"""Versions that can be restored."""
VERSION_WITHOUT_SCHEMAS = 1
"""The version whose tables have no schema and no context."""
GZIP = 31  # zlib's window bits for the gzip format
CALL_SECONDS = 24.0  # limit for the work of one call that writes or restores a backup

_TEXT_TYPES = frozenset({"text", "character varying", "character"})


def is_secret(column: str, column_type: str) -> bool:
    """Return whether a column holds texts that are secrets, such as API keys and account ids.

    Tables may have columns that are not in our schema, so the column's name decides.
    """
    return column_type in _TEXT_TYPES and SECRET_NAME.search(column) is not None


def sealed_name(column: str) -> str:
    """Return the name under which a backup holds a secret that it encrypted."""
    return f"{column}:sealed"


def sealed_json_name(column: str) -> str:
    """Return the name under which a backup holds a value that it encrypted as JSON."""
    return f"{column}:sealed-json"


def json_binding(table: str, column: str) -> str:
    """Return the field to which a value encrypted as JSON is bound."""
    return f"backup-json.{table}.{column}"


def key_binding(table: str, column: str) -> str:
    """Return the field to which a sealed secret is bound, in addition to its row's token."""
    return f"backup.{table}.{column}"


def token_column(table: str) -> str:
    """Return the column that identifies a row with a secret: a session's token, or an id."""
    columns = {"students": "student_id", "workshop_sessions": "session_id"}
    return columns.get(_without_schema(table), "session_token")


def _without_schema(table: str) -> str:
    """Return a table's name without its schema, which names in backups of version 1 lack anyway."""
    return table.rpartition(".")[2]


def json_line(value: dict[str, Any]) -> bytes:
    """Return a line of the file that is not a row: a header, or the checksum."""
    return json.dumps(value).encode() + b"\n"
