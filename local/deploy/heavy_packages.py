"""The packages that most functions never import, and the functions that may import them.

On Lambda, the other functions have an artifact without these packages. Vercel puts every package
of requirements.txt into each function; `excludeFiles` applies to the project's own files only.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMPORT_NAMES = ("numpy", "boto3", "botocore", "sqlalchemy", "argon2", "bcrypt")
"""Names under which our code imports the packages."""
IMPORTS_EVERY_FUNCTION = "lib.web.functions"
"""Module that imports functions by name: a function that can reach it may import any package."""
FILES = re.compile(
    r"(numpy(\.libs)?|boto3|botocore|s3transfer|jmespath|(python_)?dateutil|six|urllib3"
    r"|sqlalchemy|greenlet|argon2|_argon2_cffi_bindings|argon2_cffi(_bindings)?|bcrypt)"
    r"(/|\.py$|-[^/]*\.dist-info/)"
)
"""Files of these packages, and of packages on which only boto3, SQLAlchemy or Argon2 depend."""


def may_import(function: str) -> bool:
    """Return whether a function such as `assessment.submit` can reach an import of the packages."""
    visited_modules: set[str] = set()
    waiting = [f"api.{function}"]
    while waiting:
        module = waiting.pop()
        if module.partition(".")[0] in IMPORT_NAMES or module == IMPORTS_EVERY_FUNCTION:
            return True
        if module not in visited_modules:
            visited_modules.add(module)
            waiting += _imports(module)
    return False


@cache
def _imports(module: str) -> tuple[str, ...]:
    """Return the imports anywhere in one of our modules; none for other modules."""
    path = _path(module)
    if path is None:
        return ()
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    return tuple(_imports_in(ast.parse(path.read_text(encoding="utf-8")), package))


def _path(module: str) -> Path | None:
    if not module.startswith(("api.", "lib.")):
        return None
    path = ROOT / module.replace(".", "/")
    return next((it for it in (path.with_suffix(".py"), path / "__init__.py") if it.exists()), None)


def _imports_in(tree: ast.Module, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            parts = source.split(".")
            yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))
            yield from (f"{source}.{alias.name}" for alias in node.names)
