"""Docstrings of the fields of a class, which Python discards at run time.

Pydantic could collect them, but it would read the source of every body at each cold start.
"""

import ast
import inspect
import sys
from functools import cache


def attribute_docstrings(body: type) -> dict[str, str]:
    """Return the docstring of each field of a class and of its bases, by the field's name."""
    docstrings: dict[str, str] = {}
    for base in reversed(body.__mro__):
        docstrings |= _module_docstrings(base.__module__).get(base.__qualname__, {})
    return docstrings


@cache
def _module_docstrings(name: str) -> dict[str, dict[str, str]]:
    """Return the docstrings of a module's fields, by class and field; none for code in C."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[name]))
    except (OSError, TypeError):
        return {}
    return {
        node.name: _class_docstrings(node) for node in tree.body if isinstance(node, ast.ClassDef)
    }


def _class_docstrings(node: ast.ClassDef) -> dict[str, str]:
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in zip(node.body, node.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }
