"""The functions of `api/`, imported when they are first needed."""

import threading
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any

from lib.routes import modules

_importing = threading.Lock()


def function_app(module: str) -> Any:
    """Return the app of a function: `assessment.submit` is `api/assessment/submit.py`."""
    return _function(module).app


def scheduled_job(module: str) -> Callable[[], dict[str, Any]]:
    """Return the job of a function that runs on a schedule: its `scheduled`."""
    job: Callable[[], dict[str, Any]] = _function(module).scheduled
    return job


def all_apps() -> list[Any]:
    """Return the app of every function."""
    return [function_app(module) for module in modules()]


def _function(module: str) -> ModuleType:
    with _importing:
        return import_module(f"api.{module}")
