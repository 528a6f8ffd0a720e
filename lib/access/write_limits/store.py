"""The statement that counts writes."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from lib.database.queries import load_queries
from lib.database.statements import Statement

_queries = load_queries("access/write_counts.sql")


def count_writes(
    writes: Mapping[str, int], limits: Sequence[int], now: datetime, ends_at: datetime
) -> Statement:
    """Return the statement that counts writes, and raises `write_limit` if there are too many.

    Args:
        writes: Number of writes by key, in hexadecimal digits.
        limits: Limit of each key.
        now: Time of the request.
        ends_at: End of the window.
    """
    params = {
        "keys": [bytes.fromhex(key) for key in writes],
        "writes": list(writes.values()),
        "limits": list(limits),
        "now": now,
        "ends_at": ends_at,
    }
    return Statement(_queries["count_writes"], params)
