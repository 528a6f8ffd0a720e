"""Imports point one way: api → lib/<context> → the shared rooms; what is heavy comes late."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.routes import modules

ROOT = Path(__file__).resolve().parents[2]
CONTEXTS = {"workshop", "assessment", "learning", "legacy"}
ENGINE = "lib.engine"
ENGINE_MAY_IMPORT = {"numpy", "lib.engine"}
LATE_ONLY = {"boto3", "botocore", "sqlalchemy", "alembic"}
"""Not to be loaded by importing a handler; boto3 alone costs as much as FastAPI."""
WITHOUT_LOCAL = ("api", "lib", "migrations")


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Every module a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where things come from"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def context_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "lib" and len(parts) > 1 and parts[1] in CONTEXTS else None


def offences(folder: str, *forbidden: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in python_files(folder)
        for module in imported(path)
        if any(within(module, package) for package in forbidden)
    ]


@pytest.mark.parametrize("folder", WITHOUT_LOCAL)
def test_deployed_code_imports_nothing_of_the_local_server(folder: str) -> None:
    assert offences(folder, "local", "tests", "benchmarks") == []


def test_lib_does_not_import_the_functions_in_front_of_it() -> None:
    assert offences("lib", "api") == []


@pytest.mark.parametrize("context", sorted(CONTEXTS))
def test_contexts_do_not_import_each_other(context: str) -> None:
    # The legacy move writes into the workshop's tables and shares its rules.
    allowed = {context, "workshop"} if context == "legacy" else {context}
    others = [f"lib.{other}" for other in CONTEXTS - allowed]
    assert offences(f"lib/{context}", *others) == []


def test_shared_rooms_import_no_context() -> None:
    found = [
        f"{path.name} imports {module}"
        for path in sorted((ROOT / "lib").glob("*.py"))
        for module in imported(path)
        if context_of(module)
    ]
    assert found == []


def test_engine_imports_numpy_and_nothing_else_of_ours() -> None:
    standard = sys.stdlib_module_names
    found = [
        f"{path.name} imports {module}"
        for path in python_files(ENGINE.replace(".", "/"))
        for module in imported(path)
        if module.split(".")[0] not in standard
        and not any(within(module, name) for name in ENGINE_MAY_IMPORT)
    ]
    assert found == []


def test_functions_hold_no_sql_numbers_or_environment() -> None:
    """Handlers parse, call one service function, return a model."""
    forbidden = (
        "numpy",
        "os",
        "psycopg",
        "sqlalchemy",
        "lib.database.postgres",
        "lib.redis_rest",
        "lib.engine",
    )
    assert offences("api", *forbidden) == []


@pytest.mark.parametrize("module", sorted(("index", *modules())))
def test_importing_a_function_loads_nothing_that_only_some_calls_need(module: str) -> None:
    code = f"import sys, api.{module}; print(*sorted({LATE_ONLY!r} & set(sys.modules)))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == ""
