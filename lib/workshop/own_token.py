"""Removal of session tokens from data that pages send, such as the address of the page."""

import json
import re
from typing import Any

from lib.text.redaction import REDACTED

_TOKEN = re.compile(r"ws_\d{10,}_[0-9A-Za-z]{16,}")
MIN_LENGTH = 10
"""Length of the shortest token to remove; tokens of older databases may be short, common words."""


def without_tokens(value: Any, session_token: str | None) -> Any:
    """Return a JSON value without this session's token and without texts in the form of a token.

    A token would give readers of a bug report or an event the credential of a session.
    """
    text = _TOKEN.sub(REDACTED, json.dumps(value, ensure_ascii=False))
    if session_token is not None and len(session_token) >= MIN_LENGTH:
        text = text.replace(json.dumps(session_token, ensure_ascii=False)[1:-1], REDACTED)
    return json.loads(text)
