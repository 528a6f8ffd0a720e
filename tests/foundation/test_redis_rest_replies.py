"""Arbitrary replies from the address of Redis: each is bounded, or counts as no answer."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from lib.redis_rest import MAX_REPLY_BYTES, TIMEOUT_SECONDS, RedisRest

PIECES = 20
"""Number of pieces of a slow reply: each arrives in time, but all of them do not."""
Reply = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def running_server(reply: Reply) -> Iterator[tuple[RedisRest, list[str]]]:
    """Yield a client of a server with these replies, and the paths that are requested."""
    requested_paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requested_paths.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            with suppress(OSError):  # the client closes the connection when it gives up
                reply(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        with closing(RedisRest(url, "t", cooldown_seconds=0)) as redis:
            yield redis, requested_paths
        server.shutdown()


def body_reply(body: bytes, *, pause: float = 0.0) -> Reply:
    """Reply with 200, at once or in PIECES with a pause before each."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        size = -(-len(body) // PIECES) if pause else len(body)
        for start in range(0, len(body), size):
            time.sleep(pause)
            handler.wfile.write(body[start : start + size])

    return reply


def redirect_reply(handler: BaseHTTPRequestHandler) -> None:
    """Reply with 302."""
    handler.send_response(302)
    handler.send_header("Location", "/other")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def test_a_sound_reply_is_read_whole() -> None:
    with running_server(body_reply(b'[{"result": "' + b"v" * 100_000 + b'"}]')) as (redis, _):
        assert redis.pipeline([["GET", "k"]]) == ["v" * 100_000]


def test_a_reply_without_end_is_cut_off() -> None:
    body = b'[{"result": "' + b"v" * MAX_REPLY_BYTES + b'"}]'
    with running_server(body_reply(body)) as (redis, _):
        assert redis.pipeline([["GET", "k"]]) is None


def test_a_reply_that_trickles_in_is_given_up() -> None:
    body = b'[{"result": "a value that comes late"}]'
    with running_server(body_reply(body, pause=3 * TIMEOUT_SECONDS / PIECES)) as (redis, _):
        assert redis.pipeline([["GET", "k"]]) is None


def test_json_nested_without_end_is_an_absence() -> None:
    with running_server(body_reply(b"[" * 100_000)) as (redis, _):
        assert redis.pipeline([["GET", "k"]]) is None


def test_redirects_are_not_followed() -> None:
    with running_server(redirect_reply) as (redis, requested_paths):
        assert redis.pipeline([["GET", "k"]]) is None
    assert requested_paths == ["/pipeline"]
