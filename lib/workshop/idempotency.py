"""Recognition of repeated requests by their Idempotency-Key and their body."""

import hashlib
from dataclasses import dataclass
from typing import Annotated

from pydantic import StringConstraints

from lib.framework import Header
from lib.web.wire import Body

IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[!-~]+$")] | None,
    Header(
        alias="Idempotency-Key",
        description="A request repeated with the same key and the same body changes nothing. Keys "
        "are remembered for 24 hours.",
    ),
]

_LATER_FIELDS = (
    "ai_model",
    "ai_temperature",
    "ci_service_sid",
    "conversation_states",
    "enable_persistent_memory",
    "memory_retention_days",
    "twilio_auth_token",
    "github_username",
    "twilio_account_sid",
    "course_id",
)
"""Fields that were added after the first version. Keys that it stored stay valid for 24 hours, so a
body without these fields must keep its hash."""


@dataclass(frozen=True)
class IdempotencyClaim:
    """The hashes that `public.claim_key()` compares; neither the key nor the body is stored."""

    key_hash: bytes | None
    body_hash: bytes | None

    @classmethod
    def from_request(
        cls, key: str | None, endpoint: str, session_token: str, body: Body
    ) -> "IdempotencyClaim":
        """Hash a key together with its endpoint and session, so that keys of others never match."""
        if key is None:
            return cls(key_hash=None, body_hash=None)
        return cls(
            key_hash=_sha256(endpoint, session_token, key),
            body_hash=_sha256(body.model_dump_json(exclude=_absent(body))),
        )


def _absent(body: Body) -> set[str]:
    """Return the fields of `_LATER_FIELDS` that were left out or null."""
    return {name for name in _LATER_FIELDS if getattr(body, name, None) is None}


def _sha256(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
