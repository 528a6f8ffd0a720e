"""What must never be read in a log."""

import json

import pytest

from lib.logs import log

CANARIES = [
    "ann@example.com",
    "ws_1700000000000_" + "ab12" * 16,
    "sk-proj-CANARY0123456789",
    "0123456789abcdef" * 4,
    "hunter2-in-a-url",
]


def test_secrets_and_people_are_masked_in_every_shape(capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        "ann@example.com used ws_1700000000000_" + "ab12" * 16 + " and sk-proj-CANARY0123456789, "
        f"key {'0123456789abcdef' * 4}, postgres://u:hunter2-in-a-url@db/x"
    )
    log("test", note=text, nested={"list": [text]}, error=ValueError(text))
    log("test", adminPassword="plain words", session_token="t", openai_api_key="k")
    written = capsys.readouterr().err
    assert not [canary for canary in CANARIES if canary in written]
    assert "plain words" not in written
    assert written.count("email:") == 3, "masked people can still be told apart"


def test_a_line_break_in_a_value_forges_no_second_line(capsys: pytest.CaptureFixture[str]) -> None:
    log("test", note='x\r\n{"event": "forged"}')
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["note"] == 'x\r\n{"event": "forged"}'
