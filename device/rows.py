"""Storage of a student's rows on the device, from the JSON of operations and of responses."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import DateTime, Uuid, delete, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session
from sqlalchemy.types import Boolean, TypeDecorator

from device import queue
from device.queue import QueuedOperation
from lib.learning.changes.synced import SYNCED, SyncedTable
from lib.learning.mastery import store as mastery_store
from lib.learning.mastery.update import recount
from lib.learning.tables import Class, ExamMark, PlanArm, Question, QuestionAttempt, StudentProfile
from lib.learning.tables.base import new_id
from lib.learning.tables.closed_lists import OperationType
from lib.web.wire import UtcTime, utc_text

_time: TypeAdapter[datetime] = TypeAdapter(UtcTime)


class MissingReference(Exception):
    """A row refers to one that the device does not have yet; the message says which."""


def as_wire(table: SyncedTable, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of an operation in the form in which the server reads them."""
    return {name: _wire_value(value) for name, value in as_row(table, columns).items()}


def as_row(table: SyncedTable, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return exchanged values in the types of the table's columns; unknown columns are left out.

    Raises:
        ValueError: If a value does not fit its column.
    """
    synced = SYNCED[table]
    types = synced.table.__table__.columns
    return {
        name: _row_value(types[name].type, value)
        for name, value in columns.items()
        if name in synced.columns
    }


def apply_operation(
    db: Session, operation: QueuedOperation, student_id: UUID, now: datetime
) -> None:
    """Store the change of another device, except columns with a later change made here.

    Raises:
        MissingReference: If it refers to a row that is not on this device yet.
    """
    table, row_id = SyncedTable(operation.table_name), UUID(operation.row_id)
    values = as_row(table, operation.columns)
    if table is SyncedTable.QUESTION_ATTEMPTS:
        _require_question(db, values)
        row = {"id": row_id, "student_id": student_id, **values, "synced": False}
        times = {"created_at": now, "updated_at": now}
        db.execute(insert(QuestionAttempt).values(**row, **times).on_conflict_do_nothing())
    elif table is SyncedTable.STUDENT_PROFILES and row_id == student_id:
        newer = {
            it: value for it, value in values.items() if not queue.has_later(db, operation, it)
        }
        if newer:
            statement = update(StudentProfile).where(StudentProfile.id == student_id)
            db.execute(statement.values(**newer, updated_at=now))


def put_row(
    db: Session,
    table: SyncedTable,
    row_id: UUID,
    columns: Mapping[str, Any],
    student_id: UUID,
    now: datetime,
) -> None:
    """Store a row as the server has it; columns with pending changes keep the device's values.

    Raises:
        MissingReference: If it refers to a row that is not on this device yet.
        ValueError: If a value does not fit its column.
    """
    synced = SYNCED[table]
    values = as_row(table, columns)
    if table is SyncedTable.QUESTION_ATTEMPTS:
        _require_question(db, values)
        values["synced"] = True
    elif table is SyncedTable.STUDENT_PROFILES:
        _require_class(db, values)
    else:
        _remove_predecessor(db, table, row_id, values, student_id)
    values[synced.owner] = student_id
    pending = queue.pending_columns(db, table.value, row_id)
    updates = {name: value for name, value in values.items() if name not in {*pending, "id"}}
    statement = insert(synced.table).values(
        **{"id": row_id, **values, "created_at": now, "updated_at": now}
    )
    db.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={**updates, "updated_at": now})
    )


def remove_row(db: Session, table: SyncedTable, row_id: UUID) -> None:
    """Remove a row that the server does not have; a profile is never removed."""
    if table is not SyncedTable.STUDENT_PROFILES:
        db.execute(delete(SYNCED[table].table).where(SYNCED[table].table.id == row_id))


def send_again(
    db: Session,
    table: SyncedTable,
    row_id: UUID,
    columns: Mapping[str, Any],
    clock: str,
    now: datetime,
) -> None:
    """Queue a row that the server has lost, as if it were new.

    Args:
        db: The session.
        table: Table of the row.
        row_id: The row.
        columns: Its values as JSON.
        clock: A reading of the device's clock.
        now: The time.
    """
    kind = OperationType.CREATE.value
    operation = QueuedOperation(new_id(), table.value, row_id.hex, kind, columns, clock, now)
    queue.add_operation(db, operation)


def put_class(db: Session, row: Mapping[str, Any], now: datetime) -> None:
    """Store the student's class."""
    values = {"name": row["name"], "grade": row["grade"], "updated_at": now}
    statement = insert(Class).values(id=UUID(row["id"]), created_at=now, **values)
    db.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def recount_mastery(db: Session, student_id: UUID, now: datetime) -> None:
    """Derive mastery from all attempts, for example after storing those of another device."""
    skill_row = mastery_store.lock_student(db, student_id, now)
    recount(db, skill_row, now)


def _require_question(db: Session, values: Mapping[str, Any]) -> None:
    query = select(Question.id).where(Question.id == values["question_id"])
    if db.execute(query).one_or_none() is None:
        raise MissingReference(f"The question {values['question_id']} is not on this device yet.")


def _require_class(db: Session, values: Mapping[str, Any]) -> None:
    class_id = values.get("class_id")
    query = select(Class.id).where(Class.id == class_id)
    if class_id is not None and db.execute(query).one_or_none() is None:
        raise MissingReference(f"The class {class_id} is not on this device yet.")


def _remove_predecessor(
    db: Session, table: SyncedTable, row_id: UUID, values: Mapping[str, Any], student_id: UUID
) -> None:
    """Remove the row that a new one replaces, before the server reports its deletion."""
    if table is SyncedTable.PLAN_ARMS:
        db.execute(delete(PlanArm).where(PlanArm.student_id == student_id, PlanArm.id != row_id))
    else:
        same_exam = (
            ExamMark.student_id == student_id,
            ExamMark.exam == values["exam"],
            ExamMark.exam_date == values["exam_date"],
        )
        db.execute(delete(ExamMark).where(*same_exam, ExamMark.id != row_id))


def _wire_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc_text(value)
    return str(value) if isinstance(value, UUID) else value


def _row_value(kind: Any, value: Any) -> Any:
    """Return a JSON value, from SQLite or a body, in the type of its column."""
    inner = kind.impl if isinstance(kind, TypeDecorator) else kind
    if value is None:
        return None
    if isinstance(inner, DateTime):
        return _time.validate_python(value).astimezone(UTC)
    if isinstance(inner, Uuid):
        return UUID(str(value))
    return bool(value) if isinstance(inner, Boolean) else value
