"""Whatever stands at Redis' address may reply anything at all; it is bounded, or an absence."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from lib.redis_rest import MAX_REPLY_BYTES, TIMEOUT_SECONDS, RedisRest

PIECES = 20
"""Of a reply that trickles: one comes well within the time limit, all of them do not."""
Reply = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def somebody(reply: Reply) -> Iterator[tuple[RedisRest, list[str]]]:
    """A client of somebody who replies so, and the paths that are asked for."""
    asked: list[str] = []

    class Somebody(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            with suppress(OSError):  # who has heard enough hangs up
                reply(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Somebody) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        with closing(RedisRest(url, "t", cooldown_seconds=0)) as redis:
            yield redis, asked
        server.shutdown()


def saying(body: bytes, *, pause: float = 0.0) -> Reply:
    """A reply of 200, whole or in as many pieces with a pause before each."""

    def reply(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.send_header("Content-Length", str(len(body)))
        to.end_headers()
        size = -(-len(body) // PIECES) if pause else len(body)
        for start in range(0, len(body), size):
            time.sleep(pause)
            to.wfile.write(body[start : start + size])

    return reply


def redirecting(to: BaseHTTPRequestHandler) -> None:
    """A reply of 302."""
    to.send_response(302)
    to.send_header("Location", "/other")
    to.send_header("Content-Length", "0")
    to.end_headers()


def test_a_sound_reply_is_read_whole() -> None:
    with somebody(saying(b'[{"result": "' + b"v" * 100_000 + b'"}]')) as (redis, _):
        assert redis.pipeline([["GET", "k"]]) == ["v" * 100_000]


def test_a_reply_without_end_is_cut_off() -> None:
    body = b'[{"result": "' + b"v" * MAX_REPLY_BYTES + b'"}]'
    with somebody(saying(body)) as (redis, _):
        assert redis.pipeline([["GET", "k"]]) is None


def test_a_reply_that_trickles_in_is_given_up() -> None:
    body = b'[{"result": "a value that comes late"}]'
    with somebody(saying(body, pause=3 * TIMEOUT_SECONDS / PIECES)) as (redis, _):
        assert redis.pipeline([["GET", "k"]]) is None


def test_json_nested_without_end_is_an_absence() -> None:
    with somebody(saying(b"[" * 100_000)) as (redis, _):
        assert redis.pipeline([["GET", "k"]]) is None


def test_redirects_are_not_followed() -> None:
    with somebody(redirecting) as (redis, asked):
        assert redis.pipeline([["GET", "k"]]) is None
    assert asked == ["/pipeline"]
