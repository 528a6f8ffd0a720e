"""Import of an old device's `local.db`: what the server does not have yet becomes pending changes.

Ids are made from the old device, the table and the row's number there, because different old
devices give the same numbers to different rows. Importing again therefore adds nothing. Rows that
the old device had sent are at the server; derived rows are computed again. Rows that no table here
can hold are kept aside.
"""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from device import queue
from device.database import Database
from device.errors import CannotTransfer
from device.old_rows import LIVE_COLUMNS, OldDatabase, Row, old_database
from device.queue import QueuedOperation
from device.rows import apply_operation, recount_mastery
from device.tables import SetAsideRow
from device.user import DeviceUser
from lib.errors import AppError
from lib.learning.changes.clock import reading_at
from lib.learning.fixed_ids import uuid_of
from lib.learning.practice.wire import LiveAttemptIn
from lib.learning.students.profile import changes_of
from lib.learning.students.wire import ProfileChangeIn
from lib.learning.syllabus.grading import is_correct
from lib.learning.tables import Question
from lib.learning.tables.closed_lists import OperationType
from lib.web import strict_json
from lib.web.wire import UtcTime, utc_text

DERIVED = frozenset({"concept_mastery", "study_plans"})
ATTEMPTS, PROFILES, QUEUE = "question_attempts", "student_profiles", "sync_operations"
PROFILE_FIELDS = frozenset(ProfileChangeIn.model_fields)
_time: TypeAdapter[datetime] = TypeAdapter(UtcTime)


class _Unusable(Exception):
    """A row cannot be imported; the message says why."""


@dataclass
class _Import:
    """An import that is under way."""

    db: Session
    old: OldDatabase
    user: DeviceUser
    now: datetime
    origin: str
    """Identifier of the old device."""
    questions: Mapping[int, Row]
    """Questions of the old device by their numbers."""
    new_count: int = 0
    """Number of changes that were queued."""
    repeated_count: int = 0
    """Number of changes that were imported before, or are in the file twice."""
    sent_count: int = 0
    """Number of rows that the server has already."""
    derived_count: int = 0
    """Number of changes of derived rows, which are not imported."""
    aside_counts: Counter[str] = field(default_factory=Counter)
    """Number of rows that are kept aside, by table and reason."""

    def id_of(self, table: str, number: object) -> UUID:
        """Return the id of a row of the old device."""
        return uuid_of(f"{self.origin}:{table}:{number}")

    def set_aside(self, table: str, number: object, content: Row, reason: str) -> None:
        """Keep a row, or columns of it, that no table here can hold."""
        self.aside_counts[f"{table}: {reason}"] += 1
        statement = insert(SetAsideRow).values(
            id=uuid_of(f"{self.origin}:{table}:{number}:{reason}"),
            origin=self.origin,
            table_name=table,
            content={name: value for name, value in content.items() if name != "_number"},
            reason=reason,
        )
        self.db.execute(statement.on_conflict_do_nothing())


def import_old_database(database: Database, source: Path, user: DeviceUser, now: datetime) -> str:
    """Import what the server does not have yet; return a report for the person at the terminal.

    Raises:
        CannotTransfer: If the file is damaged, is not the database of an old device, or is another
            student's.
    """
    try:
        with old_database(source) as old, database.session() as db, database.recorder.paused():
            student_number = _student_number(old, user, source)
            questions = {row["id"]: row for row in old.rows("questions")}
            work = _Import(db, old, user, now, old.identity(), questions)
            _import_attempts(work, student_number)
            _import_queue(work, student_number)
            _set_unknown_aside(work)
            if work.new_count:
                recount_mastery(db, user.student_id, now)
            db.commit()
    except sqlite3.DatabaseError as error:
        raise CannotTransfer(f"{source} is damaged, and nothing was imported: {error}.") from None
    return _report(work, source)


