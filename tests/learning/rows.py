"""Rows that are drawn as a table, for tests that read as a specification.

The first line names the columns, as `name  hours  weight`. Names and values are separated by two
blanks or more, and `-` is None.
"""

import re
from typing import Any

_GAP = re.compile(r"\s{2,}")


def rows(table: str) -> list[dict[str, Any]]:
    """Return the rows of a table, with numbers and booleans converted to their types."""
    lines = [line.strip() for line in table.strip().splitlines()]
    names = _GAP.split(lines[0])
    return [
        dict(zip(names, map(_value, _GAP.split(line)), strict=True)) for line in lines[1:] if line
    ]


def columns_of(actual: list[dict[str, Any]], table: str) -> list[dict[str, Any]]:
    """Return the columns of rows that a table names, with numbers rounded to hundredths."""
    names = _GAP.split(table.strip().splitlines()[0].strip())
    return [{name: _rounded(row[name]) for name in names} for row in actual]


def _rounded(value: Any) -> Any:
    return round(value, 2) if isinstance(value, float) else value


def _value(text: str) -> Any:
    if text == "-":
        return None
    if text in {"true", "false"}:
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
