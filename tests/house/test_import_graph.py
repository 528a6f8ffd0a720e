"""Imports form no cycle, neither between modules nor between folders."""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("api", "device", "lib", "local", "benchmarks", "tests", "migrations")
Graph = dict[str, set[str]]


@cache
def modules() -> dict[str, Path]:
    """Return the path of every module of the project by its dotted name."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return {dotted_name(path): path for path in files}


def dotted_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def package(path: Path) -> str:
    """Return the dotted name of a file's folder, which its relative imports start from."""
    return ".".join(path.relative_to(ROOT).parent.parts)


def imported_modules(path: Path) -> Iterator[str]:
    """Yield the project's modules that a file imports, even in functions or for type checking."""
    yield from imports_below(ast.parse(path.read_text()), package(path))


def imports_below(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules())
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            for alias in node.names:
                full_name = f"{source}.{alias.name}"
                name = full_name if full_name in modules() else source
                if name in modules():
                    yield name


@cache
def imported_at_run_time(path: Path) -> set[str]:
    """Return the project's modules that a file imports, even in functions, but not for types."""
    tree = ast.parse(path.read_text())
    type_imports = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for name in imports_below(node, package(path))
    }
    return set(imports_below(tree, package(path))) - type_imports


def module(name: str) -> str:
    return name


@cache
def folder(name: str) -> str:
    """Return the folder of a module, or the module itself if its folder has subfolders."""
    path = modules()[name]
    if path.name == "__init__.py":
        return name
    nested = any(other.is_dir() and any(other.glob("*.py")) for other in path.parent.iterdir())
    return name if nested else name.rpartition(".")[0]


def top(name: str) -> str:
    return name.partition(".")[0]


@cache
def edges() -> frozenset[tuple[str, str]]:
    return frozenset(
        (name, other) for name, path in modules().items() for other in imported_modules(path)
    )


def graph(group: Callable[[str], str]) -> Graph:
    imports: Graph = {}
    for name, other in edges():
        if group(name) != group(other):
            imports.setdefault(group(name), set()).add(group(other))
    return imports


def cycle(imports: Graph) -> list[str]:
    """Return a cycle in which each name imports the next; empty if there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


@pytest.mark.parametrize("group", [module, folder, top])
def test_imports_form_no_cycle(group: Callable[[str], str]) -> None:
    names = cycle(graph(group))
    assert names == [], f"{' imports '.join(names)}: move what they share into a module below them"


def test_graph_contains_the_project_s_imports() -> None:
    assert ("api.assessment.submit", "lib.assessment.sessions.submit") in edges()
    assert "lib.engine.posterior" in graph(folder)["lib.engine.selection"]
    assert "lib.errors" in graph(folder)["lib.database"], (
        "a module beside subfolders counts as a folder of its own"
    )
    assert {"lib", "local"} <= graph(top)["tests"]


def test_cycle_is_detected() -> None:
    assert cycle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) in (
        ["a", "b", "c", "a"],
        ["b", "c", "a", "b"],
        ["c", "a", "b", "c"],
    )
