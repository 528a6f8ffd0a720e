"""Named queries and scripts from the `sql/` folder."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SQL_FOLDER = Path(__file__).resolve().parents[2] / "sql"
_HEADER = re.compile(r"^-- (\w+) --$", re.MULTILINE)


@dataclass(frozen=True)
class Query:
    """One statement; `text` has psycopg's `%(name)s` placeholders."""

    name: str
    text: bytes


@cache
def load_queries(file: str) -> Mapping[str, Query]:
    """Read `sql/<file>`, in which a line `-- name --` begins the statement of that name.

    Raises:
        FileNotFoundError: If the file does not exist.
        ValueError: If a name occurs twice.
    """
    _, *parts = _HEADER.split(load_script(file))
    names, texts = parts[::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{file} names a query twice")
    return {
        name: Query(name, text.strip().rstrip(";").encode())
        for name, text in zip(names, texts, strict=True)
    }


@cache
def load_script(file: str) -> str:
    """Return the text of `sql/<file>`: statements to run as a whole."""
    return (SQL_FOLDER / file).read_text(encoding="utf-8")
