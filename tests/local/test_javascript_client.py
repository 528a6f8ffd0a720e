"""The official JavaScript client, unchanged, against the gateway."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from local.redis_gateway.gateway import Gateway
from tests.support.node_packages import copy_with_packages, run_node

FOLDER = Path(__file__).parent / "javascript"


@pytest.fixture(scope="module")
def results(_gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The results of the calls in javascript/check.mjs, by the names that they have there."""
    folder = copy_with_packages(FOLDER, tmp_path_factory.mktemp("javascript") / "check")
    return json.loads(run_node(["check.mjs", _gateway.url, _gateway.token], folder))


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
    assert "ERR" in results["failedScript"]
    assert results["setBefore"] == 1  # Redis keeps what ran before a script that failed
