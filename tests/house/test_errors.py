"""Each error has a code of its own, and one about a field names the field."""

import ast
import importlib
from pathlib import Path

import pytest

from lib.errors import AppError

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "lib").rglob("errors.py"))
BASES = {"AppError", "BadRequest", "Forbidden", "NotFound", "Conflict", "InvalidInput"}
"""Classes that stand for a status only; code raises their subclasses."""
FIELD_STATUSES = {400, 422}
ABOUT_NO_FIELD = {
    "NothingToDo": "the state of the database",
    "UnifiedSchemaNotFound": "the state of the database",
    "ContentRefused": "`problems` name the places",
    "NotStudent": "the caller",
    "UnsupportedEvent": "the event of Lambda as a whole",
    "UnstorableText": "the database does not say which text",
}
"""Errors that name no field, each with what it is about or why it names none."""
FIELDS_GIVEN_WHEN_RAISED = {"FieldMissing"}


def all_errors() -> list[type[AppError]]:
    """Return every class of error, bases included."""
    for path in MODULES:
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    classes, pending = [], [AppError]
    while pending:
        classes.append(pending.pop())
        pending += classes[-1].__subclasses__()
    return [error for error in classes if error.__module__.startswith("lib.")]


ERRORS = all_errors()


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_has_a_code_of_its_own(error: type[AppError]) -> None:
    assert "code" in vars(error), "give the class a code"
    assert [other for other in ERRORS if other.code == error.code] == [error]


@pytest.mark.parametrize(
    "error",
    [error for error in ERRORS if error.status in FIELD_STATUSES and error.__name__ not in BASES],
    ids=lambda error: error.__name__,
)
def test_error_about_a_field_names_it(error: type[AppError]) -> None:
    if error.__name__ in FIELDS_GIVEN_WHEN_RAISED:
        return
    assert bool(error.fields) != (error.__name__ in ABOUT_NO_FIELD)


def called_names(path: Path) -> list[tuple[str, set[str]]]:
    """Return each plain name that is called or raised, and the keyword arguments of the call."""
    names: list[tuple[str, set[str]]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            names.append((node.func.id, {word.arg or "" for word in node.keywords}))
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name):
            names.append((node.exc.id, set()))
    return names


@pytest.mark.parametrize(
    "path", sorted((ROOT / "lib").rglob("*.py")), ids=lambda path: path.relative_to(ROOT).as_posix()
)
def test_raised_errors_have_more_than_a_status(path: Path) -> None:
    for name, arguments in called_names(path):
        assert name not in BASES, f"derive an error with a code of its own from {name}"
        assert name not in FIELDS_GIVEN_WHEN_RAISED or "fields" in arguments
