"""Redaction of API keys in text: error messages quote them, and legacy rows hold them anywhere."""

import re
from typing import Any

# Legacy rows hold JSON as text, so a key may directly follow an escape sequence.
_API_KEY = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{4}))sk-[\w-]{8,}")
REDACTED = "[API key removed]"


def redact_api_keys(value: Any) -> Any:
    """Return a JSON value with every API key replaced, in the names of members too."""
    if isinstance(value, str):
        return _API_KEY.sub(REDACTED, value)
    if isinstance(value, list):
        return [redact_api_keys(item) for item in value]
    if isinstance(value, dict):
        return {redact_api_keys(name): redact_api_keys(item) for name, item in value.items()}
    return value