def _student_number(old: OldDatabase, user: DeviceUser, source: Path) -> int | None:
    """Return the number that the old device gave to the student; None if the file does not have it.

    Raises:
        CannotTransfer: If the file is not an old device's database, or is another student's.
    """
    if not {ATTEMPTS, QUEUE} & set(old.tables):
        raise CannotTransfer(f"{source} is not the database of an old device.")
    if any(isinstance(row.get("id"), str) for row in old.rows("users")[:1]):
        raise CannotTransfer(
            f"{source} is the database of a current device; export its changes there."
        )
    names = {row["id"]: row.get("username") for row in old.rows("users")}
    profiles = old.rows(PROFILES)
    own = [row for row in profiles if names.get(row.get("user_id")) == user.username]
    if not own and names:
        raise CannotTransfer(
            f"{source} belongs to {', '.join(sorted(map(str, names.values())))};"
            f" this device belongs to {user.username}."
        )
    return own[0]["id"] if own else None


def _import_attempts(work: _Import, student_number: int | None) -> None:
    """Queue the student's attempts that were not sent; set aside those of other students."""
    for row in work.old.rows(ATTEMPTS):
        if student_number is not None and row.get("student_id") != student_number:
            work.set_aside(ATTEMPTS, row["_number"], row, "it is another student's")
        elif row.get("synced"):
            work.sent_count += 1
        else:
            _import_attempt(work, row["id"], row, row.get("timestamp"), row)


def _import_queue(work: _Import, student_number: int | None) -> None:
    """Queue the student's operations that were not sent; set aside those that cannot be queued."""
    owners = {row["id"]: row.get("student_id") for row in work.old.rows(ATTEMPTS)}
    for row in work.old.rows(QUEUE):
        table, number = str(row.get("table_name")), row.get("record_id")
        if row.get("synced"):
            work.sent_count += 1
        elif table in DERIVED:
            work.derived_count += 1
        elif table not in {ATTEMPTS, PROFILES} or row.get("operation_type") == OperationType.DELETE:
            work.set_aside(QUEUE, row["_number"], row, "such a change is not synchronised")
        elif (data := _data(work, row)) is not None:
            owner = number if table == PROFILES else data.get("student_id", owners.get(number))
            if None not in {student_number, owner} and owner != student_number:
                work.set_aside(QUEUE, row["_number"], row, "it is another student's")
            elif table == PROFILES:
                _import_profile(work, row, data)
            else:
                at = data.get("timestamp") or row.get("timestamp")
                _import_attempt(work, number, data, at, row)


def _import_attempt(work: _Import, number: object, values: Row, time: object, row: Row) -> None:
    """Queue the attempt of a row; one that is in the table and in the queue counts once."""
    try:
        operation = _attempt(work, number, values, time)
    except _Unusable as reason:
        table = QUEUE if "operation_type" in row else ATTEMPTS
        work.set_aside(table, row["_number"], row, str(reason))
        return
    _add(work, operation)


def _attempt(work: _Import, number: object, values: Row, time: object) -> QueuedOperation:
    """Return the operation that creates an attempt.

    Raises:
        _Unusable: If a value is missing or wrong, or the attempt's question is unknown.
    """
    try:
        attempt = LiveAttemptIn.model_validate(
            {name: values.get(name) for name in LiveAttemptIn.model_fields}
        )
        at = min(_time.validate_python(time), work.now)  # the old clock may have been ahead
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"])) or "timestamp"
        raise _Unusable(f"{place}: {fault['msg']}") from None
    question = _question(work, values.get("question_id"))
    columns = {
        "question_id": str(question.id),
        "answer": attempt.answer,
        "is_correct": is_correct(question.question_type, question.correct_answer, attempt.answer),
        "time_taken_seconds": attempt.time_taken_seconds,
        "confidence": attempt.confidence,
        "timestamp": utc_text(at),
    }
    row_id = work.id_of(ATTEMPTS, number)
    return _operation(work, ATTEMPTS, row_id, OperationType.CREATE, columns, at, row_id)


