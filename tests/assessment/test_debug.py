"""A session compared in Redis and Postgres, its repair, and statistics of Redis."""

import json
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from lib.assessment.pools.item_pool import load_pool
from lib.assessment.sessions.session import rebuild
from lib.assessment.sessions.store import read_with_answers
from lib.deps import Deps
from lib.engine.fit import person_fit
from local.redis_gateway.faults import Fault
from local.redis_gateway.gateway import Gateway
from tests.assessment.conftest import CANARY, Rows, Student


def debug_session(student: Student, operator: dict[str, str]) -> Any:
    response = student.client.get(f"/api/debug/session/{student.session_id}", headers=operator)
    assert response.status_code == 200
    assert CANARY not in response.text
    return response.json()


def test_debug_needs_a_credential(ann: Student, client: TestClient) -> None:
    ann.start()
    assert client.get(f"/api/debug/session/{ann.session_id}").status_code == 401
    assert client.get("/api/debug/redis/stats").status_code == 401
    assert client.post(f"/api/debug/sync/{ann.session_id}").status_code == 401


def test_healthy_session_is_in_sync(ann: Student, operator: dict[str, str]) -> None:
    ann.start()
    response = ann.answer()
    report = debug_session(ann, operator)
    assert report["in_sync"] is True
    assert report["differences"] == []
    assert report["redis"]["state"]["current_proficiency"] == response["current_proficiency"]
    assert report["database"]["current_proficiency"] == response["current_proficiency"]
    assert report["database"]["next_question_id"] == response["next_question"]["id"]
    assert 0 < report["redis"]["bytes"] <= 1024
    assert 1790 <= report["redis"]["ttl_seconds"] <= 1800
    ann.end()
    assert debug_session(ann, operator)["in_sync"] is True, "a closed test needs no snapshot"


def test_only_open_sessions_are_idle(ann: Student, operator: dict[str, str], rows: Rows) -> None:
    ann.start()
    rows("UPDATE assessment.test_sessions SET last_activity = last_activity - INTERVAL '31 min'")
    assert debug_session(ann, operator)["database"]["is_idle"] is True
    rows("UPDATE assessment.test_sessions SET status = 'completed', completed_at = now()")
    assert debug_session(ann, operator)["database"]["is_idle"] is False


@pytest.mark.parametrize("damage", ["lost", "unreadable", "stale"])
def test_differences_are_reported_and_sync_repairs_them(
    damage: str, ann: Student, operator: dict[str, str], deps: Deps
) -> None:
    assert deps.redis
    ann.start()
    key = f"session:{ann.session_id}:state"
    (stale,) = deps.redis.pipeline([["GET", key]]) or []
    ann.answer()
    command: list[Any] = {
        "lost": ["DEL", key],
        "unreadable": ["SET", key, "{}"],
        "stale": ["SET", key, stale],
    }[damage]
    deps.redis.pipeline([command])
    report = debug_session(ann, operator)
    assert report["in_sync"] is False
    fields = {difference["field"] for difference in report["differences"]}
    if damage == "stale":
        assert {"questions_answered", "next_question_id", "current_proficiency"} <= fields
    else:
        assert fields == {"state"}
    response = ann.client.post(f"/api/debug/sync/{ann.session_id}", headers=operator)
    assert response.json() == {
        "session_id": ann.session_id,
        "synced": True,
        "action": "written",
    }
    assert debug_session(ann, operator)["in_sync"] is True
    assert ann.answer()["questions_answered"] == 2


def test_sync_removes_the_snapshot_of_a_closed_session(
    ann: Student, operator: dict[str, str], deps: Deps
) -> None:
    assert deps.redis
    ann.start()
    key = f"session:{ann.session_id}:state"
    (snapshot,) = deps.redis.pipeline([["GET", key]]) or []
    ann.end()
    deps.redis.pipeline([["SET", key, snapshot]])
    assert debug_session(ann, operator)["in_sync"] is False
    path = f"/api/debug/sync/{ann.session_id}"
    assert ann.client.post(path, headers=operator).json()["action"] == "removed"
    assert debug_session(ann, operator)["in_sync"] is True


def test_debug_reports_that_redis_is_unavailable(
    ann: Student, operator: dict[str, str], redis_gateway: Gateway
) -> None:
    ann.start()
    with redis_gateway.faults.during(Fault.REFUSE):
        assert debug_session(ann, operator)["redis"]["available"] is False
        stats = ann.client.get("/api/debug/redis/stats", headers=operator)
        sync = ann.client.post(f"/api/debug/sync/{ann.session_id}", headers=operator)
    assert stats.status_code == sync.status_code == 503
    assert stats.json()["code"] == "cache_unavailable"


def test_stats_count_the_keys_in_redis(
    client: TestClient, pool_id: str, operator: dict[str, str], deps: Deps
) -> None:
    for name in ("ann", "bob"):
        Student(client, pool_id, name).start()
    assert deps.redis
    deps.redis.pipeline([["SET", "lock:someone:q1", "token", "EX", 5]])
    stats = client.get("/api/debug/redis/stats", headers=operator).json()["redis_stats"]
    assert stats["active_sessions"] == 2
    assert stats["active_locks"] == 1
    assert 1 <= stats["cached_questions"] <= 2
    assert stats["memory_used_mb"] > 0
    assert stats["total_keys"] == 3 + stats["cached_questions"] + 1  # and the counters
    assert json.dumps(stats)


def test_person_fit_is_that_of_the_recorded_answers(
    ann: Student, operator: dict[str, str], deps: Deps
) -> None:
    ann.start(end_criteria={"max_questions": 6})
    assert debug_session(ann, operator)["person_fit"] is None  # nothing was answered
    for number in range(6):
        ann.answer(right=number != 1)
    report = debug_session(ann, operator)  # the test has closed by now
    assert report["in_sync"] is True
    row_and_answers = read_with_answers(deps.postgres, UUID(ann.session_id))
    assert row_and_answers
    row, answers = row_and_answers
    assert row.pool_id is not None
    assert row.pool_version is not None
    session = rebuild(row, answers, load_pool(deps.postgres, row.pool_id, row.pool_version))
    expected = person_fit(session.posterior, session.pool.bank)
    assert report["person_fit"] == pytest.approx(expected, abs=1e-3)
