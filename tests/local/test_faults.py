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

SLOW_SECONDS = 1.0  # much longer than a reply takes
CUT = (ConnectionResetError, RemoteDisconnected, BrokenPipeError)


class Caller:
    def __init__(self, gateway: Gateway) -> None:
        self._host = gateway.url.removeprefix("http://")
        self._token = gateway.token

    def post(self, path: str, body: Any, timeout: float = 10) -> tuple[int, bytes]:
        connection = HTTPConnection(self._host, timeout=timeout)
        try:
            headers = {"Authorization": f"Bearer {self._token}"}
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def run(self, *command: str) -> Any:
        status, text = self.post("/", command)
        assert status == 200, text
        return json.loads(text)["result"]


@contextmanager
def command_under_fault(
    caller: Caller, *command: str, gateway: Gateway, fault: Fault
) -> Iterator[Future[Any]]:
    """Send the one command that the fault affects; yield the future of its reply."""
    affected_before = gateway.faults.affected_requests
    gateway.faults.switch_on(fault, times=1, delay=SLOW_SECONDS)
    with ThreadPoolExecutor(1) as executor:
        reply = executor.submit(caller.run, *command)
        while gateway.faults.affected_requests == affected_before:
            time.sleep(0.01)
        yield reply


@pytest.fixture
def caller(redis_gateway: Gateway) -> Iterator[Caller]:
    yield Caller(redis_gateway)
    redis_gateway.faults.clear()


def test_connections_are_refused_until_the_fault_is_switched_off(
    redis_gateway: Gateway, caller: Caller
) -> None:
    open_connection = HTTPConnection(redis_gateway.url.removeprefix("http://"), timeout=10)
    open_connection.request("GET", f"/ping?_token={redis_gateway.token}")
    open_connection.getresponse().read()
    with redis_gateway.faults.during(Fault.REFUSE):
        with pytest.raises(ConnectionRefusedError):
            caller.run("PING")
        assert open_connection.sock.recv(1) == b"", "the open connection is cut, too"
    open_connection.close()
    assert caller.run("PING") == "PONG"


@pytest.mark.parametrize("fault", [Fault.CLOSE, Fault.REFUSE])
def test_a_cut_connection_executes_nothing(
    redis_gateway: Gateway, caller: Caller, fault: Fault
) -> None:
    redis_gateway.faults.switch_on(fault, times=1)
    with pytest.raises(CUT):
        caller.run("INCR", "n")
    assert caller.run("INCR", "n") == 1


def test_command_whose_reply_is_lost_is_executed(redis_gateway: Gateway, caller: Caller) -> None:
    redis_gateway.faults.switch_on(Fault.LOSE_REPLY, times=1)
    with pytest.raises(CUT):
        caller.run("INCR", "n")
    assert caller.run("INCR", "n") == 2


def test_hanging_request_is_cut_when_the_fault_is_switched_off(
    redis_gateway: Gateway, caller: Caller
) -> None:
    redis_gateway.faults.switch_on(Fault.HANG, times=1)
    with pytest.raises(TimeoutError):
        caller.post("/", ["INCR", "n"], timeout=0.2)
    with command_under_fault(
        caller, "INCR", "n", gateway=redis_gateway, fault=Fault.HANG
    ) as hanging:
        assert [caller.run("PING") for _ in range(20)] == ["PONG"] * 20
        assert not hanging.done()
        redis_gateway.faults.clear()
        with pytest.raises(CUT):
            hanging.result()
    assert caller.run("INCR", "n") == 1


def test_hanging_request_is_cut_when_the_fault_expires(
    redis_gateway: Gateway, caller: Caller
) -> None:
    redis_gateway.faults.switch_on(Fault.HANG, seconds=0.2)
    with pytest.raises(CUT):
        caller.run("INCR", "n")
    assert redis_gateway.faults.active is None
    assert caller.run("INCR", "n") == 1


def test_slow_reply_arrives_after_later_ones_and_is_correct(
    redis_gateway: Gateway, caller: Caller
) -> None:
    with command_under_fault(caller, "ECHO", "a", gateway=redis_gateway, fault=Fault.SLOW) as slow:
        assert caller.run("ECHO", "b") == "b"
        assert not slow.done()
        assert slow.result() == "a"


