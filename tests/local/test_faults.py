"""Each fault does what its name says, to the right number of requests."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, RemoteDisconnected
from typing import Any

import pytest

from local.redis_gateway.faults import Fault
from local.redis_gateway.gateway import Gateway
from local.servers.redis_server import RedisServer

SLOW_SECONDS = 1.0  # much longer than an answer takes
CUT = (ConnectionResetError, RemoteDisconnected, BrokenPipeError)


class Caller:
    def __init__(self, gateway: Gateway) -> None:
        self._host = gateway.url.removeprefix("http://")
        self._token = gateway.token

    def raw(self, path: str, body: Any, timeout: float = 10) -> tuple[int, bytes]:
        connection = HTTPConnection(self._host, timeout=timeout)
        try:
            headers = {"Authorization": f"Bearer {self._token}"}
            connection.request("POST", path, json.dumps(body), headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def run(self, *command: str) -> Any:
        status, text = self.raw("/", command)
        assert status == 200, text
        return json.loads(text)["result"]


@contextmanager
def command_under_fault(
    caller: Caller, *command: str, of: Gateway, fault: Fault
) -> Iterator[Future[Any]]:
    """Send a command that meets the fault while later ones do not; yield its future answer."""
    affected = of.faults.affected_requests
    of.faults.switch_on(fault, times=1, delay=SLOW_SECONDS)
    with ThreadPoolExecutor(1) as executor:
        answer = executor.submit(caller.run, *command)
        while of.faults.affected_requests == affected:
            time.sleep(0.01)
        yield answer


@pytest.fixture
def caller(redis_gateway: Gateway) -> Iterator[Caller]:
    yield Caller(redis_gateway)
    redis_gateway.faults.clear()


def test_refused_connections_are_refused_until_the_switch_is_off(
    redis_gateway: Gateway, caller: Caller
) -> None:
    open_before = HTTPConnection(redis_gateway.url.removeprefix("http://"), timeout=10)
    open_before.request("GET", f"/ping?_token={redis_gateway.token}")
    open_before.getresponse().read()
    with redis_gateway.faults.during(Fault.REFUSE):
        with pytest.raises(ConnectionRefusedError):
            caller.run("PING")
        assert open_before.sock.recv(1) == b"", "the open connection is cut, too"
    open_before.close()
    assert caller.run("PING") == "PONG"


@pytest.mark.parametrize("fault", [Fault.CLOSE, Fault.REFUSE])
def test_a_cut_connection_executes_nothing(
    redis_gateway: Gateway, caller: Caller, fault: Fault
) -> None:
    redis_gateway.faults.switch_on(fault, times=1)
    with pytest.raises(CUT):
        caller.run("INCR", "n")
    assert caller.run("INCR", "n") == 1


def test_a_lost_reply_was_executed(redis_gateway: Gateway, caller: Caller) -> None:
    redis_gateway.faults.switch_on(Fault.LOSE_REPLY, times=1)
    with pytest.raises(CUT):
        caller.run("INCR", "n")
    assert caller.run("INCR", "n") == 2


def test_a_hanging_request_is_cut_when_the_switch_is_off(
    redis_gateway: Gateway, caller: Caller
) -> None:
    redis_gateway.faults.switch_on(Fault.HANG, times=1)
    with pytest.raises(TimeoutError):
        caller.raw("/", ["INCR", "n"], timeout=0.2)
    with command_under_fault(caller, "INCR", "n", of=redis_gateway, fault=Fault.HANG) as hanging:
        assert [caller.run("PING") for _ in range(20)] == ["PONG"] * 20
        assert not hanging.done()
        redis_gateway.faults.clear()
        with pytest.raises(CUT):
            hanging.result()
    assert caller.run("INCR", "n") == 1


def test_a_hanging_request_is_cut_when_the_switch_goes_off_by_itself(
    redis_gateway: Gateway, caller: Caller
) -> None:
    redis_gateway.faults.switch_on(Fault.HANG, seconds=0.2)
    with pytest.raises(CUT):
        caller.run("INCR", "n")
    assert redis_gateway.faults.active is None
    assert caller.run("INCR", "n") == 1


def test_a_slow_answer_comes_after_later_ones_and_is_right(
    redis_gateway: Gateway, caller: Caller
) -> None:
    with command_under_fault(caller, "ECHO", "a", of=redis_gateway, fault=Fault.SLOW) as slow:
        assert caller.run("ECHO", "b") == "b"
        assert not slow.done()
        assert slow.result() == "a"


@pytest.mark.parametrize(
    ("fault", "status", "begins"),
    [
        (Fault.SERVER_ERROR, 500, b'{"error":'),
        (Fault.HTML, 200, b"<!doctype html>"),
        (Fault.TOO_MANY, 429, b'{"error":"ERR max requests'),
        (Fault.UNAUTHORIZED, 401, b'{"error":"WRONGPASS'),
    ],
)
def test_answers_of_a_service_in_trouble(
    redis_gateway: Gateway, caller: Caller, fault: Fault, status: int, begins: bytes
) -> None:
    with redis_gateway.faults.during(fault):
        answered, text = caller.raw("/pipeline", [["INCR", "n"]])
    assert (answered, text[: len(begins)]) == (status, begins)
    assert caller.run("GET", "n") is None


def test_truncated_json_does_not_parse(redis_gateway: Gateway, caller: Caller) -> None:
    redis_gateway.faults.switch_on(Fault.TRUNCATE, times=1)
    status, text = caller.raw("/pipeline", [["SET", "a", "1"], ["GET", "a"]])
    assert status == 200
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        json.loads(text)
    assert caller.run("GET", "a") == "1"


def test_a_flush_takes_every_key_before_the_command(
    redis_gateway: Gateway, caller: Caller, redis_server: RedisServer
) -> None:
    caller.run("MSET", "a", "1", "b", "2")
    redis_gateway.faults.switch_on(Fault.FLUSH, times=1)
    assert caller.run("INCR", "a") == 1
    with redis_server.client() as client:
        assert client.keys() == [b"a"]


def test_wrong_values_have_the_right_form(redis_gateway: Gateway, caller: Caller) -> None:
    caller.run("MSET", "a", "1", "b", "2")
    redis_gateway.faults.switch_on(Fault.WRONG_VALUE, times=1)
    commands = [["SET", "c", "3"], ["MGET", "a", "b"], ["STRLEN", "a"], ["GET", "none"], ["INCR"]]
    _, text = caller.raw("/pipeline", commands)
    answers = json.loads(text)
    wrong = [{"result": "OK"}, {"result": ["wrong", "wrong"]}, {"result": 2}, {"result": "wrong"}]
    assert answers[:4] == wrong
    assert "error" in answers[4]
    redis_gateway.faults.switch_on(Fault.WRONG_VALUE, times=1, value='{"v": 1}')
    assert caller.run("GET", "a") == '{"v": 1}'
    assert caller.run("GET", "a") == "1"


def test_a_fault_may_spare_the_first_and_end_after_some(
    redis_gateway: Gateway, caller: Caller
) -> None:
    before = redis_gateway.faults.affected_requests
    redis_gateway.faults.switch_on(Fault.SERVER_ERROR, after=2, times=3)
    statuses = [caller.raw("/", ["PING"])[0] for _ in range(7)]
    assert statuses == [200, 200, 500, 500, 500, 200, 200]
    assert redis_gateway.faults.affected_requests - before == 3


def test_switches_are_turned_over_http(redis_gateway: Gateway, caller: Caller) -> None:
    status, text = caller.raw("/_faults", {"fault": "429", "times": 1})
    assert (status, json.loads(text)["active"]["times"]) == (200, 1)
    assert [caller.raw("/", ["PING"])[0] for _ in range(2)] == [429, 200]
    caller.raw("/_faults", {"fault": "hang"})
    assert json.loads(caller.raw("/_faults", {"fault": None})[1])["active"] is None
    assert caller.raw("/_faults", {"fault": "none such"})[0] == 400
    assert caller.raw("/_faults", {"fault": "hang", "colour": "red"})[0] == 400
    assert redis_gateway.faults.active is None


def test_a_door_closed_over_http_opens_by_itself(caller: Caller) -> None:
    assert caller.raw("/_faults", {"fault": "refuse", "seconds": 0.3})[0] == 200
    with pytest.raises(ConnectionRefusedError):
        caller.run("PING")
    assert eventually(caller, "PING") == "PONG"


def eventually(caller: Caller, *command: str) -> Any:
    """Return the answer as soon as the port is open."""
    for _ in range(500):
        try:
            return caller.run(*command)
        except ConnectionRefusedError:
            time.sleep(0.01)
    raise AssertionError("the port stayed closed")
