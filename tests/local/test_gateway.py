"""The gateway's REST protocol over HTTP."""

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

Send = Callable[..., tuple[int, Any]]


@pytest.fixture
def send(redis_gateway: Gateway) -> Send:
    """Send a request and return status and parsed body."""

    def send_request(
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
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, json.loads(content) if content else None

    return send_request


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_command_may_be_in_the_path(send: Send, method: str) -> None:
    assert send("/set/a%2Fb%20%C3%BC/1", method=method) == (200, {"result": "OK"})
    assert send("/get/a%2Fb%20%C3%BC", method=method) == (200, {"result": "1"})


def test_a_body_is_the_last_argument_and_the_query_follows_it(send: Send) -> None:
    assert send("/set/key?EX=60", b'{"any": "text"}') == (200, {"result": "OK"})
    assert send("/get/key", method="GET") == (200, {"result": '{"any": "text"}'})
    assert send(body=["TTL", "key"])[1]["result"] in {59, 60}
    assert send("/set/key/again?NX", method="GET") == (200, {"result": None})


def test_numbers_are_forwarded_as_they_were_written(send: Send) -> None:
    for number in ("1e3", "1.0", "-0", "123456789012345678901234567890", "true"):
        send(body=f'["SET", "n", {number}]'.encode())
        assert send(body=["GET", "n"]) == (200, {"result": number})


def test_base64_encodes_every_text_except_ok(send: Send, redis_gateway: Gateway) -> None:
    headers = {"Authorization": f"Bearer {redis_gateway.token}", "Upstash-Encoding": "base64"}
    commands = [["SET", "a", "é"], ["MGET", "a", "none"], ["STRLEN", "a"], ["PING"], ["NONSENSE"]]
    status, results = send("/pipeline", commands, headers=headers)
    assert status == 200
    assert results[:4] == [
        {"result": "OK"},
        {"result": [b64encode("é".encode()).decode(), None]},
        {"result": 2},
        {"result": b64encode(b"PONG").decode()},
    ]
    assert results[4]["error"].startswith("ERR unknown command")


def test_invalid_utf8_becomes_the_replacement_character(send: Send) -> None:
    assert send("/set/raw", b"\xff\xfeA") == (200, {"result": "OK"})
    assert send(body=["GET", "raw"]) == (200, {"result": "\ufffd\ufffdA"})


def test_token_is_accepted_as_bearer_token_or_parameter(send: Send, redis_gateway: Gateway) -> None:
    token = redis_gateway.token
    assert send(f"/ping?_token={token}", headers={}) == (200, {"result": "PONG"})
    assert send("/ping", headers={"Authorization": f"bearer {token}"})[0] == 200
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {token}"}):
        status, content = send("/ping", headers=headers)
        assert (status, list(content)) == (401, ["error"])
    assert send("/ping?_token=x")[0] == 401


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
def test_invalid_command_gives_400_with_an_error(send: Send, body: bytes, error: str) -> None:
    status, content = send(body=body)
    assert status == 400
    assert list(content) == ["error"]
    assert content["error"].startswith(error)


def test_delete_and_too_large_requests_are_refused_and_head_is_accepted(send: Send) -> None:
    assert send("/get/a", method="DELETE")[0] == 405
    assert send("/get/a", method="HEAD")[0] == 200
    status, content = send("/set/big", b"x" * (MAX_REQUEST_BYTES + 1))
    assert status == 400
    assert content["error"].startswith("ERR max request size exceeded")
    assert send("/set/big", b"x" * (MAX_REQUEST_BYTES - 1)) == (200, {"result": "OK"})
    assert send(body=["STRLEN", "big"]) == (200, {"result": MAX_REQUEST_BYTES - 1})


def test_pipeline_returns_a_result_or_error_for_each_command(send: Send) -> None:
    commands = [["SET", "a", 1], ["INCR"], ["WATCH", "a"], ["INCR", "a"]]
    status, results = send("/pipeline", commands)
    assert status == 200
    assert [list(result) for result in results] == [["result"], ["error"], ["error"], ["result"]]
    assert results[3] == {"result": 2}


def test_transaction_with_an_unqueueable_command_is_discarded_completely(send: Send) -> None:
    for unqueueable in (["INCR"], ["NONSENSE"], ["BLPOP", "list", 0]):
        status, content = send("/multi-exec", [["SET", "a", 1], unqueueable])
        assert (status, list(content)) == (400, ["error"])
    assert send(body=["GET", "a"]) == (200, {"result": None})
    status, results = send("/multi-exec", [["SET", "a", "x"], ["INCR", "a"], ["GET", "a"]])
    assert status == 200
    assert results[0] == {"result": "OK"}
    assert results[1]["error"].startswith("ERR value is not an integer")
    assert results[2] == {"result": "x"}


def test_transactions_do_not_interleave(send: Send) -> None:
    """Each transaction writes its number twice; no other may write in between."""

    def write(number: int) -> None:
        pair = [["RPUSH", "list", number], ["RPUSH", "list", number]]
        for _ in range(20):
            assert send("/multi-exec", pair)[0] == 200

    writers = [threading.Thread(target=write, args=[number]) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    numbers = send(body=["LRANGE", "list", 0, -1])[1]["result"]
    assert len(numbers) == 160
    assert numbers[::2] == numbers[1::2]


def test_requests_and_commands_are_counted(send: Send, redis_gateway: Gateway) -> None:
    requests, commands = redis_gateway.requests, redis_gateway.commands
    send("/pipeline", [["PING"], ["PING"], ["PING"]])
    send("/ping")
    send("/_faults", method="GET")
    assert redis_gateway.requests - requests == 2
    assert redis_gateway.commands - commands == 4


def test_gateway_reconnects_to_a_restarted_redis() -> None:
    with running_redis() as server, running_gateway(server) as gateway:
        assert _ping(gateway) == (200, {"result": "PONG"})
        server.kill()
        status, content = _ping(gateway)
        assert status == 503
        assert content["error"].startswith("ERR Redis does not answer")
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
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, json.loads(content)
