"""Strict JSON: RFC 8259 without anything that another parser could read differently."""

import codecs
import json
import math
import re
from collections import Counter
from typing import Any

from lib.errors import JsonRefused, NotJson
from lib.logs import shown_name

MAX_DEPTH = 32
# Postgres can store neither \u0000 nor lone surrogates; they can only arrive as escapes.
_SUSPECT_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),  # begins with the mark of UTF-16
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def parse(raw: bytes) -> Any:
    """Parse a body; a byte order mark before it is ignored.

    Raises:
        NotJson: If it is not JSON in UTF-8.
        JsonRefused: If it contains NaN, infinities, duplicate keys, more than 32 levels, numbers
            that are too large or have thousands of digits, NUL characters or lone surrogates.
    """
    try:
        value = json.loads(
            _text(raw),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise NotJson(reason=_place(error)) from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise JsonRefused(reason="The body contains a number with too many digits.") from error
    _check_depth(value)
    if _SUSPECT_ESCAPE.search(raw):
        _check_text(value)
    return value


def _text(raw: bytes) -> str:
    raw = raw.removeprefix(codecs.BOM_UTF8)
    if encoding := _other_encoding(raw):
        raise NotJson(reason=f"it is {encoding}; send it as UTF-8")
    return raw.decode("utf-8")


def _other_encoding(raw: bytes) -> str | None:
    """Return UTF-16 or UTF-32 if the body has its mark, or a NUL in its first character."""
    encoding = next((name for mark, name in _OTHER_ENCODINGS if raw.startswith(mark)), None)
    if encoding or b"\0" not in raw[:2]:
        return encoding
    return "UTF-32" if raw[:4].count(0) > 2 else "UTF-16"  # noqa: PLR2004 of 4 bytes


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        repeated_name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise JsonRefused(
            reason="The body contains an object with the same key twice.",
            fields=(shown_name(repeated_name),),
        )
    return members


def _refuse_constant(name: str) -> Any:
    raise JsonRefused(reason=f"The body contains {name}, which is not a JSON number.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise JsonRefused(reason="The body contains a number that is too large.")
    return number


def _place(error: json.JSONDecodeError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    return f"{error.msg} at line {error.lineno}, column {error.colno}"


def _too_deep() -> JsonRefused:
    return JsonRefused(reason=f"The body is nested more than {MAX_DEPTH} levels deep.")


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level := [inner for inner in level if isinstance(inner, dict | list)]:
        depth += 1
        if depth > MAX_DEPTH:
            raise _too_deep()
        level = [part for inner in level for part in _parts(inner)]


def _parts(container: dict[str, Any] | list[Any]) -> list[Any]:
    return list(container.values()) if isinstance(container, dict) else container


def _check_text(value: Any) -> None:
    waiting = [("", value)]
    while waiting:
        path, part = waiting.pop()
        if isinstance(part, str):
            _check_string(part, path)
        elif isinstance(part, dict):
            for key, member in part.items():
                name = f"{path}.{key}".lstrip(".")
                _check_string(key, name)
                waiting.append((name, member))
        elif isinstance(part, list):
            waiting += [(f"{path}[{number}]", member) for number, member in enumerate(part)]


def _check_string(text: str, path: str) -> None:
    fields = (shown_name(path) or "body",)
    if "\0" in text:
        raise JsonRefused(reason="The body contains a NUL character.", fields=fields)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        reason = "The body contains half of a surrogate pair."
        raise JsonRefused(reason=reason, fields=fields) from error
