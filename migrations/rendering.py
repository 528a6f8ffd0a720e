"""Types and defaults as new revisions write them, so that they mean the same on both databases."""

from typing import Any, Literal

from sqlalchemy import ClauseElement, DefaultClause, false, func, true

from lib.learning.tables.base import UtcDateTime

_DEFAULTS = ((func.now(), "sa.func.now()"), (true(), "sa.true()"), (false(), "sa.false()"))
"""Defaults that each database writes in its own way."""


def render_item(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Return the Python text for a part of a revision; False leaves it to Alembic."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    argument = item.arg if isinstance(item, DefaultClause) else None
    if kind == "server_default" and isinstance(argument, ClauseElement):
        matches = (text for default, text in _DEFAULTS if default.compare(argument))
        return next(matches, False)
    return False
