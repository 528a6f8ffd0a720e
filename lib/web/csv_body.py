"""CSV bodies: files of any origin as text, and rows that no spreadsheet takes for formulas."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from lib.errors import JsonRefused
from lib.framework import Response

CURSOR_HEADER = "X-Next-Cursor"
"""Header with the cursor of the next page; a CSV file has no other place for it."""
_FORMULA = re.compile("[=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")
"""First characters that make a spreadsheet run a cell; the last four are full-width ones."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def text_of(raw: bytes) -> str:
    """Return the text of a file in UTF-8, in UTF-16 with a byte order mark, or in Windows-1252.

    Raises:
        JsonRefused: If it is none of them.
    """
    marked = raw[:2] in {b"\xff\xfe", b"\xfe\xff"}
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise JsonRefused(reason="The file is neither UTF-8 nor Windows-1252 text.")


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Return rows as CSV (RFC 4180), with `'` before texts that would be formulas."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(map(_cell, row) for row in rows)
    return text.getvalue()


CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}}
}
"""Responses of a handler that returns CSV, for the API's description."""


def csv_response(name: str, text: str, next_cursor: str | None = None) -> Response:
    """Return CSV text as a file to download, with a byte order mark for spreadsheets."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if next_cursor is not None:
        headers[CURSOR_HEADER] = next_cursor
    return Response("\ufeff" + text, media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    runs = _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return f"'{text}" if runs else text
