"""Strict JSON: RFC 8259 without anything that another parser could read differently."""

import json
import math
import re
from typing import Any

from lib.errors import BadRequest, InvalidInput

MAX_DEPTH = 32
# Postgres cannot store \u0000 and lone surrogates; they can only arrive as escapes.
_SUSPECT_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def parse(raw: bytes) -> Any:
    """Parse a body.

    Raises:
        BadRequest: If it is not JSON in UTF-8.
        InvalidInput: If it contains NaN, infinities, duplicate keys, more than 32 levels, numbers
            of thousands of digits, NUL characters or lone surrogates.
    """
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadRequest(reason=f"The body is not JSON: {_place(error)}.") from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:
        raise InvalidInput(reason="The body contains a number with too many digits.") from error
    _check_depth(value)
    if _SUSPECT_ESCAPE.search(raw):
        _check_text(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidInput(reason="The body contains an object with the same key twice.")
    return members


def _refuse_constant(name: str) -> Any:
    raise InvalidInput(reason=f"The body contains {name}, which is not a JSON number.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InvalidInput(reason="The body contains a number that is too large.")
    return number


def _place(error: json.JSONDecodeError | UnicodeDecodeError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    return f"{error.msg} at line {error.lineno}, column {error.colno}"


def _too_deep() -> InvalidInput:
    return InvalidInput(reason=f"The body is nested more than {MAX_DEPTH} levels deep.")


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
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            _check_string(part)
        elif isinstance(part, dict):
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            waiting += part


def _check_string(text: str) -> None:
    if "\0" in text:
        raise InvalidInput(reason="The body contains a NUL character.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidInput(reason="The body contains half of a surrogate pair.") from error
