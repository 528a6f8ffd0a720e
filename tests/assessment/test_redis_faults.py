"""Redis may fail, hang, corrupt values or lose replies at any time: results stay the same."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lib.assessment.sessions import snapshot
from lib.deps import Deps, install_deps
from lib.settings import Settings
from local.redis_gateway.faults import Fault
from local.redis_gateway.gateway import Gateway
from tests.assessment.conftest import CANARY, Rows, Student
from tests.assessment.traces import actual_trace, expected_trace

IMMEDIATE_FAULTS = [fault for fault in Fault if fault not in {Fault.SLOW, Fault.HANG}]
ANSWERS = [True, False, True, True, False, False]
CRITERIA = {"max_questions": len(ANSWERS)}
NESTED = '{"packed": ' * 100_000
"""JSON nested so deeply that Python's parser raises RecursionError, not ValueError."""


def redis_of(deps: Deps) -> Any:
    assert deps.redis is not None
    return deps.redis


@pytest.mark.parametrize("fault", IMMEDIATE_FAULTS)
def test_test_gives_the_same_results_during_a_fault(
    fault: Fault, ann: Student, deps: Deps, redis_gateway: Gateway, rows: Rows
) -> None:
    with redis_gateway.faults.during(fault):
        ann.start(end_criteria=CRITERIA)
        responses = []
        for right in ANSWERS:
            redis_of(deps).close_circuit()  # call Redis each time, although it has just failed
            responses.append(ann.answer(right=right))
    assert actual_trace(responses) == expected_trace(ann.session_id, deps)
    assert responses[-1]["status"] == "completed"
    assert rows("SELECT count(*) FROM assessment.test_responses") == [(len(ANSWERS),)]


@pytest.mark.parametrize("fault", [*IMMEDIATE_FAULTS, Fault.HANG])
@pytest.mark.parametrize("first_call", [True, False])
def test_one_fault_during_a_test_changes_nothing(
    fault: Fault, first_call: bool, ann: Student, deps: Deps, redis_gateway: Gateway
) -> None:
    ann.start(end_criteria=CRITERIA)
    responses = [ann.answer(right=right) for right in ANSWERS[:3]]
    redis_gateway.faults.switch_on(fault, times=1, after=0 if first_call else 1)
    responses.append(ann.answer(right=ANSWERS[3]))
    redis_gateway.faults.clear()
    redis_of(deps).close_circuit()
    responses += [ann.answer(right=right) for right in ANSWERS[4:]]
    assert actual_trace(responses) == expected_trace(ann.session_id, deps)


def test_hanging_redis_costs_its_time_limit_only_once(ann: Student, redis_gateway: Gateway) -> None:
    affected_before = redis_gateway.faults.affected_requests
    with redis_gateway.faults.during(Fault.HANG):
        ann.start()
        ann.answer()
        ann.answer()
    assert redis_gateway.faults.affected_requests - affected_before == 1


def test_without_redis_in_the_environment_tests_work(ann: Student, settings: Settings) -> None:
    without_redis = Deps(Settings(postgres_url=settings.postgres_url))
    assert without_redis.redis is None
    install_deps(without_redis)
    ann.start(end_criteria=CRITERIA)
    responses = [ann.answer(right=right) for right in ANSWERS]
    assert actual_trace(responses) == expected_trace(ann.session_id, without_redis)
    without_redis.close()


def test_flushed_snapshot_is_rebuilt_bit_for_bit(
    ann: Student, deps: Deps, redis_values: Callable[[], dict[str, str]]
) -> None:
    ann.start()
    for right in ANSWERS[:4]:
        ann.answer(right=right)
    key = f"session:{ann.session_id}:state"
    original_snapshot = redis_values()[key]
    redis_of(deps).pipeline([["FLUSHALL"]])
    headers = {"Authorization": "Bearer a password for the tests"}
    assert ann.client.post(f"/api/debug/sync/{ann.session_id}", headers=headers).status_code == 200
    assert redis_values()[key] == original_snapshot
    redis_of(deps).pipeline([["FLUSHALL"]])
    assert ann.answer()["questions_answered"] == 5
    assert key in redis_values(), "the rebuilt snapshot is written back"


def test_another_process_continues_from_the_snapshot_alone(ann: Student, deps: Deps) -> None:
    ann.start(end_criteria=CRITERIA)
    responses = []
    for right in ANSWERS:
        snapshot._cached_sessions.clear()  # as in a process that wrote no snapshot
        responses.append(ann.answer(right=right))
    assert actual_trace(responses) == expected_trace(ann.session_id, deps)


def test_outdated_snapshot_is_detected(
    ann: Student, deps: Deps, redis_values: Callable[[], dict[str, str]]
) -> None:
    ann.start(end_criteria=CRITERIA)
    responses = [ann.answer(right=ANSWERS[0])]
    key = f"session:{ann.session_id}:state"
    outdated_snapshot = redis_values()[key]
    responses.append(ann.answer(right=ANSWERS[1]))
    for right in ANSWERS[2:]:
        redis_of(deps).pipeline([["SET", key, outdated_snapshot]])
        responses.append(ann.answer(right=right))
    assert actual_trace(responses) == expected_trace(ann.session_id, deps)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "null",
        "[]",
        "{}",
        "\x00\xff",
        '{"packed": 3}',
        '{"packed": "~~~"}',
        '{"packed": ""}',
        json.dumps({"student_id": "ann", "next_question_id": "q1", "packed": "0" * 100}),
        NESTED,
    ],
)
def test_malformed_snapshot_is_discarded(value: str, ann: Student, deps: Deps) -> None:
    ann.start(end_criteria=CRITERIA)
    responses = [ann.answer(right=ANSWERS[0])]
    redis_of(deps).pipeline([["SET", f"session:{ann.session_id}:state", value]])
    responses.append(ann.answer(right=ANSWERS[1]))
    assert actual_trace(responses) == expected_trace(ann.session_id, deps)


