"""Session tokens: the time in milliseconds, and 256 random bits."""

import secrets
from datetime import datetime

RANDOM_BYTES = 32


def new_session_token(now: datetime) -> str:
    """Return `ws_<milliseconds since 1970>_<64 hexadecimal digits>`."""
    return f"ws_{int(now.timestamp() * 1000)}_{secrets.token_hex(RANDOM_BYTES)}"
