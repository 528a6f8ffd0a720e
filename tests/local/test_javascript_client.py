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

HERE = Path(__file__).parent / "javascript"
CACHE = Path(__file__).parents[2] / ".local" / "javascript"
PROGRAMS = Path(sys.executable).parent
NODE = {
    "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
    "npm_config_cache": str(CACHE / "downloads"),
    "NODE_USE_SYSTEM_CA": "1",  # a company's proxy has its own certificate
    "npm_config_update_notifier": "false",
}
FILES = ("package.json", "package-lock.json", "check.mjs")


def installed() -> Path:
    """The client as the lock file has it, fetched once for each state of these files."""
    state = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in FILES)).hexdigest()
    folder = CACHE / state[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with FolderLock(folder).acquire(seconds=120):
        if not (folder / "done").exists():
            for name in FILES:
                shutil.copy(HERE / name, folder)
            quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--silent")
            environment = {**os.environ, **NODE}
            command = [str(PROGRAMS / "npm"), "ci", *quiet]
            subprocess.run(command, cwd=folder, env=environment, check=True)
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="module")
def seen(_gateway: Gateway) -> Any:
    folder = installed()
    command = [str(PROGRAMS / "node"), "check.mjs", _gateway.url, _gateway.token]
    environment = {**os.environ, **NODE}
    run = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_texts_and_objects_come_back_as_they_were_sent(seen: Any) -> None:
    assert seen["set"] == "OK"
    assert seen["get"] == seen["plain"] == "naïve ✓ 🚀"
    assert seen["object"] == {"deep": [1, "two", None]}
    assert seen["missing"] is None
    assert seen["hash"] == {"a": 1, "b": "x"}
    assert seen["float"] == 1.25
    assert seen["scan"] == ["js:hash"]


def test_pipelines_answer_each_command_and_transactions_too(seen: Any) -> None:
    assert seen["pipeline"] == ["OK", 2, 2]
    assert seen["automatic"] == [3, 4]
    assert seen["multi"] == [5, 5]


def test_scripts_run_by_text_and_by_digest(seen: Any) -> None:
    assert seen["eval"] == ["js:count", "v", 1]
    assert seen["script"] == ["js:count", "w", 2]
    script = b"return {KEYS[1], ARGV[1], redis.call('INCR', KEYS[1])}"
    assert seen["sha"] == hashlib.sha1(script, usedforsecurity=False).hexdigest()


def test_errors_reach_the_caller_word_for_word(seen: Any) -> None:
    assert "WRONGTYPE Operation against a key holding the wrong kind" in seen["wrongType"]
    assert "WRONGPASS invalid or missing auth token" in seen["unauthorized"]


def test_a_failed_script_in_a_transaction_is_reported(seen: Any) -> None:
    assert "ERR" in seen["discarded"]
    assert seen["gone"] == 1  # it failed when it ran, and Redis keeps what ran before it
