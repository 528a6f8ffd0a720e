"""The queue of a device: changes that its server does not hold yet, in their order."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from device.tables import Operation, OperationState
from lib.learning.changes.synced import SYNCED, SyncedTable

KEPT_CHANGES = 200
"""Number of applied changes that are kept in any case: those with the latest clocks."""


@dataclass(frozen=True)
class QueuedOperation:
    """A change of one row."""

    id: UUID
    table_name: str
    row_id: str
    kind: str
    columns: Mapping[str, Any]
    """Values by column, as JSON."""
    clock: str
    created_at: datetime


@dataclass(frozen=True)
class StoredOperation(QueuedOperation):
    """A change with its place and its outcome."""

    sequence: int
    state: str
    """One of `OperationState`."""
    code: str | None
    reason: str | None


_STORED = (
    Operation.id,
    Operation.table_name,
    Operation.row_id,
    Operation.kind,
    Operation.columns,
    Operation.clock,
    Operation.created_at,
    Operation.sequence,
    Operation.state,
    Operation.code,
    Operation.reason,
)


def add_operation(db: Session, operation: QueuedOperation) -> bool:
    """Append a change to the queue; return False if it was there already."""
    statement = insert(Operation).values(
        id=operation.id,
        table_name=operation.table_name,
        row_id=UUID(operation.row_id).hex,
        kind=operation.kind,
        columns=dict(operation.columns),
        clock=operation.clock,
        created_at=operation.created_at,
        state=OperationState.PENDING.value,
    )
    inserted_ids = db.execute(
        statement.on_conflict_do_nothing(index_elements=["id"]).returning(Operation.id)
    )
    return inserted_ids.one_or_none() is not None


def list_pending(db: Session, limit: int | None = None) -> list[StoredOperation]:
    """Return the oldest changes that the server has not decided on; uses idx_operations_state."""
    query = select(*_STORED).where(Operation.state == OperationState.PENDING.value)
    return _stored(db, query.order_by(Operation.sequence).limit(limit))


def list_rejected(db: Session, limit: int) -> list[StoredOperation]:
    """Return the newest changes that the server has refused."""
    query = select(*_STORED).where(Operation.state == OperationState.REJECTED.value)
    return _stored(db, query.order_by(Operation.sequence.desc()).limit(limit))


def list_unsynced(db: Session) -> list[StoredOperation]:
    """Return all changes that the server does not hold, in their order."""
    query = select(*_STORED).where(Operation.state != OperationState.APPLIED.value)
    return _stored(db, query.order_by(Operation.sequence))


def count_states(db: Session) -> dict[OperationState, int]:
    """Return the number of changes in each state."""
    query = select(Operation.state, func.count()).group_by(Operation.state)
    counts = {OperationState(state): number for state, number in db.execute(query)}
    return {state: counts.get(state, 0) for state in OperationState}


def pending_columns(db: Session, table_name: str, row_id: UUID) -> set[str]:
    """Return the columns of a row whose changes the server has not decided on."""
    query = select(Operation.columns).where(
        Operation.state == OperationState.PENDING.value,
        Operation.table_name == table_name,
        Operation.row_id == row_id.hex,
    )
    return {name for columns in db.execute(query).scalars() for name in columns}


def pending_rows(db: Session, table_name: str) -> set[UUID]:
    """Return the rows of a table with changes that the server has not decided on."""
    query = select(Operation.row_id).where(
        Operation.state == OperationState.PENDING.value, Operation.table_name == table_name
    )
    return {UUID(row_id) for row_id in db.execute(query).scalars()}


def was_rejected(db: Session, table_name: str, row_id: UUID) -> bool:
    """Return whether the server has refused a change of a row."""
    query = select(Operation.sequence).where(
        Operation.state == OperationState.REJECTED.value,
        Operation.table_name == table_name,
        Operation.row_id == row_id.hex,
    )
    return db.execute(query.limit(1)).first() is not None


def has_later(db: Session, operation: QueuedOperation, column: str) -> bool:
    """Return whether a later change of the same column of the row was queued."""
    query = select(Operation.columns).where(
        Operation.table_name == operation.table_name,
        Operation.row_id == UUID(operation.row_id).hex,
        Operation.clock > operation.clock,
    )
    return any(column in columns for columns in db.execute(query).scalars())


def last_clock(db: Session) -> str | None:
    """Return the largest clock reading of the queued changes; None if nothing was ever queued."""
    return db.execute(select(func.max(Operation.clock))).scalar_one()


def settle(
    db: Session,
    operation_id: UUID,
    state: OperationState,
    code: str | None = None,
    reason: str | None = None,
) -> None:
    """Store the outcome that the server reported for a change."""
    db.execute(
        update(Operation)
        .where(Operation.id == operation_id)
        .values(state=state.value, code=code, reason=reason)
    )


def retry_rejected(db: Session, code: str | None = None) -> None:
    """Put refused changes back into the queue, for example after an update of the server.

    Args:
        db: The session.
        code: Code of the refusals to retry; by default, all are retried.
    """
    statement = update(Operation).where(Operation.state == OperationState.REJECTED.value)
    if code is not None:
        statement = statement.where(Operation.code == code)
    db.execute(statement.values(state=OperationState.PENDING.value, code=None, reason=None))


def prune(db: Session) -> int:
    """Delete old changes that the server has applied, and return their number.

    The latest ones stay, and with them the device's largest clock. The latest change of each
    editable column stays too, because imported changes are compared with it. Refused and pending
    changes are never deleted. If an import queues a deleted change again, the server recognises its
    id.
    """
    applied = select(Operation.id, Operation.table_name, Operation.row_id, Operation.columns)
    newest_first = (
        applied.where(Operation.state == OperationState.APPLIED.value)
        .order_by(Operation.clock.desc(), Operation.sequence.desc())
        .execution_options(yield_per=KEPT_CHANGES)
    )
    later_columns: set[tuple[str, str, str]] = set()
    unneeded = []
    for place, (operation_id, table_name, row_id, columns) in enumerate(db.execute(newest_first)):
        editable = SYNCED[SyncedTable(table_name)].editable
        changed_columns = {(table_name, row_id, name) for name in editable.intersection(columns)}
        if place >= KEPT_CHANGES and changed_columns <= later_columns:
            unneeded.append(operation_id)
        later_columns |= changed_columns
    for first in range(0, len(unneeded), KEPT_CHANGES):
        db.execute(
            delete(Operation).where(Operation.id.in_(unneeded[first : first + KEPT_CHANGES]))
        )
    return len(unneeded)


def _stored(db: Session, query: Any) -> list[StoredOperation]:
    return [StoredOperation(**row) for row in db.execute(query).mappings()]
