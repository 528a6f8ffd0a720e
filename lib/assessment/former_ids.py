"""Ids of older deployments, which may be any text, as the UUIDs that the upgrade gave them."""

import hashlib
import re
from contextlib import suppress
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator

Kind = Literal["pool", "session", "answer", "proficiency"]
MAX_LENGTH = 200
"""Length up to which a text may be an id."""
_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def former_id(kind: Kind, text: str) -> UUID:
    """Return the UUID of an id: itself if it is one, else the one that is made from its text.

    `assessment.fixed_uuid` of sql/assessment/schema/normalize_older_tables.sql does the same.
    """
    if _UUID.fullmatch(text.strip()):
        return UUID(text.strip())
    digest = hashlib.sha256(f"{kind}:{text}".encode()).digest()
    return UUID(bytes=digest[:16])


def _read(kind: Kind) -> BeforeValidator:
    def read(value: Any) -> Any:
        if (
            not isinstance(value, str)
            or not 0 < len(value) <= MAX_LENGTH
            or not value.isprintable()
        ):
            return value
        with suppress(ValueError):
            return UUID(value)  # in any spelling, such as a URN
        return former_id(kind, value)

    return BeforeValidator(read)


SessionUuid = Annotated[UUID, _read("session")]
"""Id of a session; a text that is no UUID stands for a session of an older deployment."""
PoolUuid = Annotated[UUID, _read("pool")]
"""Id of a pool; a text that is no UUID stands for a pool of an older deployment."""
