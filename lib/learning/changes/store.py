"""Statements of the log of changes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session

from lib.learning.changes.synced import SYNCED, SyncedTable
from lib.learning.insertion import insert_into
from lib.learning.tables import SyncChange, SyncCounter
from lib.learning.tables.base import new_id


@dataclass(frozen=True)
class LoggedChange:
    """The last change of a row."""

    student_id: UUID
    table: SyncedTable
    row_id: UUID
    number: int
    """Number of the transaction among those of the student, 1 or more."""
    clocks: Mapping[str, str]
    """Clocks of the last changes of columns that a device may set; empty if there are none."""
    is_deleted: bool


def lock_counters(db: Session, student_ids: Collection[UUID], now: datetime) -> dict[UUID, int]:
    """Lock the counters of students until the transaction ends, and raise each by one.

    Returns:
        The new numbers by student.
    """
    rows = [
        {"id": new_id(), "student_id": it, "number": 1, "created_at": now, "updated_at": now}
        for it in sorted(set(student_ids))
    ]
    if not rows:
        return {}
    statement = insert_into(db, SyncCounter)
    upsert = statement.on_conflict_do_update(
        index_elements=["student_id"],
        set_={"number": SyncCounter.number + 1, "updated_at": now},
    ).returning(SyncCounter.student_id, SyncCounter.number)
    return {row.student_id: row.number for row in db.execute(upsert, rows)}


def write_changes(db: Session, changes: Sequence[LoggedChange], now: datetime) -> None:
    """Store changes, each in place of an earlier one of the same row."""
    if not changes:
        return
    statement = insert_into(db, SyncChange)
    names = ("number", "clocks", "is_deleted", "updated_at")
    db.execute(
        statement.on_conflict_do_update(
            index_elements=["student_id", "table_name", "row_id"],
            set_={name: statement.excluded[name] for name in names},
        ),
        [
            {
                "id": new_id(),
                "student_id": it.student_id,
                "table_name": it.table.value,
                "row_id": it.row_id,
                "number": it.number,
                "clocks": dict(it.clocks),
                "is_deleted": it.is_deleted,
                "created_at": now,
                "updated_at": now,
            }
            for it in changes
        ],
    )


def read_clocks(db: Session, student_id: UUID, table: SyncedTable, row_id: UUID) -> dict[str, str]:
    """Return the logged clocks of columns that a device may set; empty if none was logged."""
    query = select(SyncChange.clocks).where(
        SyncChange.student_id == student_id,
        SyncChange.table_name == table.value,
        SyncChange.row_id == row_id,
    )
    return dict(db.execute(query).scalar() or {})


def list_own_clocks(
    db: Session, table: SyncedTable, student_ids: Collection[UUID]
) -> dict[UUID, dict[str, str]]:
    """Return the clocks of rows by student, for a table whose row ids are the students' ids."""
    query = select(SyncChange.student_id, SyncChange.clocks).where(
        SyncChange.student_id.in_(student_ids),
        SyncChange.table_name == table.value,
        SyncChange.row_id == SyncChange.student_id,
    )
    return {row[0]: dict(row[1]) for row in db.execute(query)}


def list_clocks(
    db: Session, student_id: UUID, table: SyncedTable, row_ids: Collection[UUID]
) -> dict[UUID, dict[str, str]]:
    """Return the clocks of rows by row id, as `read_clocks` does; unlogged rows are left out."""
    query = select(SyncChange.row_id, SyncChange.clocks).where(
        SyncChange.student_id == student_id,
        SyncChange.table_name == table.value,
        SyncChange.row_id.in_(row_ids),
    )
    return {row[0]: dict(row[1]) for row in db.execute(query)}


def list_changes(
    db: Session, student_id: UUID, after: tuple[int, UUID] | None, limit: int
) -> list[tuple[UUID, LoggedChange]]:
    """Return the ids of entries and the changes, in the order of the log.

    Args:
        db: The session.
        student_id: The student.
        after: Number and id of the last entry that was read; None to begin with the first.
        limit: Maximum number of changes to return.
    """
    query = select(
        SyncChange.id,
        SyncChange.table_name,
        SyncChange.row_id,
        SyncChange.number,
        SyncChange.clocks,
        SyncChange.is_deleted,
    ).where(SyncChange.student_id == student_id)
    if after is not None:
        query = query.where(tuple_(SyncChange.number, SyncChange.id) > after)
    rows = db.execute(query.order_by(SyncChange.number, SyncChange.id).limit(limit))
    return [
        (entry_id, LoggedChange(student_id, SyncedTable(table), *change))
        for entry_id, table, *change in rows
    ]


def read_number_of_complete_log(db: Session, student_id: UUID) -> int | None:
    """Return the number of a student's last transaction; None before `mark_complete`."""
    query = select(SyncCounter.number).where(
        SyncCounter.student_id == student_id, SyncCounter.is_complete
    )
    return db.execute(query).scalar()


def mark_complete(db: Session, student_id: UUID) -> None:
    """Record that the log also has the rows that are older than it."""
    db.execute(
        update(SyncCounter).where(SyncCounter.student_id == student_id).values(is_complete=True)
    )


def list_unlogged(db: Session, student_id: UUID) -> list[tuple[SyncedTable, UUID]]:
    """Return the table and the id of each row of a student that has no entry in the log."""
    unlogged = []
    for name, synced in SYNCED.items():
        table = synced.table
        entries = select(SyncChange.id).where(
            SyncChange.student_id == student_id,
            SyncChange.table_name == name.value,
            SyncChange.row_id == table.id,
        )
        query = select(table.id).where(
            getattr(table, synced.owner) == student_id, ~entries.exists()
        )
        unlogged += [(name, row_id) for row_id in db.execute(query.order_by(table.id)).scalars()]
    return unlogged
