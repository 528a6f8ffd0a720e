"""Application of one change of a device to the rows of its student."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from lib.learning.changes.clock import NEVER, bounded, is_too_far_ahead, parts_of
from lib.learning.changes.log import ChangeLog
from lib.learning.changes.merge import merge
from lib.learning.changes.synced import DERIVED, SYNCED, SyncedTable
from lib.learning.current_user import Call
from lib.learning.device_sync import store
from lib.learning.device_sync.wire import AttemptColumns, ChangeIn
from lib.learning.ids import Reference, reference
from lib.learning.practice import store as practice_store
from lib.learning.practice.store import NewAttempt
from lib.learning.students import store as student_store
from lib.learning.students.profile import changes_of
from lib.learning.students.wire import ProfileChangeIn
from lib.learning.syllabus.grading import is_correct
from lib.learning.syllabus.store import QuestionRow
from lib.learning.tables import StudentProfile
from lib.learning.tables.closed_lists import OperationType

Questions = Mapping[Reference, QuestionRow]
MAX_EXTRA = 64 * 1024
"""Maximum size of the values of a row that have no column here, in characters of JSON."""
PROFILE_COLUMNS = frozenset(StudentProfile.__table__.columns.keys())


class Refused(Exception):
    """The change cannot be applied.

    Attributes:
        code: Machine-readable reason.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Applied:
    """Result of a change that was applied."""

    lost_columns: tuple[str, ...] = ()
    """Columns that were changed later elsewhere; they keep the later value."""
    kept_columns: tuple[str, ...] = ()
    """Columns that the table does not have; values not in `lost_columns` are kept in `extra`."""
    is_clock_bounded: bool = False
    """Whether the clock was too far in the future and the server's time counts instead."""
    counted_clock: str | None = None
    """Clock by which a change of the profile was merged; None for every other change."""


_attempt_columns = TypeAdapter(AttemptColumns)


def apply(
    call: Call, log: ChangeLog, student_id: UUID, change: ChangeIn, questions: Questions
) -> Applied:
    """Store a change in the transaction of the caller, and log it; ignore one of a derived table.

    Args:
        call: The call.
        log: Log of the transaction.
        student_id: The student.
        change: The change.
        questions: The questions that the changes of the call name.

    Raises:
        Refused: If it can never be applied.
    """
    if change.table_name in DERIVED:
        return Applied()
    if change.table_name not in SYNCED:
        raise Refused("unknown_table", f"The table {change.table_name} is not synchronised.")
    apply_to = _APPLY.get(SyncedTable(change.table_name))
    if apply_to is None:
        raise Refused("read_only", f"Only the server changes the table {change.table_name}.")
    applied = apply_to(call, log, student_id, change, questions)
    return replace(applied, is_clock_bounded=is_too_far_ahead(change.clock, call.now))


def _add_attempt(
    call: Call, log: ChangeLog, student_id: UUID, change: ChangeIn, questions: Questions
) -> Applied:
    """Store an answer, which is never changed afterwards."""
    if change.kind is not OperationType.CREATE:
        raise Refused("insert_only", "An answer is never changed or deleted.")
    _refuse_foreign(change.columns.get("student_id"), student_id)
    try:
        columns = _attempt_columns.validate_python(dict(change.columns))
    except ValidationError as error:
        raise _invalid(error) from error
    question = questions.get(reference(columns.question_id))
    if question is None:
        raise Refused(
            "practice_question_not_found", "columns.question_id: There is no such question."
        )
    stored_attempt = practice_store.find_attempt(call.db, change.row_id)
    if stored_attempt is not None:
        earlier = (stored_attempt.student_id, stored_attempt.question_id, stored_attempt.answer)
        if earlier != (student_id, question.id, columns.answer):
            raise Refused("attempt_id_taken", "row_id: Another answer has this id.")
        return Applied()
    attempt = NewAttempt(
        id=change.row_id,
        student_id=student_id,
        question_id=question.id,
        answer=columns.answer,
        is_correct=is_correct(question.question_type, question.correct_answer, columns.answer),
        time_taken_seconds=columns.time_taken_seconds,
        confidence=columns.confidence,
        timestamp=min(columns.timestamp, call.now),  # a device's clock may be ahead
    )
    practice_store.add_attempts(call.db, [attempt], call.now)
    store.mark_stale(call.db, student_id, call.now)
    log.add(student_id, SyncedTable.QUESTION_ATTEMPTS, change.row_id)
    ignored_columns = {"student_id", "is_correct", "synced", "former_id", "extra", "id"}
    unknown_columns = change.columns.keys() - AttemptColumns.model_fields.keys() - ignored_columns
    if unknown_columns:
        extra = {name: storable(change.columns[name]) for name in unknown_columns}
        practice_store.keep_extra(call.db, change.row_id, _small_enough(extra))
    return Applied(kept_columns=tuple(sorted(unknown_columns)))


