"""Rows as devices and the server exchange them, and digests by which both compare their copies."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from lib.learning.changes.synced import SYNCED, Synced, SyncedTable
from lib.web.wire import utc_text

MODULUS = 2**256


@dataclass(frozen=True)
class Digest:
    """Number and hash of the rows of a table, by which two copies are compared."""

    count: int
    sha256: str
    """Sum of the SHA-256 of all rows, as 64 hexadecimal digits; their order does not matter."""


def read_rows(
    db: Session, name: SyncedTable, student_id: UUID, ids: Collection[UUID] | None = None
) -> dict[UUID, dict[str, Any]]:
    """Return rows of a student by their ids, as JSON values by column.

    Args:
        db: The session.
        name: The table.
        student_id: The student.
        ids: Ids of the rows to return; those of other students are left out. All by default.
    """
    query = _query(SYNCED[name], student_id)
    if ids is not None:
        query = query.where(SYNCED[name].table.id.in_(ids))
    return {row[0]: _values(SYNCED[name], row[1:]) for row in db.execute(query)}


def page_of_rows(
    db: Session, name: SyncedTable, student_id: UUID, after: UUID | None, limit: int
) -> dict[UUID, dict[str, Any]]:
    """Return a page of a student's rows in the order of their ids.

    Args:
        db: The session.
        name: The table.
        student_id: The student.
        after: Id of the last row of the page before; None for the first page.
        limit: Maximum number of rows to return.
    """
    table = SYNCED[name].table
    query = _query(SYNCED[name], student_id).order_by(table.id).limit(limit)
    if after is not None:
        query = query.where(table.id > after)
    return {row[0]: _values(SYNCED[name], row[1:]) for row in db.execute(query)}


def digest_of(rows: Mapping[UUID, Mapping[str, Any]]) -> Digest:
    """Return the digest of rows, given as `read_rows` returns them."""
    total = sum(_number(row_id, columns) for row_id, columns in rows.items())
    return Digest(len(rows), f"{total % MODULUS:064x}")


def digests(db: Session, student_id: UUID) -> dict[SyncedTable, Digest]:
    """Return the digest of each table's rows of a student."""
    return {name: digest_of(read_rows(db, name, student_id)) for name in SYNCED}


def _number(row_id: UUID, columns: Mapping[str, Any]) -> int:
    text = json.dumps([str(row_id), columns], sort_keys=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest())


def _query(synced: Synced, student_id: UUID) -> Any:
    table = synced.table
    columns = (getattr(table, name) for name in synced.columns)
    return select(table.id, *columns).where(getattr(table, synced.owner) == student_id)


def _values(synced: Synced, values: Iterable[Any]) -> dict[str, Any]:
    return {name: _json_value(value) for name, value in zip(synced.columns, values, strict=True)}


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc_text(value)
    return str(value) if isinstance(value, UUID) else value
