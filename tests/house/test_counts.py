"""Messages stay right when a count is 1: no count stands directly before a plural noun.

Messages put the count last ("rows: 1"); pages may use `count()` of `public/shared/format.js`.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOUN = (
    "(rows|tables|steps|students|sessions|keys|questions|topics|answers|files|sequences|functions"
    r"|concepts|pools|events|people|users|shares)\b"
)
IN_SQL = re.compile(rf"(?<![%.])%(\d\$)?s? {NOUN}")  # `%.% rows` names a table
IN_TEMPLATE = re.compile(rf"\{{[a-z_]*\}} {NOUN}")
IN_PAGE = re.compile(rf"\$\{{[^{{}}]+\}} {NOUN}")
FILES = sorted(
    path
    for pattern in (
        "sql/**/*.sql",
        "public/*/texts.js",
        *(f"{folder}/**/*.py" for folder in ("lib", "local", "device", "migrations")),
        "migrate.py",
        "init_db.py",
    )
    for path in ROOT.glob(pattern)
)


def in_python(source: str) -> Iterator[str]:
    """Yield counts before nouns in f-strings and templates; constants, in capitals, are never 1."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            for value, text in zip(node.values, node.values[1:], strict=False):
                if isinstance(value, ast.FormattedValue) and isinstance(text, ast.Constant):
                    names = {it.id for it in ast.walk(value.value) if isinstance(it, ast.Name)}
                    is_constant = all(name.isupper() for name in names - {"len"})
                    if not is_constant and re.match(f" {NOUN}", str(text.value)):
                        yield f"{{{ast.unparse(value.value)}}}{text.value!s}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (match[0] for match in IN_TEMPLATE.finditer(node.value))


def counts_before_nouns(path: Path) -> Iterator[str]:
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return in_python(source)
    pattern = IN_SQL if path.suffix == ".sql" else IN_PAGE
    return (match[0] for match in pattern.finditer(source))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_count_stands_before_a_plural_noun(path: Path) -> None:
    wrong = [*counts_before_nouns(path)]
    assert wrong == [], "put the count last, as in `rows: 1`, or `count()` in a page"