@pytest.mark.parametrize(
    ("fault", "status", "expected_start"),
    [
        (Fault.SERVER_ERROR, 500, b'{"error":'),
        (Fault.HTML, 200, b"<!doctype html>"),
        (Fault.TOO_MANY, 429, b'{"error":"ERR max requests'),
        (Fault.UNAUTHORIZED, 401, b'{"error":"WRONGPASS'),
    ],
)
def test_faults_of_the_service_give_its_responses(
    redis_gateway: Gateway, caller: Caller, fault: Fault, status: int, expected_start: bytes
) -> None:
    with redis_gateway.faults.during(fault):
        actual_status, text = caller.post("/pipeline", [["INCR", "n"]])
    assert (actual_status, text[: len(expected_start)]) == (status, expected_start)
    assert caller.run("GET", "n") is None


def test_truncated_json_does_not_parse(redis_gateway: Gateway, caller: Caller) -> None:
    redis_gateway.faults.switch_on(Fault.TRUNCATE, times=1)
    status, text = caller.post("/pipeline", [["SET", "a", "1"], ["GET", "a"]])
    assert status == 200
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        json.loads(text)
    assert caller.run("GET", "a") == "1"


def test_flush_removes_every_key_before_the_command(
    redis_gateway: Gateway, caller: Caller, redis_server: RedisServer
) -> None:
    caller.run("MSET", "a", "1", "b", "2")
    redis_gateway.faults.switch_on(Fault.FLUSH, times=1)
    assert caller.run("INCR", "a") == 1
    with redis_server.client() as client:
        assert client.keys() == [b"a"]


def test_wrong_values_have_the_right_type(redis_gateway: Gateway, caller: Caller) -> None:
    caller.run("MSET", "a", "1", "b", "2")
    redis_gateway.faults.switch_on(Fault.WRONG_VALUE, times=1)
    commands = [["SET", "c", "3"], ["MGET", "a", "b"], ["STRLEN", "a"], ["GET", "none"], ["INCR"]]
    _, text = caller.post("/pipeline", commands)
    results = json.loads(text)
    wrong_results = [
        {"result": "OK"},
        {"result": ["wrong", "wrong"]},
        {"result": 2},
        {"result": "wrong"},
    ]
    assert results[:4] == wrong_results
    assert "error" in results[4]
    redis_gateway.faults.switch_on(Fault.WRONG_VALUE, times=1, value='{"v": 1}')
    assert caller.run("GET", "a") == '{"v": 1}'
    assert caller.run("GET", "a") == "1"


def test_fault_may_skip_some_requests_and_end_after_some_more(
    redis_gateway: Gateway, caller: Caller
) -> None:
    before = redis_gateway.faults.affected_requests
    redis_gateway.faults.switch_on(Fault.SERVER_ERROR, after=2, times=3)
    statuses = [caller.post("/", ["PING"])[0] for _ in range(7)]
    assert statuses == [200, 200, 500, 500, 500, 200, 200]
    assert redis_gateway.faults.affected_requests - before == 3


def test_faults_are_switched_over_http(redis_gateway: Gateway, caller: Caller) -> None:
    status, text = caller.post("/_faults", {"fault": "429", "times": 1})
    assert (status, json.loads(text)["active"]["times"]) == (200, 1)
    assert [caller.post("/", ["PING"])[0] for _ in range(2)] == [429, 200]
    caller.post("/_faults", {"fault": "hang"})
    assert json.loads(caller.post("/_faults", {"fault": None})[1])["active"] is None
    assert caller.post("/_faults", {"fault": "none such"})[0] == 400
    assert caller.post("/_faults", {"fault": "hang", "colour": "red"})[0] == 400
    assert redis_gateway.faults.active is None


def test_port_closed_over_http_opens_when_the_fault_expires(caller: Caller) -> None:
    assert caller.post("/_faults", {"fault": "refuse", "seconds": 0.3})[0] == 200
    with pytest.raises(ConnectionRefusedError):
        caller.run("PING")
    assert run_when_open(caller, "PING") == "PONG"


def run_when_open(caller: Caller, *command: str) -> Any:
    """Return the reply as soon as the port is open."""
    for _ in range(500):
        try:
            return caller.run(*command)
        except ConnectionRefusedError:
            time.sleep(0.01)
    raise AssertionError("the port stayed closed")
