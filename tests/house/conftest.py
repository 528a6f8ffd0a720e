"""What every test of this folder needs before it can be collected."""

from pathlib import Path

import pytest

from lib.routes import modules

API = Path(__file__).resolve().parents[2] / "api"

absent = [name for name in modules() if not (API / f"{name.replace('.', '/')}.py").exists()]
if absent:
    raise pytest.UsageError(
        "lib/routes.py names functions without a file: write "
        + ", ".join(f"api/{name.replace('.', '/')}.py" for name in absent)
    )
