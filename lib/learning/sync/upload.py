"""Queues of devices of the live system: each operation is applied once, on its own.

Mastery and plans are derived on the server, so operations on them are acknowledged and not stored.
Two devices may have given one number to different rows, so the id of an operation is made from
everything that it says.
"""

import json
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from lib.errors import AppError
from lib.learning.current_user import Call
from lib.learning.fixed_ids import uuid_of
from lib.learning.ids import reference
from lib.learning.mastery import store as mastery_store
from lib.learning.mastery.update import count_attempt, refresh
from lib.learning.practice import store as practice_store
from lib.learning.practice.attempts import answer_of
from lib.learning.practice.store import NewAttempt
from lib.learning.practice.wire import LiveAttemptIn
from lib.learning.students import store as student_store
from lib.learning.students.profile import changes_of
from lib.learning.students.student import changeable_student
from lib.learning.students.wire import ProfileChangeIn
from lib.learning.syllabus import store as syllabus_store
from lib.learning.syllabus.grading import is_correct
from lib.learning.sync import store
from lib.learning.sync.store import Received
from lib.learning.sync.wire import UNREAD, OperationIn, QueueIn, QueueOut
from lib.learning.tables.closed_lists import OperationType
from lib.learning.transactions import transaction
from lib.web.wire import UtcTime, utc_text

DERIVED = frozenset({"concept_mastery", "study_plans"})
PROFILE_FIELDS = frozenset(ProfileChangeIn.model_fields)
_time: TypeAdapter[UtcTime] = TypeAdapter(UtcTime)


class Refused(Exception):
    """The operation cannot be applied; the message says why."""


@dataclass
class _Counts:
    synced: int = 0
    conflicts: int = 0
    errors: list[str] = field(default_factory=list)


def upload(call: Call, body: QueueIn) -> QueueOut:
    """Apply the operations of a queue; repeating it changes nothing.

    Raises:
        StudentClosed, StudentNotFound: As for `changeable_student`.
    """
    student = changeable_student(call, body.student_id)
    counts = _Counts()
    queue = [_received(operation, student.id) for operation in body.operations]
    applied = store.list_applied(call.db, {received.id for received in queue})
    for number, received in enumerate(queue):
        try:
            if received.id not in applied:
                with transaction(call.db):
                    counts.conflicts += _apply(call, received)
                    store.record_operation(call.db, received, None, call.now)
                applied.add(received.id)
            counts.synced += 1
        except Refused as refusal:
            with transaction(call.db):
                store.record_operation(call.db, received, str(refusal), call.now)
            counts.errors.append(f"operations[{number}]: {refusal}")
    with transaction(call.db):
        refresh(call.db, student.id, call.now)
    return QueueOut(
        success=not counts.errors,
        synced_count=counts.synced,
        failed_count=len(counts.errors),
        conflicts_resolved=counts.conflicts,
        errors=counts.errors,
    )


def _received(operation: OperationIn, student_id: UUID) -> Received:
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
    return Received(
        id=uuid_of(text),
        student_id=student_id,
        operation_type=operation.operation_type.value,
        table_name=operation.table_name,
        record_id=str(operation.record_id),
        data=operation.data,
        timestamp=operation.timestamp,
    )


def _apply(call: Call, operation: Received) -> bool:
    """Apply an operation; return whether it lost against a newer change."""
    if operation.table_name in DERIVED:
        return False
    if operation.operation_type == OperationType.DELETE:
        raise Refused("Nothing is deleted by a device.")
    if operation.data.keys() == {UNREAD}:
        raise Refused("data: It is not the JSON of an object.")
    if operation.table_name == "question_attempts":
        _add_attempt(call, operation)
        return False
    if operation.table_name == "student_profiles":
        return _change_profile(call, operation)
    raise Refused(f"The table {operation.table_name} is not synchronised.")


def _add_attempt(call: Call, operation: Received) -> None:
    """Grade and store an answer that a device took while it was offline."""
    db, student_id = call.db, operation.student_id
    try:
        sent = LiveAttemptIn.model_validate(operation.data)
        timestamp = _time.validate_python(operation.data.get("timestamp", operation.timestamp))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in fault["loc"]) or "timestamp"
        raise Refused(f"data.{name}: {fault['msg']}") from error
    question = syllabus_store.find_question(db, reference(sent.question_id))
    if question is None:
        raise Refused("data.question_id: There is no such question.")
    counted = mastery_store.lock_student(db, student_id, call.now)
    if practice_store.find_attempt(db, operation.id) is not None:
        return
    attempt = NewAttempt(
        id=operation.id,
        student_id=student_id,
        question_id=question.id,
        answer=sent.answer,
        is_correct=is_correct(question.question_type, question.correct_answer, sent.answer),
        time_taken_seconds=sent.time_taken_seconds,
        confidence=sent.confidence,
        timestamp=min(timestamp, call.now),  # a device's clock may be ahead
    )
    practice_store.add_attempt(db, attempt, call.now)
    count_attempt(db, counted, answer_of(attempt, question), call.now)


def _change_profile(call: Call, operation: Received) -> bool:
    """Store the fields of a profile, unless it was changed later on the server."""
    sent = {name: value for name, value in operation.data.items() if name in PROFILE_FIELDS}
    try:
        body = ProfileChangeIn.model_validate(sent)
    except (ValidationError, AppError) as error:
        raise Refused("data: The profile has a value that is not valid.") from error
    changed_at = min(operation.timestamp, call.now)
    if student_store.lock_profile(call.db, operation.student_id) >= changed_at:
        return True
    student_store.change_profile(call.db, operation.student_id, changes_of(body), changed_at)
    return False
