"""The fields of requests: what the workshop's pages may send, and its bounds.

Fields we do not know are ignored and never stored: the pages that exist send some.
"""

import math
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from lib.web.wire import blank_is_none

STEPS = 9
MAX_SECONDS_PER_REPORT = 30 * 24 * 3600
"""30 days: more is a clock in milliseconds."""


def _whole(value: Any) -> Any:
    """Round a number of seconds; a boolean is no number."""
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "Input should be a number")
    return round(value) if isinstance(value, float) and math.isfinite(value) else value


def utc_moment(text: str | None) -> datetime | None:
    """A timestamp without a zone means UTC; None if it is no date."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_Optional = BeforeValidator(blank_is_none)
_Whole = BeforeValidator(_whole)


def _text(limit: int) -> Any:
    return StringConstraints(max_length=limit, pattern=r"^[^\x00]*$")


SessionToken = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^(ws_[!-~]+|[!-~]{10,})$")
]
"""A credential, as `new_session_token` makes it or an older page did. What does not begin with ws_
has 10 characters or more, so that "null" and "undefined" of a page gone wrong are no session that
its students share."""
ConfigToken = Annotated[str, StringConstraints(min_length=10, max_length=200, pattern=r"^[!-~]+$")]
"""The same where a configuration hangs on it; the pages know this bound."""
AnyToken = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
"""To look up what is there: tokens of older databases keep no rule."""
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$"
    ),
]
OptionalEmail = Annotated[Email | None, _Optional]
ShortText = Annotated[Annotated[str, _text(200)] | None, _Optional]
Text = Annotated[str, _text(5000)]
Url = Annotated[str, _text(2000)]
OptionalUrl = Annotated[Url | None, _Optional]
Code = Annotated[Annotated[str, _text(50_000)] | None, _Optional]
StepNumber = Annotated[int, _Whole, Field(ge=1, le=STEPS)]
CurrentStep = Annotated[int, _Whole, Field(ge=0, le=STEPS)]
Seconds = Annotated[int, _Whole, Field(ge=0, le=MAX_SECONDS_PER_REPORT)]
Attempts = Annotated[int, _Whole, Field(ge=0, le=1000)]
