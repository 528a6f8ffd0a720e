"""Rows of the student as operations carry them, and their place in the device's database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import DateTime, Table, Uuid, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session
from sqlalchemy.types import Boolean, TypeDecorator

from device import queue
from device.queue import QueuedOperation
from device.recording import SYNCED, SyncedTable
from lib.learning.mastery import store as mastery_store
from lib.learning.mastery.update import recount
from lib.learning.tables import Base, Question, QuestionAttempt, StudentProfile
from lib.learning.tables.base import SCHEMA
from lib.web.wire import UtcTime, utc_text

_time: TypeAdapter[datetime] = TypeAdapter(UtcTime)
_TABLES: dict[str, SyncedTable] = {table.name: table for table in SYNCED}


@dataclass(frozen=True)
class Unplaced:
    """Why a row has no place on the device yet."""

    reason: str


def table_of(name: str) -> Table:
    """Return a table of the learning context by its name."""
    return Base.metadata.tables[f"{SCHEMA}.{name}"]


def as_wire(table_name: str, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of an operation in the form in which the server reads them."""
    table = table_of(table_name)
    return {name: _wire_value(table.columns[name].type, value) for name, value in columns.items()}


def as_row(table_name: str, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the exchanged values of an operation in the types of the table's columns."""
    table, synced = table_of(table_name), _TABLES[table_name].columns
    return {
        name: _row_value(table.columns[name].type, value)
        for name, value in columns.items()
        if name in synced
    }


def apply_operation(db: Session, operation: QueuedOperation, now: datetime) -> Unplaced | None:
    """Store the change of an operation of another device, unless a later one was made here.

    Returns:
        Why it has no place yet; None if the device's rows are as they should be.
    """
    row_id = UUID(operation.row_id)
    if operation.table_name not in _TABLES:
        return Unplaced(f"The table {operation.table_name} is not synchronised.")
    values = as_row(operation.table_name, operation.columns)
    if operation.table_name == StudentProfile.__tablename__:
        return _change_profile(db, row_id, operation, values, now)
    return add_attempt(db, row_id, values, now)


def add_attempt(
    db: Session, row_id: UUID, values: Mapping[str, Any], now: datetime
) -> Unplaced | None:
    """Store an answer; `recount_mastery` has to follow in the same transaction."""
    wanted = select(Question.id).where(Question.id == values["question_id"])
    if db.execute(wanted).one_or_none() is None:
        return Unplaced("Its question is not on this device.")
    row = {"id": row_id, **values, "synced": False, "created_at": now, "updated_at": now}
    db.execute(insert(QuestionAttempt).values(**row).on_conflict_do_nothing())
    return None


def recount_mastery(db: Session, student_id: UUID, now: datetime) -> None:
    """Derive mastery from all answers, such as after answers of another device were stored."""
    counted = mastery_store.lock_student(db, student_id, now)
    recount(db, counted, now)


def _change_profile(
    db: Session, row_id: UUID, operation: QueuedOperation, values: Mapping[str, Any], now: datetime
) -> Unplaced | None:
    newer = {
        name: value for name, value in values.items() if not queue.has_later(db, operation, name)
    }
    if newer:
        changed = (
            update(StudentProfile)
            .where(StudentProfile.id == row_id)
            .values(**newer, updated_at=now)
            .returning(StudentProfile.id)
        )
        if db.execute(changed).one_or_none() is None:
            return Unplaced("Its profile is not on this device.")
    return None


def _wire_value(kind: Any, value: Any) -> Any:
    """Return a value of SQLite's JSON in the form of bodies."""
    value = _row_value(kind, value)
    if isinstance(value, datetime):
        return utc_text(value)
    return str(value) if isinstance(value, UUID) else value


def _row_value(kind: Any, value: Any) -> Any:
    """Return a value of JSON, SQLite's or a body's, in the type of its column."""
    inner = kind.impl if isinstance(kind, TypeDecorator) else kind
    if value is None:
        return None
    if isinstance(inner, DateTime):
        return _time.validate_python(value).astimezone(UTC)
    if isinstance(inner, Uuid):
        return UUID(str(value))
    return bool(value) if isinstance(inner, Boolean) else value
