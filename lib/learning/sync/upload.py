"""Queues of devices of the live system: each operation is applied once.

An operation that is refused does not hold up the others. Mastery and plans are derived on the
server, so operations on them are acknowledged and change no row. Two devices may have given the
same number to different rows, so the id of an operation is derived from its whole content.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from lib.learning.changes.log import ChangeLog, logged
from lib.learning.changes.synced import SyncedTable
from lib.learning.current_user import Call
from lib.learning.fixed_ids import uuid_of
from lib.learning.ids import Reference, reference
from lib.learning.mastery import store as mastery_store
from lib.learning.mastery.update import recount
from lib.learning.practice import store as practice_store
from lib.learning.practice.store import NewAttempt
from lib.learning.practice.wire import LiveAttemptIn
from lib.learning.students import store as student_store
from lib.learning.students.profile import changes_of
from lib.learning.students.student import changeable_student
from lib.learning.students.wire import ProfileChangeIn
from lib.learning.syllabus import store as syllabus_store
from lib.learning.syllabus.grading import is_correct
from lib.learning.syllabus.store import QuestionRow
from lib.learning.sync import store
from lib.learning.sync.store import ReceivedOperation
from lib.learning.sync.wire import UNREAD, OperationIn, QueueIn, QueueOut
from lib.learning.tables.closed_lists import OperationType
from lib.learning.transactions import transaction
from lib.web.wire import UtcTime, utc_text

DERIVED = frozenset({"concept_mastery", "study_plans"})
"""Tables of old devices whose rows the server derives; for newer devices, see synced.py."""
PROFILE_FIELDS = frozenset(ProfileChangeIn.model_fields)
_time: TypeAdapter[UtcTime] = TypeAdapter(UtcTime)


class Refused(Exception):
    """The operation cannot be applied; the message says why."""


@dataclass
class _QueueChanges:
    """Changes to make for the operations of a queue."""

    attempts: list[NewAttempt] = field(default_factory=list)
    profile_changes: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    """Times of changes of the profile, and the columns with their values."""
    errors: dict[UUID, str] = field(default_factory=dict)
    """Reasons why operations are refused, by their ids."""


def upload(call: Call, body: QueueIn) -> QueueOut:
    """Apply the operations of a queue; one that was applied before is not applied again.

    The number of statements grows with the number of profile changes, but not with the number of
    other operations.

    Raises:
        StudentClosed, StudentNotFound: As for `changeable_student`.
    """
    student = changeable_student(call, body.student_id)
    queue = [_received_operation(operation, student.id) for operation in body.operations]
    applied_ids = store.list_applied(call.db, {received.id for received in queue})
    new_operations = {received.id: received for received in queue if received.id not in applied_ids}
    queue_changes = _changes_of_queue(call, list(new_operations.values()))
    conflicts = 0
    with transaction(call.db), logged(call.db, [student.id], call.now) as log:
        if queue_changes.attempts:
            _add_attempts(call, student.id, queue_changes, log)
        for changed_at, changes in queue_changes.profile_changes:
            conflicts += not _change_profile(call, student.id, changed_at, changes, log)
        if new_operations:
            ordered_operations = [
                new_operations[operation_id] for operation_id in sorted(new_operations)
            ]
            store.record_operations(call.db, ordered_operations, queue_changes.errors, call.now)
    errors = [
        f"operations[{number}]: {queue_changes.errors[received.id]}"
        for number, received in enumerate(queue)
        if received.id in queue_changes.errors
    ]
    return QueueOut(
        success=not errors,
        synced_count=len(queue) - len(errors),
        failed_count=len(errors),
        conflicts_resolved=conflicts,
        errors=errors,
    )


def _received_operation(operation: OperationIn, student_id: UUID) -> ReceivedOperation:
    text = json.dumps(
        [
            str(student_id),
            operation.table_name,
            operation.operation_type.value,
            str(operation.record_id),
            utc_text(operation.timestamp),
            operation.data,
        ],
        sort_keys=True,
    )
    return ReceivedOperation(
        id=uuid_of(text),
        student_id=student_id,
        operation_type=operation.operation_type.value,
        table_name=operation.table_name,
        record_id=str(operation.record_id),
        data=operation.data,
        timestamp=operation.timestamp,
    )


def _changes_of_queue(call: Call, operations: Sequence[ReceivedOperation]) -> _QueueChanges:
    """Return the rows to store for operations, and the operations that are refused."""
    queue_changes = _QueueChanges()
    sent_ids = [str(it.data["question_id"]) for it in operations if "question_id" in it.data]
    references = [reference(sent_id) for sent_id in sent_ids]
    questions = syllabus_store.find_questions(call.db, references)
    for operation in operations:
        try:
            _add_rows(call, operation, questions, queue_changes)
        except Refused as refusal:
            queue_changes.errors[operation.id] = str(refusal)
    return queue_changes


def _add_rows(
    call: Call,
    operation: ReceivedOperation,
    questions: Mapping[Reference, QuestionRow],
    queue_changes: _QueueChanges,
) -> None:
    """Add the rows to store for one operation.

    Raises:
        Refused: If it cannot be applied.
    """
    if operation.table_name in DERIVED:
        return
    if operation.operation_type == OperationType.DELETE:
        raise Refused("A device cannot delete rows.")
    if operation.data.keys() == {UNREAD}:
        raise Refused("data: It is not the JSON of an object.")
    if operation.table_name == "question_attempts":
        queue_changes.attempts.append(_attempt(call, operation, questions))
    elif operation.table_name == "student_profiles":
        changed_at = min(operation.timestamp, call.now)
        queue_changes.profile_changes.append((changed_at, _profile_changes(operation)))
    else:
        raise Refused(f"The table {operation.table_name} is not synchronised.")


def _attempt(
    call: Call, operation: ReceivedOperation, questions: Mapping[Reference, QuestionRow]
) -> NewAttempt:
    """Return the graded answer of an operation."""
    try:
        body = LiveAttemptIn.model_validate(operation.data)
        timestamp = _time.validate_python(operation.data.get("timestamp", operation.timestamp))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in fault["loc"]) or "timestamp"
        raise Refused(f"data.{name}: {fault['msg']}") from error
    question = questions.get(reference(body.question_id))
    if question is None:
        raise Refused("data.question_id: There is no such question.")
    return NewAttempt(
        id=operation.id,
        student_id=operation.student_id,
        question_id=question.id,
        answer=body.answer,
        is_correct=is_correct(question.question_type, question.correct_answer, body.answer),
        time_taken_seconds=body.time_taken_seconds,
        confidence=body.confidence,
        timestamp=min(timestamp, call.now),  # a device's clock may be ahead
    )


def _profile_changes(operation: ReceivedOperation) -> dict[str, Any]:
    """Return the columns that an operation changes."""
    sent_fields = {name: value for name, value in operation.data.items() if name in PROFILE_FIELDS}
    try:
        return changes_of(ProfileChangeIn.model_validate(sent_fields))
    except ValidationError as error:
        raise Refused("data: The profile has a value that is not valid.") from error


def _add_attempts(
    call: Call, student_id: UUID, queue_changes: _QueueChanges, log: ChangeLog
) -> None:
    """Store answers, except those that a simultaneous upload of the queue has stored."""
    skill_row = mastery_store.lock_student(call.db, student_id, call.now)
    stored_ids = practice_store.list_stored(
        call.db, [attempt.id for attempt in queue_changes.attempts]
    )
    new_attempts = [attempt for attempt in queue_changes.attempts if attempt.id not in stored_ids]
    if new_attempts:
        practice_store.add_attempts(call.db, new_attempts, call.now)
        for attempt in new_attempts:
            log.add(student_id, SyncedTable.QUESTION_ATTEMPTS, attempt.id)
        recount(call.db, skill_row, call.now)


def _change_profile(
    call: Call,
    student_id: UUID,
    changed_at: datetime,
    changes: Mapping[str, Any],
    log: ChangeLog,
) -> bool:
    """Store changes of a profile; return False if it was changed later on the server."""
    edited_at = student_store.lock_profile(call.db, student_id)
    if edited_at >= changed_at:
        return False
    student_store.change_profile(call.db, student_id, changes, changed_at)
    log.add_edits(SyncedTable.STUDENT_PROFILES, changes, {student_id: edited_at})
    return True
