"""The Redis client returns results or None within its time limit, whatever Redis does."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from lib.redis_rest import TIMEOUT_SECONDS, Command, RedisRest
from local.redis_gateway.faults import Fault
from local.redis_gateway.gateway import Gateway
from local.servers.redis_server import RedisServer


@pytest.fixture
def redis(redis_gateway: Gateway) -> Iterator[RedisRest]:
    client = RedisRest(redis_gateway.url, redis_gateway.token)
    yield client
    client.close()


def test_commands_run_in_order_in_one_request(redis: RedisRest, redis_gateway: Gateway) -> None:
    before = redis_gateway.requests
    commands: list[Command] = [
        ["SET", "k", "välue", "EX", 60],
        ["GET", "k"],
        ["TTL", "k"],
        ["GET", "none"],
    ]
    assert redis.pipeline(commands) == [True, "välue", 60, None]
    assert redis_gateway.requests == before + 1


def test_failed_command_does_not_affect_the_others(redis: RedisRest) -> None:
    assert redis.pipeline([["SET", "k", "v"], ["INCR", "k"], ["GET", "k"]]) == [True, None, "v"]


def test_command_that_cannot_be_encoded_does_not_open_the_circuit(redis: RedisRest) -> None:
    assert redis.pipeline([["GET", "\ud800"]]) is None
    assert redis.pipeline([["GET", "k"]]) == [None]


@pytest.mark.parametrize("fault", [*Fault])
def test_no_fault_raises_an_error_or_delays_the_caller(
    redis: RedisRest, redis_gateway: Gateway, fault: Fault
) -> None:
    redis_gateway.faults.switch_on(fault, delay=5 * TIMEOUT_SECONDS)
    results = redis.pipeline([["GET", "k"]])  # a hang would last until the fault is cleared
    if fault is Fault.WRONG_VALUE:  # only the caller can notice a wrong value
        assert results is not None
    elif fault is Fault.FLUSH:
        assert results == [None]
    else:
        assert results is None


def test_a_write_whose_reply_was_lost_is_not_repeated(
    redis: RedisRest, redis_gateway: Gateway, redis_server: RedisServer
) -> None:
    redis_gateway.faults.switch_on(Fault.LOSE_REPLY)
    assert redis.pipeline([["INCR", "n"]]) is None
    with redis_server.client() as client:
        assert client.get("n") == b"1"


def test_after_a_failure_the_open_circuit_sends_no_request(
    redis: RedisRest, redis_gateway: Gateway
) -> None:
    redis_gateway.faults.switch_on(Fault.SERVER_ERROR)
    assert redis.pipeline([["GET", "k"]]) is None
    redis_gateway.faults.clear()
    before = redis_gateway.requests
    assert redis.pipeline([["GET", "k"]]) is None
    assert redis_gateway.requests == before
    redis.close_circuit()
    assert redis.pipeline([["GET", "k"]]) == [None]


def test_wrong_token_returns_none_and_is_not_logged(
    redis_gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(RedisRest(redis_gateway.url, "a-token-that-is-wrong")) as redis:
        assert redis.pipeline([["GET", "k"]]) is None
    log_text = capsys.readouterr().err
    assert "redis_unavailable" in log_text
    assert "401" in log_text
    assert "a-token-that-is-wrong" not in log_text
