"""Types and limits of the request fields that the workshop's pages send.

Existing pages also send unknown fields; these are ignored and never stored, except flags of the
session's course. Secrets are removed from texts here, before they reach other code.
"""

import math
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from lib.text.redaction import holds_secret, redact, redact_text
from lib.web.wire import as_utc, blank_is_none, utc_text
from lib.workshop.emails import normalized_email

MAX_STEPS = 50
"""Maximum number of steps of a course."""
MAX_SECONDS_PER_REPORT = 30 * 24 * 3600
"""30 days; a larger number comes from a page that counts milliseconds."""
TIMES_IN_JSON = frozenset({"timestamp", "lastAttempt", "reportedAt"})
"""Members of exercises and bug reports that hold a time."""
MAX_TEXT_LENGTH = 5000
"""Maximum number of characters of a text that a student writes."""


def _round_number(value: Any) -> Any:
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "Input should be a number")
    return round(value) if isinstance(value, float) and math.isfinite(value) else value


def parse_timestamp(text: str | None) -> datetime | None:
    """Parse an ISO 8601 timestamp, in UTC unless it has an offset; return None if it is invalid."""
    try:
        return as_utc(datetime.fromisoformat(text or ""))
    except ValueError:
        return None


def times_in_utc(value: Any) -> Any:
    """Return stored JSON with its times in UTC; a time without an offset is UTC."""
    if isinstance(value, list):
        return [times_in_utc(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _in_utc(part) if key in TIMES_IN_JSON else times_in_utc(part)
        for key, part in value.items()
    }


def _in_utc(value: Any) -> Any:
    if not isinstance(value, str) or value.endswith("Z"):
        return value
    timestamp = parse_timestamp(value)
    return value if timestamp is None else utc_text(timestamp)


_NO = frozenset({"", "0", "false", "f", "no", "n", "off", "null", "undefined", "nan"})
_YES = frozenset({"1", "true", "t", "yes", "y", "on"})


def _truthy(value: Any) -> Any:
    """Return whether JavaScript counts a value as true.

    A text such as "false" or "yes" counts as the value that it names; any other text is
    returned without surrounding blanks.
    """
    if not isinstance(value, str):
        return isinstance(value, list | dict) or bool(value)
    text = value.strip()
    if text.lower() in _NO:
        return False
    if len(text) > MAX_TEXT_LENGTH or "\0" in text:
        raise PydanticCustomError("text", "Texts have at most 5,000 characters")
    return True if text.lower() in _YES else text


def _refuse_secret(text: str) -> str:
    """Refuse a text with secrets; redacting an e-mail or token would turn it into another one."""
    if holds_secret(text):
        raise PydanticCustomError("secret", "Must not be an API key or another secret")
    return text


def _array_or_object(value: Any) -> Any:
    """Return the value; the union of both types would report an error for each of them."""
    if isinstance(value, list | dict):
        return value
    raise PydanticCustomError("list_or_object", "Input should be a list or an object")


def _normalize_email(value: Any) -> Any:
    # A secret is recognized by its format, which normalization changes.
    return normalized_email(_refuse_secret(value)) if isinstance(value, str) else value


_Optional = BeforeValidator(blank_is_none)
Redacted = AfterValidator(redact_text)
NoSecret = AfterValidator(_refuse_secret)
_Rounded = BeforeValidator(_round_number)


def _text(max_length: int) -> Any:
    return StringConstraints(max_length=max_length, pattern=r"^[^\x00]*$")


SessionToken = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^(ws_[!-~]+|[!-~]{10,})$"), NoSecret
]
"""A token made by `new_session_token` or by an older page. One without the prefix ws_ needs 10
characters, so that "null" and "undefined" from a faulty page do not become a shared session."""
ConfigToken = Annotated[
    str, StringConstraints(min_length=10, max_length=200, pattern=r"^[!-~]+$"), NoSecret
]
"""A session token for the configuration endpoints, whose documented minimum is 10 characters."""
AnyToken = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
"""A token to look up; tokens of older databases follow no rule."""
Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$"),
    BeforeValidator(_normalize_email),
    NoSecret,
]
StoredJson = Annotated[Any, AfterValidator(times_in_utc)]
"""Stored exercises or bug reports, whose times become UTC."""
OptionalEmail = Annotated[Email | None, _Optional]
JsonArrayOrObject = Annotated[
    list[Any] | dict[str, Any], BeforeValidator(_array_or_object), AfterValidator(redact)
]
"""JSON of whatever structure the page sends, without secrets."""
JsonObject = Annotated[dict[str, Any], AfterValidator(redact)]
ShortText = Annotated[Annotated[str, _text(200), Redacted] | None, _Optional]
Text = Annotated[str, _text(MAX_TEXT_LENGTH), Redacted]
Completed = Annotated[bool | str, BeforeValidator(_truthy), AfterValidator(redact)]
"""Whether something was completed. Live pages send values of any type, such as a text."""
Url = Annotated[str, _text(2000), Redacted]
OptionalUrl = Annotated[Url | None, _Optional]
Code = Annotated[Annotated[str, _text(50_000), Redacted] | None, _Optional]
GithubName = Annotated[
    Annotated[
        str,
        StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00]*$"),
        Redacted,
    ]
    | None,
    _Optional,
]
Secret = Annotated[
    Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] | None, _Optional
]
"""An API key or the like. Blank counts as left out, since forms cannot show the stored key."""
CourseId = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
OptionalCourseId = Annotated[CourseId | None, _Optional]
StepNumber = Annotated[int, _Rounded, Field(ge=0, le=MAX_STEPS)]
CurrentStep = Annotated[int, _Rounded, Field(ge=0, le=MAX_STEPS)]
Seconds = Annotated[int, _Rounded, Field(ge=0, le=MAX_SECONDS_PER_REPORT)]
Attempts = Annotated[int, _Rounded, Field(ge=0, le=1000)]
