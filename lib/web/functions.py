"""The functions of `api/`, imported when they are first needed."""

import threading
from importlib import import_module
from typing import Any

from lib.routes import modules

_importing = threading.Lock()


def function_app(module: str) -> Any:
    """Return the app of a function: `assessment.submit` is `api/assessment/submit.py`."""
    with _importing:
        return import_module(f"api.{module}").app


def all_apps() -> list[Any]:
    """Return the app of every function."""
    return [function_app(module) for module in modules()]
