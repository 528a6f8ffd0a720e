"""Ids of older deployments, which may be any text, as the UUIDs that the upgrade gave them."""

import hashlib
import re
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator

Kind = Literal["pool", "session", "answer", "proficiency"]
BLANKS = " \t\n\r\f\v"
"""Blanks around a UUID, which are ignored; in any other id they count."""
_UUID_PUNCTUATION = re.compile(r"urn:uuid:|[{}-]", re.IGNORECASE)
_DIGITS = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)


def fixed_uuid(kind: Kind, text: str) -> UUID:
    """Return an id as a UUID: a UUID in any spelling stays, any other text is hashed to one.

    `assessment.fixed_uuid` of sql/assessment/schema/normalize_older_tables.sql does the same.
    """
    digits = _UUID_PUNCTUATION.sub("", text.strip(BLANKS))
    if _DIGITS.fullmatch(digits):
        return UUID(digits)
    digest = hashlib.sha256(f"{kind}:{text}".encode()).digest()
    return UUID(bytes=digest[:16])


def _read(kind: Kind) -> BeforeValidator:
    def read(value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or "\0" in value:
            return value
        try:
            return fixed_uuid(kind, value)
        except UnicodeEncodeError:  # a lone surrogate
            return value

    return BeforeValidator(read)


SessionUuid = Annotated[UUID, _read("session")]
"""Id of a session; a text that is not a UUID stands for a session of an older deployment."""
PoolUuid = Annotated[UUID, _read("pool")]
"""Id of a pool; a text that is not a UUID stands for a pool of an older deployment."""
