"""Deployed files contain only code and SQL that functions or commands use."""

import re
from importlib.util import resolve_name
from pathlib import Path

import pytest

from lib.database.queries import load_queries

ROOT = Path(__file__).resolve().parents[2]
SQL_FILES = sorted((ROOT / "sql").rglob("*.sql"))
MODULES = sorted(path for path in (ROOT / "lib").rglob("*.py") if path.name != "__init__.py")
RELATIVE = re.compile(r"^from (\.+[\w.]*) import", re.MULTILINE)


def code_of(path: Path) -> str:
    """Return a file's code with the absolute names of what it imports."""
    package = ".".join(path.relative_to(ROOT).parent.parts)

    def absolute(match: re.Match[str]) -> str:
        return f"from {resolve_name(match[1], package)} import"

    return RELATIVE.sub(absolute, path.read_text(encoding="utf-8"))


SOURCES = {
    path: code_of(path)
    for folder in ("api", "device", "lib", "local", "migrations")
    for path in (ROOT / folder).rglob("*.py")
}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def occurs(text: str) -> bool:
    return any(text in code for code in SOURCES.values())


@pytest.mark.parametrize("path", SQL_FILES, ids=name)
def test_every_script_and_every_query_is_used(path: Path) -> None:
    file = path.relative_to(ROOT / "sql").as_posix()
    assert occurs(f'"{file}"'), (
        f"no function or command loads sql/{file}: delete it, or move it to what uses it"
    )
    if path.parent.name != "schema":
        unused = [query for query in load_queries(file) if not occurs(f'"{query}"')]
        assert unused == [], f"nothing runs these queries of sql/{file}: delete them"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_is_imported(path: Path) -> None:
    package, _, module = name(path).removesuffix(".py").replace("/", ".").rpartition(".")
    pattern = re.compile(
        rf"from {package}\.{module} import|from {package} import [^(\n]*\b{module}\b"
        rf"|from {package} import \([^)]*\b{module}\b|import {package}\.{module}\b"
    )
    importers = [other for other, code in SOURCES.items() if other != path and pattern.search(code)]
    assert importers, (
        f"no function or command imports {name(path)}: delete it, or move it to what uses it"
    )
