"""Ids derived from what they identify, so that they are the same everywhere."""

import hashlib
from uuid import UUID


def fixed_uuid(table: str, former_id: int) -> UUID:
    """Return the id of a row that was adopted from a database of the live system.

    `learning.fixed_uuid` of sql/learning/schema/fixed_ids.sql does the same.

    Args:
        table: Name of the live system's table, such as `users`.
        former_id: Id of the row there.
    """
    return uuid_of(f"{table}:{former_id}")


def uuid_of(text: str) -> UUID:
    """Return a UUID of version 8 that is made from the SHA-256 digest of a text."""
    digest = bytearray(hashlib.sha256(text.encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80  # version 8: made by an application's own rule
    digest[8] = digest[8] & 0x3F | 0x80  # variant of RFC 9562
    return UUID(bytes=bytes(digest))
