"""Clients that are generated from docs/openapi.json take a whole test and a whole workshop.

The generators are those that most developers use: openapi-python-client, and openapi-typescript
with openapi-fetch.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lib.settings import Settings
from local.openapi_file import FILE
from tests.conftest import ADMIN_PASSWORD
from tests.support.local_server import LocalServer
from tests.support.node_packages import copy_with_packages, run_node

FOLDER = Path(__file__).parent
TIMEOUT_SECONDS = 300.0
EXPECTED = {
    "health": "healthy",
    "test": {
        "uploaded": 9,
        "status": "completed",
        "answers": 5,
        "accuracy": 1.0,
        "is_active": False,
        "concepts": ["Products", "Sums"],
        "same_result": True,
        "too_late": "session_closed",
        "invalid": "response",
        "unknown": "session_not_found",
    },
    "workshop": {
        "steps": 9,
        "completion": 100,
        "seconds": 540,
        "voice": "en-US-Journey-O",
        "stale": "stale_configuration",
        "completed": 1,
        "outsider": "unauthenticated",
    },
}


@pytest.fixture
def server(settings: Settings) -> Iterator[LocalServer]:
    """The local server with a new copy of the migrated database."""
    server = LocalServer(
        {
            "POSTGRES_URL": settings.postgres_url or "",
            "UPSTASH_REDIS_REST_URL": settings.redis_url or "",
            "UPSTASH_REDIS_REST_TOKEN": settings.redis_token or "",
            "ADMIN_PASSWORD": ADMIN_PASSWORD,
            "ENCRYPTION_KEY": settings.encryption_key or "",
        }
    )
    yield server
    server.stop()


def python_journey(folder: Path, url: str) -> str:
    """Generate the Python client, take the journey with it and return the output."""
    generate = ["-m", "openapi_python_client", "generate", "--fail-on-warning", "--meta", "none"]
    options = ["--path", str(FILE), "--config", str(FOLDER / "python" / "config.yml")]
    run_python([*generate, *options, "--output-path", str(folder / "stepwise_client")], folder)
    return run_python([str(FOLDER / "python" / "journey.py"), url, ADMIN_PASSWORD], folder)


def typescript_journey(folder: Path, url: str) -> str:
    """Generate the types, check the journey with them, take it and return the output."""
    copy = copy_with_packages(FOLDER / "typescript", folder / "typescript")
    generator = "node_modules/openapi-typescript/bin/cli.js"
    # A field with a default may be left out of a request; responses list it as required.
    options = ["--default-non-nullable", "false", "--output", "api.d.ts"]
    run_node([generator, str(FILE), *options], copy)
    run_node(["node_modules/typescript/bin/tsc", "--project", "."], copy)
    return run_node(["journey.ts", url, ADMIN_PASSWORD], copy)


def run_python(arguments: list[str], path: Path) -> str:
    """Run Python with the modules in `path`; return its output, or fail with its errors."""
    process = subprocess.run(
        [sys.executable, *arguments],
        env={"PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


@pytest.mark.parametrize("journey", [python_journey, typescript_journey])
def test_generated_client_takes_a_test_and_a_workshop(
    server: LocalServer, tmp_path: Path, journey: Callable[[Path, str], str]
) -> None:
    result: Any = json.loads(journey(tmp_path, server.url))
    for part, expected in EXPECTED.items():
        assert result[part] == expected
