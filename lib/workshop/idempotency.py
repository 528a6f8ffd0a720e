"""A repeated request is recognised by its key and by what it asks for."""

import hashlib
from dataclasses import dataclass
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel, StringConstraints

IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[!-~]+$")] | None,
    Header(
        alias="Idempotency-Key",
        description="Send the same key again with the same body and nothing happens twice. "
        "Remembered for 24 hours.",
    ),
]


@dataclass(frozen=True)
class Claim:
    """What `public.claim_key()` compares; neither the key nor the body is kept."""

    key_hash: bytes | None
    body_hash: bytes | None

    @classmethod
    def of(cls, key: str | None, endpoint: str, session_token: str, body: BaseModel) -> "Claim":
        """Hash a key within its endpoint and session, so that nobody meets another's key."""
        if key is None:
            return cls(None, None)
        return cls(_sha256(endpoint, session_token, key), _sha256(body.model_dump_json()))


def _sha256(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