def _change_profile(
    call: Call, log: ChangeLog, student_id: UUID, change: ChangeIn, _questions: Questions
) -> Applied:
    """Store those columns of a profile that nobody has changed later."""
    if change.kind is not OperationType.UPDATE:
        raise Refused("update_only", "A device can change a profile, not create or delete it.")
    _refuse_foreign(change.row_id, student_id)
    editable = SYNCED[SyncedTable.STUDENT_PROFILES].editable
    unknown_columns = change.columns.keys() - PROFILE_COLUMNS
    fixed_columns = change.columns.keys() - editable - unknown_columns
    if fixed_columns:
        raise Refused(
            "read_only", f"columns.{min(fixed_columns)}: Only the server changes this column."
        )
    try:
        body = ProfileChangeIn.model_validate(
            {name: value for name, value in change.columns.items() if name in editable}
        )
    except ValidationError as error:
        raise _invalid(error) from error
    values = {**changes_of(body), **{name: change.columns[name] for name in unknown_columns}}
    changed_at = student_store.lock_profile(call.db, student_id)
    table = SyncedTable.STUDENT_PROFILES
    clocks = log.read_clocks(student_id, table, student_id, changed_at)
    clock = bounded(change.clock, call.now, clocks.values())
    merged = merge(values, clock, clocks, NEVER)
    winning_values = {name: value for name, value in values.items() if name in merged.columns}
    student_store.change_profile(
        call.db,
        student_id,
        {name: value for name, value in winning_values.items() if name in editable},
        max(changed_at, min(parts_of(clock)[0], call.now)),
    )
    extra_values = {
        name: storable(value) for name, value in winning_values.items() if name in unknown_columns
    }
    if extra_values:
        extra = store.read_extra(call.db, student_id)
        store.write_extra(call.db, student_id, _small_enough({**extra, **extra_values}))
    # Logged even if the change lost every column, so that the device fetches the values that won.
    log.add(student_id, table, student_id, merged.clocks)
    return Applied(
        tuple(sorted(values.keys() - winning_values.keys())),
        tuple(sorted(unknown_columns)),
        counted_clock=clock,
    )


def storable(value: Any) -> Any:
    """Return a JSON value without NUL characters, which Postgres cannot store."""
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if isinstance(value, Mapping):
        return {storable(name): storable(each) for name, each in value.items()}
    return [storable(each) for each in value] if isinstance(value, list) else value


def _small_enough(extra: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a row's unknown columns.

    Raises:
        Refused: If they are too large to keep.
    """
    if len(json.dumps(extra)) > MAX_EXTRA:
        raise Refused("too_large", "columns: The unknown columns of the row are larger than 64 KB.")
    return extra


def _refuse_foreign(sent: Any, student_id: UUID) -> None:
    if sent is not None and reference(str(sent)).id != student_id:
        raise Refused("student_closed", "The row belongs to another student.")


def _invalid(error: ValidationError) -> Refused:
    fault = error.errors(include_url=False)[0]
    place = ".".join(["columns", *(str(part) for part in fault["loc"])])
    return Refused("invalid_row", f"{place}: {fault['msg']}.")


_APPLY: dict[SyncedTable, Callable[[Call, ChangeLog, UUID, ChangeIn, Questions], Applied]] = {
    SyncedTable.QUESTION_ATTEMPTS: _add_attempt,
    SyncedTable.STUDENT_PROFILES: _change_profile,
}
