"""CSV by RFC 4180: decoding of uploaded files, and rows that are safe to open in a spreadsheet.

Spreadsheets run text that begins with certain characters as a formula. Such text is preceded by an
apostrophe, which they do not show. Numbers are written unchanged.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from lib.errors import JsonRefused
from lib.framework import Response

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
BYTE_ORDER_MARK = "\ufeff"
"""Mark by which spreadsheets recognize UTF-8."""
FORMULA_STARTS = tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
"""First characters of text that a spreadsheet may run, the last four in full width."""


DESCRIPTION: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}}
}
"""Responses of a handler that returns CSV, for the API's description."""


def text_of(raw: bytes) -> str:
    """Return the text of a file in UTF-8, in UTF-16 with a byte order mark, or in Windows-1252.

    Raises:
        JsonRefused: If it has none of these encodings. The text counts as the field `csv` of a
            JSON body, so its error is the same.
    """
    has_utf16_mark = raw[:2] in {b"\xff\xfe", b"\xfe\xff"}
    for encoding in ("utf-16",) if has_utf16_mark else ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise JsonRefused(reason="The file is not text in UTF-8, UTF-16 or Windows-1252.")


def write(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Return rows as CSV: UTF-8 with a byte order mark, lines that end in CR LF.

    Args:
        header: Names of the columns.
        rows: Values of each row; None is an empty cell, a boolean is `true` or `false`.
    """
    text = io.StringIO()
    text.write(BYTE_ORDER_MARK)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_cell(name) for name in header])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def response(body: bytes, file_name: str, next_cursor: str | None) -> Response:
    """Return CSV as a file to save, with the cursor of the next page in `X-Next-Cursor`."""
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    if next_cursor is not None:
        headers["X-Next-Cursor"] = next_cursor
    return Response(body, headers=headers, media_type=MEDIA_TYPE)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    # Blanks before the character do not keep a spreadsheet from running the formula.
    is_formula = text.startswith(FORMULA_STARTS) or text.lstrip().startswith(FORMULA_STARTS)
    return f"'{text}" if is_formula else text
