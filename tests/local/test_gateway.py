"""The REST protocol as it goes over the wire."""

import json
import threading
from base64 import b64encode
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any

import pytest

from local.redis_gateway.client_connection import MAX_REQUEST_BYTES
from local.redis_gateway.gateway import Gateway, running_gateway
from local.servers.redis_server import RedisServer, running_redis

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask(redis_gateway: Gateway) -> Ask:
    """Send a request, return status and decoded body."""

    def send(
        path: str = "/",
        body: Any = None,
        *,
        method: str = "POST",
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        text = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        bearer = {"Authorization": f"Bearer {redis_gateway.token}"}
        host = redis_gateway.url.removeprefix("http://")
        connection = HTTPConnection(host, timeout=10)
        connection.request(method, path, text, bearer if headers is None else headers)
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return reply.status, json.loads(content) if content else None

    return send


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_command_may_stand_in_the_path(ask: Ask, method: str) -> None:
    assert ask("/set/a%2Fb%20%C3%BC/1", method=method) == (200, {"result": "OK"})
    assert ask("/get/a%2Fb%20%C3%BC", method=method) == (200, {"result": "1"})


def test_a_body_is_the_last_argument_and_the_query_follows_it(ask: Ask) -> None:
    assert ask("/set/key?EX=60", b'{"any": "text"}') == (200, {"result": "OK"})
    assert ask("/get/key", method="GET") == (200, {"result": '{"any": "text"}'})
    assert ask(body=["TTL", "key"])[1]["result"] in {59, 60}
    assert ask("/set/key/again?NX", method="GET") == (200, {"result": None})


def test_numbers_are_sent_on_as_they_were_written(ask: Ask) -> None:
    for written in ("1e3", "1.0", "-0", "123456789012345678901234567890", "true"):
        ask(body=f'["SET", "n", {written}]'.encode())
        assert ask(body=["GET", "n"]) == (200, {"result": written})


def test_base64_encodes_every_text_but_ok(ask: Ask, redis_gateway: Gateway) -> None:
    headers = {"Authorization": f"Bearer {redis_gateway.token}", "Upstash-Encoding": "base64"}
    asked = [["SET", "a", "é"], ["MGET", "a", "none"], ["STRLEN", "a"], ["PING"], ["NONSENSE"]]
    status, answers = ask("/pipeline", asked, headers=headers)
    assert status == 200
    assert answers[:4] == [
        {"result": "OK"},
        {"result": [b64encode("é".encode()).decode(), None]},
        {"result": 2},
        {"result": b64encode(b"PONG").decode()},
    ]
    assert answers[4]["error"].startswith("ERR unknown command")


def test_bytes_that_are_no_text_become_the_replacement_character(ask: Ask) -> None:
    assert ask("/set/raw", b"\xff\xfeA") == (200, {"result": "OK"})
    assert ask(body=["GET", "raw"]) == (200, {"result": "\ufffd\ufffdA"})


def test_the_token_is_a_bearer_or_a_parameter(ask: Ask, redis_gateway: Gateway) -> None:
    token = redis_gateway.token
    assert ask(f"/ping?_token={token}", headers={}) == (200, {"result": "PONG"})
    assert ask("/ping", headers={"Authorization": f"bearer {token}"})[0] == 200
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {token}"}):
        status, answer = ask("/ping", headers=headers)
        assert (status, list(answer)) == (401, ["error"])
    assert ask("/ping?_token=x")[0] == 401


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "EOF"),
        (b"{}", "expected JSON array"),
        (b"[]", "ERR empty command"),
        (b'["GET", null]', "ERR null args are not supported"),
        (b'["GET", ["a"]]', "ERR unsupported arg type"),
        (b'["GET", NaN]', "ERR failed to parse"),
        (b'["GET"', "ERR failed to parse"),
        (b"[" * 100_000, "ERR failed to parse"),
        (b'["GET"]', "ERR wrong number of arguments for 'get' command"),
        (b'["MULTI"]', 'ERR Command "MULTI" is not allowed in REST'),
        (b'["blpop", "list", 0]', "ERR Command is not available: 'BLPOP'"),
        (b'["XREAD", "block", 0, "STREAMS", "s", "$"]', "ERR Command is not available: 'XREAD'"),
    ],
)
def test_what_is_no_command_is_refused_with_an_error(ask: Ask, body: bytes, error: str) -> None:
    status, answer = ask(body=body)
    assert status == 400
    assert list(answer) == ["error"]
    assert answer["error"].startswith(error)


