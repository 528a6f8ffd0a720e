"""Arbitrary replies from the address of Redis: each is read within limits, or gives None."""

import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lib.redis_rest import MAX_REPLY_BYTES, TIMEOUT_SECONDS, RedisRest

PIECES = 20
"""Maximum number of pieces of a slow reply, each of which arrives within the timeout."""
CALLS_BEFORE_CLOSE = 3
Reply = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    request_queue_size = 64


@contextmanager
def running_server(
    reply: Reply, tls: ssl.SSLContext | None = None
) -> Iterator[tuple[RedisRest, list[str]]]:
    """Yield a client of a server that sends this reply, and the paths that it requests."""
    requested_paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            requested_paths.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            with suppress(OSError):  # the client closes the connection when it gives up
                reply(self)

        def log_message(self, *_: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"{'https' if tls else 'http'}://localhost:{server.server_port}"
        with closing(RedisRest(url, "t", cooldown_seconds=0)) as redis:
            yield redis, requested_paths
        server.shutdown()


def body_reply(body: bytes, *, pause: float = 0.0) -> Reply:
    """Return a reply with status 200: at once, or in up to PIECES pieces, each after a pause."""

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


def test_large_valid_reply_is_read_completely() -> None:
    with running_server(body_reply(b'[{"result": "' + b"v" * 100_000 + b'"}]')) as (redis, _):
        assert redis.pipeline([["GET", "k"]]) == ["v" * 100_000]


def test_reply_above_the_size_limit_returns_none() -> None:
    body = b'[{"result": "' + b"v" * MAX_REPLY_BYTES + b'"}]'
    with running_server(body_reply(body)) as (redis, _):
        assert redis.pipeline([["GET", "k"]]) is None


def test_reply_that_arrives_too_slowly_returns_none() -> None:
    body = b'[{"result": "a value that comes late"}]'
    with running_server(body_reply(body, pause=3 * TIMEOUT_SECONDS / PIECES)) as (redis, _):
        assert redis.pipeline([["GET", "k"]]) is None


def test_deeply_nested_json_returns_none() -> None:
    with running_server(body_reply(b"[" * 100_000)) as (redis, _):
        assert redis.pipeline([["GET", "k"]]) is None


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"{}",
        b'{"result": 1}',
        b"5",
        b'"ab"',
        b"[]",
        b"[null, null]",
        b"[{}, {}]",
        b'[{"result": 1}]',
        b'[{"result": 1}, {"result": 2}, {"result": 3}]',
        b"\xff",
        b"",
    ],
)
def test_reply_of_another_shape_returns_none(body: bytes) -> None:
    with running_server(body_reply(body)) as (redis, _):
        assert redis.pipeline([["GET", "k"], ["GET", "l"]]) is None


def test_reply_shorter_than_its_length_returns_none() -> None:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        body = b'[{"result": "v"}]'
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body) + 1))
        handler.end_headers()
        handler.wfile.write(body)
        handler.close_connection = True

    with running_server(reply) as (redis, _):
        assert redis.pipeline([["GET", "k"]]) is None


def test_reply_in_chunks_is_read_completely() -> None:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for part in (b'[{"resu', b'lt": "v"}]', b""):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))

    with running_server(reply) as (redis, _):
        for _ in range(2):
            assert redis.pipeline([["GET", "k"]]) == ["v"]


def test_connection_is_kept_until_the_server_closes_it() -> None:
    ports: list[int] = []

    def reply(handler: BaseHTTPRequestHandler) -> None:
        ports.append(handler.client_address[1])
        body_reply(b'[{"result": "v"}]')(handler)
        handler.close_connection = len(ports) == CALLS_BEFORE_CLOSE

    with running_server(reply) as (redis, _):
        for n in range(5):
            assert redis.pipeline([["GET", "k"]]) == ["v"], n
            time.sleep(0.1)  # the server's close arrives
    assert len(set(ports[:CALLS_BEFORE_CLOSE])) == 1
    assert len(set(ports[CALLS_BEFORE_CLOSE:])) == 1
    assert len(set(ports)) == 2, "a closed connection is replaced before a command is sent"


@pytest.mark.parametrize("url", ["http://host:port", "http://[::1", "no address", "", "http://\0"])
def test_malformed_address_returns_none(url: str) -> None:
    with closing(RedisRest(url, "t")) as redis:
        assert redis.pipeline([["GET", "k"]]) is None


def test_many_calls_at_once_do_not_wait_for_each_other() -> None:
    slow = body_reply(b'[{"result": "v"}]', pause=0.3 * TIMEOUT_SECONDS / PIECES)
    with running_server(slow) as (redis, _), ThreadPoolExecutor(20) as threads:
        results = list(threads.map(lambda _: redis.pipeline([["GET", "k"]]), range(20)))
    assert results == [["v"]] * 20


def test_redirects_are_not_followed() -> None:
    with running_server(redirect_reply) as (redis, requested_paths):
        assert redis.pipeline([["GET", "k"]]) is None
    assert requested_paths == ["/pipeline"]


def self_signed(folder: Path) -> ssl.SSLContext:
    """Return the TLS context of a server with a self-signed certificate for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "certificate.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_server_with_a_self_signed_certificate_gets_no_command(tmp_path: Path) -> None:
    tls = self_signed(tmp_path)
    with running_server(body_reply(b'[{"result": "v"}]'), tls) as (redis, paths):
        assert redis.pipeline([["GET", "k"]]) is None
    assert paths == []
