"""The official JavaScript client, unchanged, against the gateway."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.redis_gateway.gateway import Gateway
from local.servers.child import FolderLock

FOLDER = Path(__file__).parent / "javascript"
CACHE = Path(__file__).parents[2] / ".local" / "javascript"
PROGRAMS = Path(sys.executable).parent
NODE = {
    "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
    "npm_config_cache": str(CACHE / "downloads"),
    "NODE_USE_SYSTEM_CA": "1",  # a company's proxy has its own certificate
    "npm_config_update_notifier": "false",
}
FILES = ("package.json", "package-lock.json", "check.mjs")


def installed_client() -> Path:
    """Install the client of the lock file, once for each content of FILES; return its folder."""
    state = hashlib.sha256(b"".join((FOLDER / name).read_bytes() for name in FILES)).hexdigest()
    folder = CACHE / state[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with FolderLock(folder).acquire(seconds=120):
        if not (folder / "done").exists():
            for name in FILES:
                shutil.copy(FOLDER / name, folder)
            quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--silent")
            environment = {**os.environ, **NODE}
            command = [str(PROGRAMS / "npm"), "ci", *quiet]
            subprocess.run(command, cwd=folder, env=environment, check=True)
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="module")
def results(_gateway: Gateway) -> Any:
    folder = installed_client()
    command = [str(PROGRAMS / "node"), "check.mjs", _gateway.url, _gateway.token]
    environment = {**os.environ, **NODE}
    process = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def test_texts_and_objects_are_returned_as_they_were_sent(results: Any) -> None:
    assert results["set"] == "OK"
    assert results["get"] == results["plain"] == "naïve ✓ 🚀"
    assert results["object"] == {"deep": [1, "two", None]}
    assert results["missing"] is None
    assert results["hash"] == {"a": 1, "b": "x"}
    assert results["float"] == 1.25
    assert results["scan"] == ["js:hash"]


def test_pipelines_and_transactions_return_every_result(results: Any) -> None:
    assert results["pipeline"] == ["OK", 2, 2]
    assert results["automatic"] == [3, 4]
    assert results["multi"] == [5, 5]


def test_scripts_run_by_text_and_by_digest(results: Any) -> None:
    assert results["eval"] == ["js:count", "v", 1]
    assert results["script"] == ["js:count", "w", 2]
    script = b"return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}"
    assert results["sha"] == hashlib.sha1(script, usedforsecurity=False).hexdigest()


def test_error_messages_of_redis_reach_the_caller(results: Any) -> None:
    assert "WRONGTYPE Operation against a key holding the wrong kind" in results["wrongType"]
    assert "WRONGPASS invalid or missing auth token" in results["unauthorized"]


def test_a_failed_script_in_a_transaction_is_reported(results: Any) -> None:
    assert "ERR" in results["discarded"]
    assert results["gone"] == 1  # it failed when it ran, and Redis keeps what ran before it
