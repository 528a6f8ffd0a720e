"""Statements of synchronisation."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lib.learning.insertion import insert_into
from lib.learning.tables import SyncOperation
from lib.learning.tables.base import ONE_STATEMENT


@dataclass(frozen=True)
class ReceivedOperation:
    """An operation that the server has received."""

    id: UUID
    student_id: UUID
    operation_type: str
    table_name: str
    record_id: str
    data: dict[str, Any]
    timestamp: datetime


def list_applied(db: Session, operation_ids: Collection[UUID]) -> set[UUID]:
    """Return the ids of the operations that were applied before."""
    query = select(SyncOperation.id).where(
        SyncOperation.id.in_(operation_ids), SyncOperation.synced
    )
    return set(db.execute(query).scalars())


def record_operations(
    db: Session, operations: Sequence[ReceivedOperation], errors: Mapping[UUID, str], now: datetime
) -> None:
    """Store operations with their outcomes; for stored operations, replace the outcomes.

    Args:
        db: The session.
        operations: The operations, in the order of their ids.
        errors: Reasons why operations were not applied, by their ids.
        now: Time of the outcome.
    """
    statement = insert_into(db, SyncOperation)
    replacement_values = {
        name: statement.excluded[name] for name in ("synced", "last_error", "updated_at")
    }
    replacement_values["retry_count"] = SyncOperation.retry_count + 1
    db.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_=replacement_values),
        [
            {
                **asdict(operation),
                "synced": operation.id not in errors,
                "last_error": errors.get(operation.id),
                "created_at": now,
                "updated_at": now,
            }
            for operation in operations
        ],
        execution_options=ONE_STATEMENT,
    )


def read_status(db: Session, student_id: UUID) -> tuple[int, datetime | None]:
    """Return the number of operations that were not applied, and the time of the newest upload."""
    failed = func.count().filter(SyncOperation.synced.is_(False))
    query = select(failed, func.max(SyncOperation.updated_at)).where(
        SyncOperation.student_id == student_id
    )
    row = db.execute(query).one()
    return row[0], row[1]
