"""Imports point one way (api → lib/<context> → shared layers), and heavy packages load late."""

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

from lib.routes import modules

ROOT = Path(__file__).resolve().parents[2]
CONTEXTS = {"workshop", "assessment", "legacy", "learning"}
ABOVE_CONTEXTS = {"operations"}
"""Folders that may import every context."""
LAYERS = {"web", "access", "database", "engine", "text"}
SHARED_BY_CONTEXTS = {
    ("lib/legacy/session_fields.py", "lib.workshop.course"),
    ("lib/legacy/session_fields.py", "lib.workshop.course.COURSE"),
}
"""Imports of the flags of a course, which the migration needs too."""
ENGINE = "lib.engine"
ENGINE_MAY_IMPORT = {"numpy", "lib.engine"}
NEVER_IMPORTED = {
    *("boto3", "botocore", "sqlalchemy", "alembic"),
    *("psycopg", "httpx", "upstash_redis", "cryptography", "mangum"),
    *("pydantic.v1", "numpy.random", "lib.engine.calibration", "lib.engine.simulation"),
}
"""Packages that importing a function must not load: a call that needs one imports it itself.

Functions of the study planner may load SQLAlchemy, which every call of them needs.
"""
WITH_NUMPY = {
    "assessment.start",
    "assessment.pool_precision",
    "assessment.submit",
    "assessment.debug_session",
    "assessment.debug_sync",
    "learning.class_analytics",
    "learning.plan",
    "learning.recommendations",
}
"""Functions whose every call computes with arrays."""
WITHOUT_LOCAL = ("api", "lib", "migrations")


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imported_names(path: Path) -> Iterator[str]:
    """Yield the dotted name of each module that a file imports, and of each name from a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = source_of(node, path.relative_to(ROOT))
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)


def source_of(node: ast.ImportFrom, path: Path) -> str:
    """Return the absolute name of the module that a file of the project imports from.

    The engine imports relatively, so that a copy of it works under any name. A relative import that
    leaves the engine would break such a copy; elsewhere, all imports are absolute.
    """
    package = ".".join(path.parent.parts)
    source = resolve_name("." * node.level + (node.module or ""), package)
    if within(package, ENGINE):
        assert node.level or not within(source, "lib"), f"{path}: import {source} relatively"
        assert not node.level or within(source, ENGINE), f"{path}: {source} is not in the engine"
    else:
        assert node.level == 0, f"{path}: import {source} by its absolute name"
    return source


def within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def violations(folder: str, *forbidden: str) -> list[str]:
    return violations_of(python_files(folder), *forbidden)


def violations_of(paths: Iterable[Path], *forbidden: str) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in paths
        for module in imported_names(path)
        if any(within(module, package) for package in forbidden)
    ]


@pytest.mark.parametrize("folder", WITHOUT_LOCAL)
def test_api_lib_and_migrations_import_nothing_that_only_runs_locally(folder: str) -> None:
    assert violations(folder, "device", "local", "tests", "benchmarks") == []


def test_local_server_does_not_import_the_device() -> None:
    assert violations("local", "device") == []


def test_lib_does_not_import_the_functions_in_front_of_it() -> None:
    assert violations("lib", "api") == []


@pytest.mark.parametrize("context", sorted(CONTEXTS))
def test_contexts_do_not_import_each_other(context: str) -> None:
    other_contexts = [f"lib.{other}" for other in (*CONTEXTS, *ABOVE_CONTEXTS) if other != context]
    allowed = {f"{path} imports {module}" for path, module in SHARED_BY_CONTEXTS}
    assert set(violations(f"lib/{context}", *other_contexts)) <= allowed


def test_shared_layers_import_no_context() -> None:
    contexts = [f"lib.{context}" for context in (*CONTEXTS, *ABOVE_CONTEXTS)]
    top_modules = (ROOT / "lib").glob("*.py")
    layers = [*top_modules, *python_files(*(f"lib/{layer}" for layer in LAYERS))]
    assert violations_of(layers, *contexts) == []


def test_text_imports_nothing_else_of_lib() -> None:
    others = [f"lib.{path.stem}" for path in (ROOT / "lib").iterdir() if path.stem != "text"]
    assert violations("lib/text", *others) == []


def test_every_folder_of_lib_is_in_one_of_these_rules() -> None:
    folders = {path.name for path in (ROOT / "lib").iterdir() if path.is_dir()} - {"__pycache__"}
    assert folders <= CONTEXTS | ABOVE_CONTEXTS | LAYERS, "add the new folder to a rule above"


def test_engine_imports_only_numpy_and_itself() -> None:
    standard = sys.stdlib_module_names
    violations = [
        f"{path.name} imports {module}"
        for path in python_files(ENGINE.replace(".", "/"))
        for module in imported_names(path)
        if module.split(".")[0] not in standard
        and not any(within(module, name) for name in ENGINE_MAY_IMPORT)
    ]
    assert violations == []


@pytest.mark.parametrize(
    ("file", "statement", "source"),
    [
        ("lib/engine/bank.py", "from .normal import FloatArray", "lib.engine.normal"),
        ("lib/engine/bank.py", "from . import normal", "lib.engine"),
        ("lib/engine/__init__.py", "from .bank import ItemBank", "lib.engine.bank"),
        ("lib/engine/selection/selection.py", "from ..bank import ItemBank", "lib.engine.bank"),
        ("lib/engine/bank.py", "from numpy.typing import ArrayLike", "numpy.typing"),
        ("lib/assessment/errors.py", "from lib.errors import AppError", "lib.errors"),
    ],
)
def test_imports_are_resolved(file: str, statement: str, source: str) -> None:
    assert source_of(import_from(statement), Path(file)) == source


@pytest.mark.parametrize(
    ("file", "statement"),
    [
        ("lib/engine/bank.py", "from ..workshop import course"),
        ("lib/engine/bank.py", "from .. import errors"),
        ("lib/engine/selection/selection.py", "from ...workshop import course"),
        ("lib/engine/bank.py", "from lib.engine.normal import FloatArray"),
        ("lib/engine/bank.py", "from lib.workshop import course"),
        ("lib/workshop/course.py", "from . import wire"),
        ("lib/assessment/errors.py", "from ..errors import AppError"),
    ],
)
def test_imports_that_leave_the_engine_or_are_relative_elsewhere_are_rejected(
    file: str, statement: str
) -> None:
    with pytest.raises(AssertionError, match=re.escape(file)):
        source_of(import_from(statement), Path(file))


def import_from(statement: str) -> ast.ImportFrom:
    node = ast.parse(statement).body[0]
    assert isinstance(node, ast.ImportFrom)
    return node


def test_functions_import_no_sql_numpy_or_environment() -> None:
    """A handler parses the request, calls one service function and returns a model."""
    forbidden = (
        "numpy",
        "os",
        "psycopg",
        "sqlalchemy",
        "lib.database.postgres",
        "lib.redis_rest",
        "lib.engine",
    )
    assert violations("api", *forbidden) == []


def test_fastapi_is_imported_in_one_place() -> None:
    """An import of FastAPI before lib/framework.py would build the models of OpenAPI at once."""
    paths = [path for path in python_files("api", "lib") if path != ROOT / "lib" / "framework.py"]
    assert violations_of(paths, "fastapi") == []


IMPORT_EACH = """
import importlib, json, os, sys
import lib.framework
watched = {watched}
for name in {modules}:
    if os.fork():
        assert os.wait()[1] == 0, name
    else:
        importlib.import_module("api." + name)
        print(json.dumps([name, [it for it in watched if sys.modules.get(it)]]), flush=True)
        os._exit(0)
