"""JSON bodies that are ambiguous, or that Postgres cannot store, are rejected."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import AppError, BadRequest, InvalidInput
from lib.web.strict_json import MAX_DEPTH, parse

REFUSED = [
    (b'{"n": NaN}', InvalidInput, "NaN"),
    (b'{"n": -Infinity}', InvalidInput, "Infinity"),
    (b'{"n": 1e999}', InvalidInput, "too large"),
    (b'{"n": ' + b"9" * 5000 + b"}", InvalidInput, "digits"),
    (b'{"a": 1, "a": 2}', InvalidInput, "same key twice"),
    (b'{"a": {"b": 1, "b": 1}}', InvalidInput, "same key twice"),
    (b'{"a": "x\\u0000"}', InvalidInput, "NUL"),
    (b'{"\\u0000": 1}', InvalidInput, "NUL"),
    (b'["\\ud800"]', InvalidInput, "surrogate"),
    (b'["\\udc00\\ud800"]', InvalidInput, "surrogate"),
    (b"[" * 2000 + b"]" * 2000, InvalidInput, "levels"),
    (b"[" * 200_000, InvalidInput, "levels"),
    (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), InvalidInput, "levels"),
    (b'{"a": 1', BadRequest, "line 1"),
    (b'{"a": "\x00"}', BadRequest, "line 1"),
    (b"\xff\xfe", BadRequest, "UTF-8"),
    (b"", BadRequest, "line 1"),
]


@pytest.mark.parametrize(("raw", "error", "reason"), REFUSED)
def test_ambiguous_or_unstorable_json_is_refused_with_its_reason(
    raw: bytes, error: type[AppError], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        parse(raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None),
        ('{"name": "Zoë 👩‍🔬"}'.encode(), {"name": "Zoë 👩‍🔬"}),
        (b'["\\ud83d\\ude00", "\\\\u0000"]', ["😀", "\\u0000"]),
        (b"[1, 2.5, true, null]", [1, 2.5, True, None]),
    ],
)
def test_valid_json_is_parsed_unchanged(raw: bytes, value: object) -> None:
    assert value is None or parse(raw) == value
    parse(raw)


@given(st.binary(max_size=80))
def test_any_bytes_give_a_value_or_our_error(raw: bytes) -> None:
    with suppress(BadRequest, InvalidInput):
        parse(raw)
