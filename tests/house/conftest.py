"""Check before collection that every function in lib/routes.py has a file."""

from pathlib import Path

import pytest

from lib.routes import modules

API = Path(__file__).resolve().parents[2] / "api"

missing = [name for name in modules() if not (API / f"{name.replace('.', '/')}.py").exists()]
if missing:
    raise pytest.UsageError(
        "lib/routes.py names functions without a file: write "
        + ", ".join(f"api/{name.replace('.', '/')}.py" for name in missing)
    )
