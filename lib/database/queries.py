"""Named queries and scripts from the `sql/` folder."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lib.database.column_lists import ColumnLists, fill

SQL_FOLDER = Path(__file__).resolve().parents[2] / "sql"
_HEADER = re.compile(r"^-- (\w+) --$", re.MULTILINE)


@dataclass(frozen=True)
class Query:
    """One statement; `text` has psycopg's `%(name)s` placeholders."""

    name: str
    text: bytes


def load_queries(file: str, lists: ColumnLists | None = None) -> Mapping[str, Query]:
    """Read `sql/<file>`, in which a line `-- name --` begins the statement of that name.

    Args:
        file: Path below `sql/`.
        lists: Columns to fill in for the file's `{{list: expression}}` marks.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If a name occurs twice, or the file uses an unknown list.
    """
    if lists is None:
        return _queries_as_written(file)
    return _split(file, load_script(file, lists))


def load_script(file: str, lists: ColumnLists | None = None) -> str:
    """Return the text of `sql/<file>`, to be run whole; `lists` as for `load_queries`."""
    text = _read(file)
    return text if lists is None else fill(text, lists)


@cache
def _queries_as_written(file: str) -> Mapping[str, Query]:
    return _split(file, _read(file))


@cache
def _read(file: str) -> str:
    return (SQL_FOLDER / file).read_text(encoding="utf-8")


def _split(file: str, script: str) -> Mapping[str, Query]:
    _, *parts = _HEADER.split(script)
    names, texts = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{file} gives two queries the same name; rename one")
    return {
        name: Query(name, text.strip().rstrip(";").encode())
        for name, text in zip(names, texts, strict=True)
    }