"""


@pytest.fixture(scope="module")
def packages() -> dict[str, set[str]]:
    """The watched packages that each function loads when it is imported in a process of its own."""
    code = IMPORT_EACH.format(
        modules=sorted(("index", *modules())), watched=sorted(NEVER_IMPORTED | {"numpy"})
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    return {name: set(loaded) for name, loaded in map(json.loads, result.stdout.splitlines())}


def test_importing_a_function_loads_no_package_that_only_some_calls_need(
    packages: dict[str, set[str]],
) -> None:
    assert set(packages) == {"index", *modules()}
    unwanted = {name: loaded & NEVER_IMPORTED for name, loaded in packages.items()}
    for name in modules():
        if name.startswith("learning."):  # every call of the study planner needs it
            unwanted[name].discard("sqlalchemy")
    assert {name: loaded for name, loaded in unwanted.items() if loaded} == {}


def test_only_functions_that_compute_with_arrays_load_numpy(packages: dict[str, set[str]]) -> None:
    assert {name for name, loaded in packages.items() if "numpy" in loaded} == WITH_NUMPY


FIRST_USE = """
import sys
import api.operations.health
from fastapi.openapi import models
completeness = [getattr(model, "__pydantic_complete__", None) for model in vars(models).values()]
assert completeness.count(False) > 20, completeness
assert sys.modules["pydantic.v1"] is None
assert models.OpenAPI(openapi="3.1.0", info={"title": "t", "version": "1"}).info.title == "t"
"""


def test_models_of_openapi_are_built_when_they_are_used() -> None:
    run_program(FIRST_USE)


COLLECTIONS = """
import gc
import lib.framework
before = gc.get_stats()[0]["collections"]
import api.workshop.generate_session, lib.database.postgres
count = gc.get_stats()[0]["collections"] - before
assert count <= 5, count
"""


def test_imports_of_a_function_start_few_garbage_collections() -> None:
    run_program(COLLECTIONS)


def run_program(text: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", text],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("name", "value", "own_value"),
    [("OPENBLAS_NUM_THREADS", "1", "3"), ("PYDANTIC_DISABLE_PLUGINS", "__all__", "x")],
)
def test_packages_are_configured_to_leave_out_parts_that_no_function_uses(
    name: str, value: str, own_value: str
) -> None:
    code = f"import lib, os; print(os.environ['{name}'])"
    environment = {key: text for key, text in os.environ.items() if key != name}
    for env, expected in ((environment, value), ({**environment, name: own_value}, own_value)):
        result = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout.strip() == expected
