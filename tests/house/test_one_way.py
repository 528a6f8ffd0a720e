"""Every folder of `lib/` uses the same files for the same jobs, which lib/README.md lists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIB = sorted((ROOT / "lib").rglob("*.py"))
MAY_LOAD_QUERIES = {"lib/database/advisory_lock.py", "lib/database/postgres.py"}
"""Modules that may load queries besides each folder's store.py."""
QUERIES_IDIOM = re.compile(r'_queries = load_queries\("[a-z_]+/[a-z_]+\.sql"(, [A-Z]+_LISTS)?\)')
BODIES = ("BaseModel", "Body", "StrictBody", "CamelBody")
DICT_ROW = re.compile(r"\bdict_row\b")
OUR_PACKAGES = {"api", "benchmarks", "device", "lib", "local", "migrations", "tests"}
PLANTED_FAULTS = ROOT / "tests/device/test_planted_faults.py"
"""Tests that patch our code on purpose, to show that a history reveals each fault."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def classes(path: Path) -> list[tuple[str, set[str]]]:
    """Return the name and the bases of each class."""
    return [
        (node.name, {ast.unparse(base).partition("[")[0] for base in node.bases})
        for node in ast.walk(ast.parse(source(path)))
        if isinstance(node, ast.ClassDef)
    ]


@cache
def descendants(*roots: str) -> set[str]:
    """Return the names of these classes and of all classes of lib/ that derive from them."""
    names, before = set(roots), set[str]()
    while names != before:
        before = set(names)
        names |= {
            class_name for path in LIB for class_name, bases in classes(path) if bases & names
        }
    return names


@pytest.mark.parametrize("path", LIB, ids=name)
def test_queries_are_loaded_by_stores_in_one_way(path: Path) -> None:
    lines = [line for line in source(path).splitlines() if re.search(r"\bload_queries\(", line)]
    lines = [line for line in lines if not line.startswith("def ")]
    if path.name != "store.py" and name(path) not in MAY_LOAD_QUERIES:
        assert lines == [], f"move the statements of {name(path)} to its folder's store.py"
    for line in lines:
        assert QUERIES_IDIOM.fullmatch(line), f"write: _queries = load_queries(…), not {line}"
    assert len(lines) <= 1, f"{name(path)} loads several files: put its queries into one"


@pytest.mark.parametrize("path", LIB, ids=name)
def test_bodies_are_defined_in_wire(path: Path) -> None:
    bodies = [class_name for class_name, bases in classes(path) if bases & descendants(*BODIES)]
    assert path.name == "wire.py" or bodies == [], f"move {bodies} to the folder's wire.py"


@pytest.mark.parametrize("path", LIB, ids=name)
def test_bodies_have_one_base(path: Path) -> None:
    direct = [class_name for class_name, bases in classes(path) if "BaseModel" in bases]
    assert direct == ([] if name(path) != "lib/web/wire.py" else ["Body"])


@pytest.mark.parametrize("path", LIB, ids=name)
def test_errors_are_defined_in_errors(path: Path) -> None:
    errors = [class_name for class_name, bases in classes(path) if bases & descendants("AppError")]
    assert path.name == "errors.py" or errors == [], f"move {errors} to the folder's errors.py"


@pytest.mark.parametrize("path", LIB, ids=name)
def test_json_is_stored_by_one_function(path: Path) -> None:
    assert name(path) == "lib/database/statements.py" or "Jsonb" not in source(path)


@pytest.mark.parametrize("path", LIB, ids=name)
def test_rows_are_dataclasses(path: Path) -> None:
    assert not DICT_ROW.search(source(path)), "name the columns in a dataclass"


@pytest.mark.parametrize("path", LIB, ids=name)
def test_only_the_settings_read_the_environment(path: Path) -> None:
    assert name(path) == "lib/settings.py" or not re.search(
        r"\bos\.(environ(?!\.setdefault)|getenv)", source(path)
    )


def package(dotted_name: str) -> str:
    return dotted_name.partition(".")[0]


def imported_names(tree: ast.Module) -> dict[str, str]:
    """Return the package from which each imported name comes."""
    return {
        alias.asname or package(alias.name): package(getattr(node, "module", None) or alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }


def is_patch(node: ast.AST, packages: dict[str, str]) -> bool:
    """Return whether a node patches or mocks our code; what is not imported counts as ours."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return re.search(r"\bmock\b", ast.unparse(node)) is not None
        case ast.Call(
            func=ast.Name(id="setattr" | "delattr") | ast.Attribute(attr="setattr" | "delattr")
        ):
            target = [*node.args, *(keyword.value for keyword in node.keywords)][0]
            if isinstance(target, ast.Constant):
                return package(str(target.value)) in OUR_PACKAGES
            return packages.get(package(ast.unparse(target)), "tests") in OUR_PACKAGES
        case ast.Attribute(ctx=ast.Store() | ast.Del()):
            return packages.get(package(ast.unparse(node))) in OUR_PACKAGES
    return False


def patches(path: Path) -> list[str]:
    """Return the places in a file that patch or mock our code."""
    tree = ast.parse(source(path))
    packages = imported_names(tree)
    return [
        f"{name(path)}:{getattr(node, 'lineno', 0)}"
        for node in ast.walk(tree)
        if is_patch(node, packages)
    ]


def test_only_the_planted_faults_patch_our_code() -> None:
    assert patches(PLANTED_FAULTS) != []
    others = sorted({*(ROOT / "tests").rglob("*.py")} - {PLANTED_FAULTS})
    assert [place for path in others for place in patches(path)] == [], (
        "pass what changes as an argument with a default, or cause the situation for real"
    )