def test_other_methods_and_sizes_are_refused(ask: Ask) -> None:
    assert ask("/get/a", method="DELETE")[0] == 405
    assert ask("/get/a", method="HEAD")[0] == 200
    status, answer = ask("/set/big", b"x" * (MAX_REQUEST_BYTES + 1))
    assert status == 400
    assert answer["error"].startswith("ERR max request size exceeded")
    assert ask("/set/big", b"x" * (MAX_REQUEST_BYTES - 1)) == (200, {"result": "OK"})
    assert ask(body=["STRLEN", "big"]) == (200, {"result": MAX_REQUEST_BYTES - 1})


def test_a_pipeline_answers_each_command(ask: Ask) -> None:
    asked = [["SET", "a", 1], ["INCR"], ["WATCH", "a"], ["INCR", "a"]]
    status, answers = ask("/pipeline", asked)
    assert status == 200
    assert [list(answer) for answer in answers] == [["result"], ["error"], ["error"], ["result"]]
    assert answers[3] == {"result": 2}


def test_a_transaction_that_cannot_be_queued_is_discarded_whole(ask: Ask) -> None:
    for bad in (["INCR"], ["NONSENSE"], ["BLPOP", "list", 0]):
        status, answer = ask("/multi-exec", [["SET", "a", 1], bad])
        assert (status, list(answer)) == (400, ["error"])
    assert ask(body=["GET", "a"]) == (200, {"result": None})
    status, answers = ask("/multi-exec", [["SET", "a", "x"], ["INCR", "a"], ["GET", "a"]])
    assert status == 200
    assert answers[0] == {"result": "OK"}
    assert answers[1]["error"].startswith("ERR value is not an integer")
    assert answers[2] == {"result": "x"}


def test_transactions_do_not_mix(ask: Ask) -> None:
    """Each writes its number twice: between the two nobody else gets in."""

    def write(number: int) -> None:
        pair = [["RPUSH", "list", number], ["RPUSH", "list", number]]
        for _ in range(20):
            assert ask("/multi-exec", pair)[0] == 200

    writers = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    written = ask(body=["LRANGE", "list", 0, -1])[1]["result"]
    assert len(written) == 160
    assert written[::2] == written[1::2]


def test_requests_and_commands_are_counted(ask: Ask, redis_gateway: Gateway) -> None:
    requests, commands = redis_gateway.requests, redis_gateway.commands
    ask("/pipeline", [["PING"], ["PING"], ["PING"]])
    ask("/ping")
    ask("/_faults", method="GET")
    assert redis_gateway.requests - requests == 2
    assert redis_gateway.commands - commands == 4


def test_a_redis_that_comes_back_is_found_again() -> None:
    with running_redis() as server, running_gateway(server) as gateway:
        assert _ping(gateway) == (200, {"result": "PONG"})
        server.kill()
        status, answer = _ping(gateway)
        assert status == 503
        assert answer["error"].startswith("ERR Redis does not answer")
        server.start()
        assert _ping(gateway) == (200, {"result": "PONG"})


def test_a_stopped_gateway_can_start_again_at_its_address(redis_server: RedisServer) -> None:
    with running_gateway(redis_server) as gateway:
        url = gateway.url
        gateway.stop()
        with pytest.raises(ConnectionRefusedError):
            _ping(gateway)
        gateway.start()
        assert gateway.url == url
        assert _ping(gateway)[0] == 200


def _ping(gateway: Gateway) -> tuple[int, Any]:
    connection = HTTPConnection(gateway.url.removeprefix("http://"), timeout=10)
    connection.request("POST", f"/ping?_token={gateway.token}")
    reply = connection.getresponse()
    content = reply.read()
    connection.close()
    return reply.status, json.loads(content)
