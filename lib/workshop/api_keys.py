"""API keys where none belongs: error messages quote them, and older rows hold them in any field."""

import re
from typing import Any

# A key may follow an escaped character: older rows hold JSON as text.
_API_KEY = re.compile(r"(?:(?<![A-Za-z0-9])|(?<=\\[bfnrt])|(?<=\\u[0-9a-f]{4}))sk-[\w-]{8,}")
REMOVED = "[API key removed]"


def without_keys(value: Any) -> Any:
    """The same JSON value with every API key in it blanked, in the names of members too."""
    if isinstance(value, str):
        return _API_KEY.sub(REMOVED, value)
    if isinstance(value, list):
        return [without_keys(item) for item in value]
    if isinstance(value, dict):
        return {without_keys(name): without_keys(item) for name, item in value.items()}
    return value
