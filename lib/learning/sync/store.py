"""Statements of synchronisation."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from lib.learning.tables import SyncOperation


@dataclass(frozen=True)
class Received:
    """An operation that the server has received."""

    id: UUID
    student_id: UUID
    operation_type: str
    table_name: str
    record_id: str
    data: dict[str, Any]
    timestamp: datetime


def list_applied(db: Session, operation_ids: Collection[UUID]) -> set[UUID]:
    """Return which of some operations were applied before."""
    query = select(SyncOperation.id).where(
        SyncOperation.id.in_(operation_ids), SyncOperation.synced
    )
    return set(db.execute(query).scalars())


def record_operation(db: Session, operation: Received, error: str | None, now: datetime) -> None:
    """Store an operation with its outcome, or the outcome of another try."""
    dialect: Any = sqlite if db.get_bind().dialect.name == "sqlite" else postgresql
    outcome = {"synced": error is None, "last_error": error, "updated_at": now}
    db.execute(
        dialect.insert(SyncOperation)
        .values(**asdict(operation), **outcome, created_at=now)
        .on_conflict_do_update(
            index_elements=["id"], set_={**outcome, "retry_count": SyncOperation.retry_count + 1}
        )
    )


def read_status(db: Session, student_id: UUID) -> tuple[int, datetime | None]:
    """Return the number of operations that were not applied, and the time of the newest upload."""
    failed = func.count().filter(SyncOperation.synced.is_(False))
    query = select(failed, func.max(SyncOperation.updated_at)).where(
        SyncOperation.student_id == student_id
    )
    row = db.execute(query).one()
    return row[0], row[1]
