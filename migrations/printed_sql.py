"""SQL that is printed for psql, and may be run repeatedly."""

import re
from typing import TextIO

_CREATE = re.compile(r"^CREATE TABLE (?=(?:stepwise|main)\.schema_version)", re.MULTILINE)
_INSERT = re.compile(
    r"^(INSERT INTO (?:stepwise|main)\.schema_version .*?)( RETURNING [^;]*)?;", re.MULTILINE
)


class RepeatableSql:
    """A file of SQL in which Alembic's statements about its own table may be repeated."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write statements; those about Alembic's table get IF NOT EXISTS or ON CONFLICT."""
        text = _CREATE.sub("CREATE TABLE IF NOT EXISTS ", text)
        return self._file.write(_INSERT.sub(r"\1 ON CONFLICT DO NOTHING;", text))

    def flush(self) -> None:
        """Flush the file."""
        self._file.flush()
