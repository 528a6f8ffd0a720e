"""Logs never contain secrets or personal data."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from lib.database.queries import load_script
from lib.logs import install_writer, log, place, write_json

ROOT = Path(__file__).parents[2]

CANARIES = [
    "ann@example.com",
    "ws_1700000000000_" + "ab12" * 16,
    "sk-proj-CANARY0123456789",
    "0123456789abcdef" * 4,
    "hunter2-in-a-url",
]


def test_secrets_and_personal_data_are_masked_in_every_shape(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = (
        "ann@example.com used ws_1700000000000_" + "ab12" * 16 + " and sk-proj-CANARY0123456789, "
        f"key {'0123456789abcdef' * 4}, postgres://u:hunter2-in-a-url@db/x"
    )
    log("test", note=text, nested={"list": [text]}, error=ValueError(text))
    log("test", adminPassword="plain words", session_token="t", openai_api_key="k")
    log_text = capsys.readouterr().err
    assert not [canary for canary in CANARIES if canary in log_text]
    assert "plain words" not in log_text
    assert log_text.count("email:") == 3, "a masked e-mail is still recognizable as one"


def test_a_line_break_in_a_value_forges_no_second_line(capsys: pytest.CaptureFixture[str]) -> None:
    log("test", note='x\r\n{"event": "forged"}')
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["note"] == 'x\r\n{"event": "forged"}'


def test_details_stay_out_of_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    log("test", details={"error": ValueError("canary"), "path": "/canary"}, count=1)
    line = json.loads(capsys.readouterr().err)
    assert {**line, "time": ""} == {"time": "", "event": "test", "count": 1}


def test_another_writer_gets_masked_fields_too() -> None:
    calls = []

    def write(event: str, fields: Mapping[str, object], details: Mapping[str, object]) -> None:
        calls.append((event, dict(fields), dict(details)))

    install_writer(write)
    try:
        log("test", details={"path": "/x"}, adminPassword="plain words", note=CANARIES[2])
    finally:
        install_writer(write_json)
    fields = {"adminPassword": "(hidden)", "note": "(hidden)"}
    assert calls == [("test", fields, {"path": "/x"})]


def test_place_of_an_error_is_the_last_line_of_our_code() -> None:
    with pytest.raises(FileNotFoundError) as raised:
        load_script("no-such-script.sql")
    match = re.fullmatch(r"(lib/[\w/]*queries\.py):(\d+)", place(raised.value))
    assert match is not None, place(raised.value)
    assert "read_text" in (ROOT / match[1]).read_text().splitlines()[int(match[2]) - 1]


def test_place_of_code_that_cannot_be_parsed_is_its_own_line() -> None:
    with pytest.raises(SyntaxError) as raised:
        compile("x = 1\nno Python", str(ROOT / "api" / "broken.py"), "exec")
    assert place(raised.value) == "api/broken.py:2"


def test_place_of_an_error_outside_our_code_is_where_it_was_raised() -> None:
    with pytest.raises(json.JSONDecodeError) as raised:
        json.loads("{")
    assert re.fullmatch(r"decoder\.py:\d+", place(raised.value))
    assert place(ValueError("never raised")) == "unknown"