def test_snapshot_with_one_field_changed_is_discarded(
    ann: Student, deps: Deps, redis_values: Callable[[], dict[str, str]]
) -> None:
    ann.start(end_criteria=CRITERIA)
    responses = [ann.answer(right=ANSWERS[0])]
    key = f"session:{ann.session_id}:state"
    for field, value in (
        ("student_id", "eve"),
        ("next_question_id", "q0"),
        ("questions_answered", 0),
        ("current_proficiency", [0.9] * 5),
    ):
        fields = {**json.loads(redis_values()[key]), field: value}
        redis_of(deps).pipeline([["SET", key, json.dumps(fields, separators=(",", ":"))]])
        responses.append(ann.answer(right=True))
    assert actual_trace(responses) == expected_trace(ann.session_id, deps)


def test_snapshot_of_another_session_is_discarded(
    ann: Student,
    client: TestClient,
    pool_id: str,
    deps: Deps,
    redis_values: Callable[[], dict[str, str]],
) -> None:
    bob = Student(client, pool_id, "bob")
    bob.start()
    ann.start()
    values = redis_values()
    redis_of(deps).pipeline(
        [["SET", f"session:{ann.session_id}:state", values[f"session:{bob.session_id}:state"]]]
    )
    assert actual_trace([ann.answer()]) == expected_trace(ann.session_id, deps)


def test_cached_question_that_was_altered_is_not_shown(
    ann: Student, deps: Deps, redis_values: Callable[[], dict[str, str]]
) -> None:
    question = ann.start()["next_question"]
    key = f"question:{question['id']}"
    altered_question = {**json.loads(redis_values()[key]), "content": "Send money?"}
    redis_of(deps).pipeline([["SET", key, json.dumps(altered_question)]])
    assert ann.resume()["next_question"] == question


def test_malformed_cached_question_is_not_shown(ann: Student, deps: Deps) -> None:
    question = ann.start()["next_question"]
    for value in ("", "null", "[]", '{"check": 1}', NESTED):
        redis_of(deps).pipeline([["SET", f"question:{question['id']}", value]])
        assert ann.resume()["next_question"] == question


def test_question_is_served_from_the_cache_and_counted(
    ann: Student, operator: dict[str, str]
) -> None:
    question = ann.start()["next_question"]
    assert ann.resume()["next_question"] == question
    stats = ann.client.get("/api/debug/redis/stats", headers=operator).json()["redis_stats"]
    assert (stats["question_cache_hits"], stats["question_cache_misses"]) == (1, 1)
    assert stats["question_cache_hit_ratio"] == 0.5
    assert (stats["active_sessions"], stats["cached_questions"]) == (1, 1)


def test_lock_of_a_dead_process_blocks_nobody(ann: Student, deps: Deps) -> None:
    ann.start()
    assert ann.question
    lock = f"lock:{ann.session_id}:{ann.question['id']}"
    redis_of(deps).pipeline([["SET", lock, "another token"]])
    assert ann.answer()["questions_answered"] == 1
    assert redis_of(deps).pipeline([["GET", lock]]) == ["another token"], (
        "only its owner releases it"
    )


def test_keys_and_lifetimes_are_as_documented(ann: Student, deps: Deps) -> None:
    ann.start()
    ann.answer()
    assert ann.question
    snapshot_key, question_key = f"session:{ann.session_id}:state", f"question:{ann.question['id']}"
    ttl = redis_of(deps).pipeline([["TTL", snapshot_key], ["TTL", question_key]])
    assert 1795 <= ttl[0] <= 1800
    assert 3595 <= ttl[1] <= 3600
    assert redis_of(deps).pipeline([["KEYS", "lock:*"]]) == [[]], "released when done"


def test_snapshot_has_the_documented_fields(
    ann: Student, redis_values: Callable[[], dict[str, str]]
) -> None:
    ann.start()
    response = ann.answer()
    fields = json.loads(redis_values()[f"session:{ann.session_id}:state"])
    assert fields == {
        "student_id": "ann",
        "current_proficiency": response["current_proficiency"],
        "next_question_id": response["next_question"]["id"],
        "status": "active",
        "questions_answered": 1,
        "last_activity": fields["last_activity"],
        "packed": fields["packed"],
    }


def test_ended_test_leaves_no_snapshot(
    ann: Student, redis_values: Callable[[], dict[str, str]]
) -> None:
    ann.start()
    ann.answer()
    ann.end()
    assert not [key for key in redis_values() if key.startswith("session:")]


def test_no_correct_answer_is_marked_in_redis(
    ann: Student, redis_values: Callable[[], dict[str, str]]
) -> None:
    """The correct option's text is there, but nothing marks it as correct."""
    ann.start()
    for right in ANSWERS:
        ann.answer(right=right)
    for key, value in redis_values().items():
        fields = json.loads(value)
        assert "correct_answer" not in value
        if key.startswith("question:"):
            assert set(fields) == {"id", "content", "options", "concepts", "revision", "check"}
            assert value.count(CANARY) == 1
        else:
            assert CANARY not in value