def _question(work: _Import, number: object) -> Question:
    """Return the question with this number on the old device.

    Raises:
        _Unusable: If this device has no such question, or several with its text.
    """
    text = None
    if isinstance(number, int) and number in work.questions:
        text = work.questions[number].get("question_text")
    adopted = work.db.execute(select(Question).where(Question.former_id == number)).scalars().all()
    matching = [each for each in adopted if text is None or each.question_text == text]
    if not matching and text is not None:
        query = select(Question).where(Question.question_text == text)
        matching = list(work.db.execute(query).scalars())
    if not matching:
        raise _Unusable("its question is not on this device; import again after the next sync")
    if len(matching) > 1:
        raise _Unusable("several questions on this device have the text of its question")
    return matching[0]


def _import_profile(work: _Import, row: Row, data: Row) -> None:
    """Queue a change of the profile."""
    try:
        fields = {name: value for name, value in data.items() if name in PROFILE_FIELDS}
        changes = changes_of(ProfileChangeIn.model_validate(fields))
        at = min(_time.validate_python(row.get("timestamp")), work.now)
    except ValidationError:
        work.set_aside(QUEUE, row["_number"], row, "a value of the profile is not valid")
        return
    columns = {
        name: utc_text(value) if isinstance(value, datetime) else value
        for name, value in changes.items()
    }
    if columns:
        operation_id = work.id_of(QUEUE, row["_number"])
        student_id = work.user.student_id
        _add(
            work,
            _operation(work, PROFILES, student_id, OperationType.UPDATE, columns, at, operation_id),
        )


def _data(work: _Import, row: Row) -> dict[str, Any] | None:
    """Return the row in the `data` of an operation; None if it was kept aside."""
    try:
        parsed = strict_json.parse(str(row.get("data")).encode())
    except AppError:
        parsed = None
    if isinstance(parsed, dict):
        return parsed
    work.set_aside(QUEUE, row["_number"], row, "its data is not the JSON of an object")
    return None


def _operation(
    work: _Import,
    table: str,
    row_id: UUID,
    kind: OperationType,
    columns: Mapping[str, Any],
    at: datetime,
    key: UUID,
) -> QueuedOperation:
    return QueuedOperation(
        id=uuid_of(f"operation:{key}"),
        table_name=table,
        row_id=row_id.hex,
        kind=kind.value,
        columns=columns,
        clock=reading_at(at, 0, work.origin[-8:]),
        created_at=at,
    )


def _add(work: _Import, operation: QueuedOperation) -> None:
    if not queue.add_operation(work.db, operation):
        work.repeated_count += 1
        return
    work.new_count += 1
    apply_operation(work.db, operation, work.user.student_id, work.now)


def _set_unknown_aside(work: _Import) -> None:
    """Set aside the rows of unknown tables and the values of unknown columns."""
    for table in work.old.unknown_tables:
        for row in work.old.rows(table):
            work.set_aside(table, row["_number"], row, "the table is unknown")
    for table, columns in LIVE_COLUMNS.items():
        for row in work.old.rows(table):
            values = {
                name: value
                for name, value in row.items()
                if name not in columns and name != "_number" and value is not None
            }
            if values:
                reason = f"unknown columns: {', '.join(sorted(values))}"
                work.set_aside(table, row["_number"], {"id": row.get("id"), **values}, reason)


def _report(work: _Import, source: Path) -> str:
    lines = [
        f"Imported {source}:",
        f"- changes that are queued, because the server does not have them: {work.new_count}",
        f"- imported before, or in the file twice: {work.repeated_count}",
        f"- already sent by the old device: {work.sent_count}",
        f"- about mastery or plans, which are derived: {work.derived_count}",
    ]
    lines += [
        f"- kept aside from {table_and_reason}: {number}"
        for table_and_reason, number in sorted(work.aside_counts.items())
    ]
    return "\n".join(lines)
