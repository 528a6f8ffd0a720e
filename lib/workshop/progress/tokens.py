"""Session tokens: a millisecond for the eye, 256 random bits for safety."""

import secrets
from datetime import datetime

RANDOM_BYTES = 32


def new_session_token(now: datetime) -> str:
    """`ws_<milliseconds since 1970>_<64 hexadecimal digits>`."""
    return f"ws_{int(now.timestamp() * 1000)}_{secrets.token_hex(RANDOM_BYTES)}"
