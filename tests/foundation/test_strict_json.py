"""JSON bodies that are ambiguous, or that Postgres cannot store, are rejected."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import AppError, JsonRefused, NotJson
from lib.logs import MAX_NAME_LENGTH
from lib.web.strict_json import MAX_DEPTH, parse

REFUSED = [
    (b'{"n": NaN}', JsonRefused, "NaN"),
    (b'{"n": -Infinity}', JsonRefused, "Infinity"),
    (b'{"n": 1e999}', JsonRefused, "too large"),
    (b'{"n": ' + b"9" * 5000 + b"}", JsonRefused, "digits"),
    (b'{"a": 1, "a": 2}', JsonRefused, "same key twice"),
    (b'{"a": {"b": 1, "b": 1}}', JsonRefused, "same key twice"),
    (b'{"a": "x\\u0000"}', JsonRefused, "NUL"),
    (b'{"\\u0000": 1}', JsonRefused, "NUL"),
    (b'["\\ud800"]', JsonRefused, "surrogate"),
    (b'["\\udc00\\ud800"]', JsonRefused, "surrogate"),
    (b"[" * 2000 + b"]" * 2000, JsonRefused, "levels"),
    (b"[" * 200_000, JsonRefused, "levels"),
    (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), JsonRefused, "levels"),
    (b'{"a": 1', NotJson, "line 1"),
    (b'{"a": "\x00"}', NotJson, "line 1"),
    (b"\xff\xff", NotJson, "byte 0 is not UTF-8"),
    (b"", NotJson, "line 1"),
]


@pytest.mark.parametrize(("raw", "error", "reason"), REFUSED)
def test_ambiguous_or_unstorable_json_is_refused_with_its_reason(
    raw: bytes, error: type[AppError], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        parse(raw)


ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("text", ['{"a": 1}', "[]"])
def test_other_encodings_are_named(encoding: str, text: str) -> None:
    name = encoding.upper()[:6]
    with pytest.raises(NotJson, match=f"it is {name}; send it as UTF-8"):
        parse(text.encode(encoding))
    with pytest.raises(NotJson, match=f"it is {name}; send it as UTF-8"):
        parse(("\ufeff" + text).encode(encoding))


def test_byte_order_mark_is_ignored_once() -> None:
    assert parse(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}
    with pytest.raises(NotJson, match="line 1"):
        parse(b'\xef\xbb\xbf\xef\xbb\xbf{"a": 1}')


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b'{"a": {"b": 1, "c": 2, "b": 1}}', "b"),
        (b'{"\\ud800": 1, "\\ud800": 1}', "?"),
        (b'{"' + b"x" * 900 + b'": 1, "' + b"x" * 900 + b'": 2}', "x" * MAX_NAME_LENGTH),
        (b'{"a": [{"b": "x\\u0000"}]}', "a[0].b"),
        (b'["x", "\\ud800"]', "[1]"),
        (b'"\\u0000"', "body"),
        (b'{"n": NaN}', "body"),
        (b"{", "body"),
    ],
)
def test_error_names_the_field_if_it_is_known(raw: bytes, field: str) -> None:
    with pytest.raises(AppError) as raised:
        parse(raw)
    assert raised.value.fields == (field,)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"[" * MAX_DEPTH + b"]" * MAX_DEPTH, None),  # parsed, but not compared
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
    with suppress(NotJson, JsonRefused):
        parse(raw)
