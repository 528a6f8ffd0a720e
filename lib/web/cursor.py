"""Cursors of paged lists: the sort key of the last row of a page, opaque to callers.

Every paged list has the same parameters: `limit`, and `cursor` with the `next_cursor`
(`nextCursor`) of the page before; the last page has none.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field

from lib.errors import InvalidCursor, JsonRefused, NotJson
from lib.web import strict_json

MAX_LENGTH = 24_000
"""Maximum length of a cursor: a sort key may contain a migrated session token of up to 2,600 bytes,
and JSON may escape each byte as six characters."""

Cursor = Annotated[
    str | None,
    Field(max_length=MAX_LENGTH, description="Cursor that the previous page returned."),
]


def write(*key: object) -> str:
    """Return the cursor of a row with this sort key."""
    text = json.dumps(key, default=str, ensure_ascii=False)
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(cursor: str, *kinds: Callable[[Any], Any]) -> list[Any]:
    """Return the sort key in a cursor.

    Args:
        cursor: Cursor from a request, which may be any text.
        kinds: For each part of the key, a function that converts it or raises ValueError.

    Raises:
        InvalidCursor: If it is not a cursor of such a key.
    """
    try:
        key = strict_json.parse(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return [kind(part) for kind, part in zip(kinds, key, strict=True)]
    except (ValueError, TypeError, AttributeError, JsonRefused, NotJson) as error:
        raise InvalidCursor from error
