"""Session tokens: the time in milliseconds, and 256 random bits."""

import secrets
from datetime import datetime

from lib.deps import Deps
from lib.workshop.errors import TokenTooShort
from lib.workshop.progress import store

RANDOM_BYTES = 32
MINIMUM_LENGTH = 32
"""Characters of the shortest token under which a deployment begins a session."""


def new_session_token(now: datetime) -> str:
    """Return `ws_<milliseconds since 1970>_<64 hexadecimal digits>`."""
    return f"ws_{int(now.timestamp() * 1000)}_{secrets.token_hex(RANDOM_BYTES)}"


def refuse_short_token(session_token: str, deps: Deps) -> None:
    """In a deployment, refuse to begin a session under a token that could be guessed.

    Existing sessions may have shorter tokens, so a short token costs one more query.

    Raises:
        TokenTooShort: If the token is too short and no session has it.
    """
    if (
        deps.settings.deployed
        and len(session_token) < MINIMUM_LENGTH
        and store.load_session(deps.postgres, session_token) is None
    ):
        raise TokenTooShort(minimum=MINIMUM_LENGTH)
