"""Ids of rows as callers send and receive them.

Rows that came from the live system keep the number that they had there. The live pages use no other
id, so the paths that these pages call return the number, and every request may send it in place of
the UUID. In all other responses, an id is a UUID.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field, WithJsonSchema
from sqlalchemy import ColumnElement, false

MAX_NUMBER = 2**63 - 1

LiveId = Annotated[int | UUID, Field(union_mode="left_to_right")]
"""Id in a response to a live page: the live system's number, or else the UUID."""


def _as_text(value: Any) -> Any:
    """Return a number as text: errors of a union would name its branch as well as the field."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


SentId = Annotated[
    str,
    BeforeValidator(_as_text),
    Field(min_length=1, max_length=100),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
]
"""Id in the body of a request: a UUID, or the live system's number."""


@dataclass(frozen=True)
class Reference:
    """An id that a caller sent; neither part is set if it cannot be the id of any row."""

    id: UUID | None = None
    former_id: int | None = None

    def of(self, table: Any) -> ColumnElement[bool]:
        """Return the condition that a row of the table has this id."""
        condition: ColumnElement[bool] = false()
        if self.id is not None:
            condition = table.id == self.id
        elif self.former_id is not None:
            condition = table.former_id == self.former_id
        return condition


def reference(sent_id: str | int | UUID) -> Reference:
    """Read an id: a UUID in any spelling, or a number of the live system."""
    if isinstance(sent_id, UUID):
        return Reference(id=sent_id)
    text = str(sent_id).strip()
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= MAX_NUMBER:  # noqa: PLR2004 digits of 64 bits
        return Reference(former_id=int(text))
    with suppress(ValueError):
        return Reference(id=UUID(text))
    return Reference()


def live_id(row_id: UUID, former_id: int | None) -> int | UUID:
    """Return the id by which the live system's pages refer to a row."""
    return row_id if former_id is None else former_id
