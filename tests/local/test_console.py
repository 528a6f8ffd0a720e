"""Lines on the console of `make dev`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib.logs import install_writer, log, write_json
from local import console

SESSION = "5e9d0000-0000-4000-8000-000000000001"
TOKEN = "ws_1700000000000_" + "ab12" * 16
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _on_the_console() -> Iterator[None]:
    install_writer(console.write)
    yield
    install_writer(write_json)


def log_request(path: str, route: str | None = None) -> None:
    fields = {"method": "POST", "route": route, "status": 200, "milliseconds": 31.6}
    log("request", details={"path": path}, request="a" * 32, **fields)


def test_a_request_is_one_line_with_its_route(capsys: pytest.CaptureFixture[str]) -> None:
    log_request("/api/test/start", "/api/test/start")
    log_request("/api/student/ann/history", "/api/student/{student_id}/history")
    assert capsys.readouterr().err.splitlines() == [
        "POST /api/test/start 200 32 ms",
        "POST /api/student/{student_id}/history 200 32 ms",
    ]


@pytest.mark.parametrize(
    ("path", "logged_path"),
    [
        ("/api/test/strat", "/api/test/strat"),
        (f"/api/test/status/{SESSION}/", "/api/test/status/(hidden)/"),
        (
            f"/api/admin-migrate-to-unified-schemas/{'Ab-' * 11}/x",
            "/api/admin-migrate-to-unified-schemas/(hidden)/x",
        ),
        ("/x/0123456789abcdef0123456789abcde", "/x/0123456789abcdef0123456789abcde"),
        ("/x/0123456789abcdef0123456789abcdef", "/x/(hidden)"),
        ("/x\n\x1b[2JPOST /forged", r"/x\n\x1b[2JPOST /forged"),
    ],
)
def test_path_without_a_route_is_shown_with_ids_and_secrets_hidden(
    path: str, logged_path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log_request(path)
    assert capsys.readouterr().err == f"POST {logged_path} 200 32 ms\n"


def test_no_e_mail_or_token_of_a_path_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    log_request(f"/x/ann@example.com/{TOKEN}/sk-proj-CANARY0123456789")
    output = capsys.readouterr().err
    assert output.startswith("POST /x/email:")
    assert not [text for text in ("ann", "ws_17", "ab12", "CANARY") if text in output]


def test_other_events_are_short_text(capsys: pytest.CaptureFixture[str]) -> None:
    log("sessions_expired", count=3, idle_minutes=30)
    log("redis_unavailable", kind="Timeout", constraint=None, reason="away\nGET /forged")
    log("pool_calibrated", items=[1, 2], adminPassword="plain")
    log("started")
    assert capsys.readouterr().err.splitlines() == [
        "Sessions expired: count 3, idle_minutes 30",
        r"Redis unavailable: kind Timeout, reason away\nGET /forged",
        "Pool calibrated: items [1, 2], adminPassword (hidden)",
        "Started",
    ]


def fail_in_a_package() -> None:
    try:
        json.loads("ann@example.com")
    except ValueError as error:
        raise RuntimeError(f"cannot read ann@example.com\nPOST /forged 200 1 ms {TOKEN}") from error


def test_unforeseen_error_is_shown_with_its_masked_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(RuntimeError) as raised:
        fail_in_a_package()
    details = {"error": raised.value}
    log("unforeseen", details=details, request="abc", kind="RuntimeError", at="lib/x.py:1")
    first_line, *trace = capsys.readouterr().err.splitlines()
    assert first_line == "Unforeseen RuntimeError at lib/x.py:1, request abc:"
    text = "\n".join(trace)
    assert "json.decoder.JSONDecodeError: Expecting value" in text, "the cause is shown, too"
    assert "in raw_decode" in text, "package frames after our last frame stay"
    assert "RuntimeError: cannot read email:" in text
    assert any(line.startswith("    POST /forged 200 1 ms session:") for line in trace)
    assert all(line.startswith("    ") for line in trace), "no line can be mistaken for a log line"
    assert not [secret for secret in ("ann@", "ws_17", "ab12") if secret in text]


def test_frames_of_packages_between_ours_are_left_out() -> None:
    def fail_in_our_code(_match: object) -> str:
        raise RuntimeError

    with pytest.raises(RuntimeError) as raised:
        json.loads("[1]", parse_int=fail_in_our_code)
    text = console.format_traceback(raised.value)
    assert text.count(f'File "{ROOT}') == 2
    assert "json/decoder.py" not in text
