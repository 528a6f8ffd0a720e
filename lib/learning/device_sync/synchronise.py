"""One sync of a device: its changes are applied, and it gets what it does not have yet.

Each change is applied in a transaction of its own, so that one that is refused never holds up the
others, and a call that ends early loses nothing: what was stored is remembered by the id of the
change, and the device sends the rest again.
"""

from collections import Counter
from collections.abc import Sequence
from http import HTTPStatus
from uuid import UUID

from lib import deadline
from lib.errors import AppError
from lib.learning.changes import rows as synced_rows
from lib.learning.changes import store as changes_store
from lib.learning.changes.clock import SERVER, next_reading, parts_of
from lib.learning.changes.log import complete_log, logged
from lib.learning.changes.store import LoggedChange
from lib.learning.changes.synced import MAX_VERSIONS_APART, SCHEMA_VERSION, SyncedTable
from lib.learning.current_user import Call
from lib.learning.device_sync import store
from lib.learning.device_sync.apply import Applied, Questions, Refused, apply, storable
from lib.learning.device_sync.store import ReceivedChange
from lib.learning.device_sync.wire import (
    MAX_COUNT,
    ChangeIn,
    ChangeOut,
    ChangeStatus,
    DeviceIn,
    DeviceSyncOut,
    DigestOut,
    RowOut,
    RowsOut,
    StudentClassOut,
    SyncIn,
)
from lib.learning.errors import DeviceSuperseded, DeviceVersionRefused
from lib.learning.fixed_ids import uuid_of
from lib.learning.ids import reference
from lib.learning.mastery.update import refresh
from lib.learning.syllabus import store as syllabus_store
from lib.learning.transactions import transaction
from lib.web import cursor

PAGE = 500
"""Maximum number of rows in a response; each has at most about 5 KB."""
RESPONSE_SECONDS = 2.0
"""Time kept for the rows and digests of a response, so that a call whose changes take all the time
reports their outcomes."""
SHORTEST_PAUSE, LONGEST_PAUSE = 60, 120
"""Bounds of the seconds until the next sync; a class spreads its calls between them."""


def synchronise(call: Call, body: SyncIn) -> DeviceSyncOut:
    """Apply the changes of a device, and return the rows that it does not have yet.

    Raises:
        NotStudent: If the caller is not a student.
        DeviceVersionRefused: If the device's tables are too old or too new.
        DeviceSuperseded: If the device is a copy of one that has synchronised since, or its id is
            that of another student's device.
        InvalidCursor: If the cursor is not one that a response returned.
    """
    student_id = call.user.student_id
    _check_version(body.device)
    after = None if body.cursor is None else log_position(body.cursor)
    with transaction(call.db):
        _check_device(call, student_id, body.device)
        newest = complete_log(call.db, student_id, call.now)
    if after is not None and after[0] > newest:  # a backup of the database was restored
        after = None
    outcomes = push(call, student_id, body.device.id, body.operations)
    return _response(call, student_id, body, after, outcomes)


def log_position(sent: str) -> tuple[int, UUID]:
    """Return the place in the log that a cursor names.

    Raises:
        InvalidCursor: If it is not one that a response returned.
    """
    number, entry_id = cursor.read(sent, int, UUID)
    return number, entry_id


def _check_version(device: DeviceIn) -> None:
    if abs(device.schema_version - SCHEMA_VERSION) > MAX_VERSIONS_APART:
        raise DeviceVersionRefused(device=device.schema_version, server=SCHEMA_VERSION)


def _check_device(call: Call, student_id: UUID, device: DeviceIn) -> None:
    stored_device = store.find_device(call.db, device.id)
    if stored_device is not None and (
        stored_device.student_id != student_id or device.syncs < stored_device.syncs
    ):
        raise DeviceSuperseded


def push(
    call: Call, student_id: UUID, device_id: UUID, changes: Sequence[ChangeIn]
) -> list[ChangeOut]:
    """Apply changes in their order, and return the outcome of each.

    After a change that could not be decided, for example because time ran out, the later ones are
    not tried: they may depend on it.
    """
    if not changes:
        return []
    stored_outcomes = store.list_outcomes(call.db, [change.id for change in changes])
    questions = _questions(call, changes)
    call.db.rollback()  # ends the transaction of the two reads
    outcomes: list[ChangeOut] = []
    is_blocked = False
    for change in changes:
        earlier = stored_outcomes.get(change.id)
        if earlier is not None and earlier.was_applied and earlier.student_id == student_id:
            outcomes.append(ChangeOut(id=change.id, status=ChangeStatus.DUPLICATE))
            continue
        if is_blocked or _is_time_over():
            is_blocked = True
            outcomes.append(ChangeOut(id=change.id, status=ChangeStatus.RETRY))
            continue
        try:
            outcomes.append(_decide(call, student_id, device_id, change, questions))
        except AppError as error:
            is_blocked = True
            outcomes.append(
                ChangeOut(
                    id=change.id,
                    status=ChangeStatus.RETRY,
                    code=error.code,
                    message="The server could not decide on this change; send it again.",
                )
            )
    return outcomes


def _is_time_over() -> bool:
    """Return whether the time that is left is needed for the response."""
    seconds = deadline.seconds_left()
    return seconds is not None and seconds < RESPONSE_SECONDS


def _questions(call: Call, changes: Sequence[ChangeIn]) -> Questions:
    sent_ids = {str(it.columns["question_id"]) for it in changes if "question_id" in it.columns}
    return syllabus_store.find_questions(call.db, [reference(each) for each in sent_ids])


def _decide(
    call: Call, student_id: UUID, device_id: UUID, change: ChangeIn, questions: Questions
) -> ChangeOut:
    """Apply a change and remember that in one transaction; remember a refusal in another."""
    try:
        with transaction(call.db), logged(call.db, [student_id], call.now) as log:
            earlier = store.list_outcomes(call.db, [change.id]).get(change.id)
            if earlier is not None and earlier.student_id != student_id:
                return _refused(
                    change, Refused("change_id_taken", "id: Another change has this id.")
                )
            if earlier is not None and earlier.was_applied:
                return ChangeOut(id=change.id, status=ChangeStatus.DUPLICATE)
            applied = apply(call, log, student_id, change, questions)
            received = _received(student_id, device_id, change, None, applied.counted_clock)
            store.record_change(call.db, received, call.now)
    except Refused as refusal:
        return _remember_refusal(call, student_id, device_id, change, refusal)
    except AppError as error:
        if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        # For example, the database refuses a value.
        return _remember_refusal(
            call, student_id, device_id, change, Refused(error.code, str(error))
        )
    return _applied(change, applied)


def _remember_refusal(
    call: Call, student_id: UUID, device_id: UUID, change: ChangeIn, refusal: Refused
) -> ChangeOut:
    with transaction(call.db):
        error = f"{refusal.code}: {refusal}"
        store.record_change(call.db, _received(student_id, device_id, change, error), call.now)
    return _refused(change, refusal)


def _received(
    student_id: UUID,
    device_id: UUID,
    change: ChangeIn,
    error: str | None,
    counted_clock: str | None = None,
) -> ReceivedChange:
    columns = storable(change.columns)
    content = {"columns": columns, "clock": change.clock, "device": str(device_id)}
    if counted_clock is not None and counted_clock != change.clock:
        content["counted_clock"] = counted_clock
    return ReceivedChange(
        change.id,
        student_id,
        change.kind.value,
        change.table_name,
        change.row_id,
        content,
        parts_of(change.clock)[0],
        error,
    )


def _applied(change: ChangeIn, applied: Applied) -> ChangeOut:
    return ChangeOut(
        id=change.id,
        status=ChangeStatus.APPLIED,
        lost_columns=applied.lost_columns,
        kept_columns=applied.kept_columns,
        is_clock_bounded=applied.is_clock_bounded,
    )


def _refused(change: ChangeIn, refusal: Refused) -> ChangeOut:
    return ChangeOut(
        id=change.id, status=ChangeStatus.REJECTED, code=refusal.code, message=str(refusal)
    )


def _response(
    call: Call,
    student_id: UUID,
    body: SyncIn,
    after: tuple[int, UUID] | None,
    outcomes: list[ChangeOut],
) -> DeviceSyncOut:
    description = {**body.device.model_dump(exclude={"id"}), **_remaining(body.device, outcomes)}
    with transaction(call.db):
        refresh(call.db, student_id, call.now)
        store.put_device(call.db, body.device.id, student_id, description, call.now)
    page, end, has_more = pull(call, student_id, after)
    digests = None
    if body.digests and not has_more:
        digests = {
            name: DigestOut(count=it.count, sha256=it.sha256)
            for name, it in synced_rows.digests(call.db, student_id).items()
        }
    own_class = store.read_class(call.db, student_id)
    clocks = [clock for row in page for clock in row.clocks.values()]
    pause = 0 if has_more else pause_of(body.device)
    return DeviceSyncOut(
        student_id=student_id,
        outcomes=outcomes,
        rows=page,
        cursor=cursor.write(*end),
        has_more=has_more,
        digests=digests,
        student_class=None
        if own_class is None
        else StudentClassOut(id=own_class.id, name=own_class.name, grade=own_class.grade),
        schema_version=SCHEMA_VERSION,
        clock=next_reading(call.now, clocks, SERVER),
        next_sync_seconds=pause,
    )


def _remaining(device: DeviceIn, outcomes: Sequence[ChangeOut]) -> dict[str, int]:
    """Return the numbers of changes that the device keeps once it has the outcomes."""
    counts = Counter(outcome.status for outcome in outcomes)
    return {
        "pending": min(device.pending + counts[ChangeStatus.RETRY], MAX_COUNT),
        "rejected": min(device.rejected + counts[ChangeStatus.REJECTED], MAX_COUNT),
    }


def pause_of(device: DeviceIn) -> int:
    """Return the seconds until the next sync of a device."""
    hash_number = uuid_of(f"{device.id}:{device.syncs}").int
    return SHORTEST_PAUSE + hash_number % (LONGEST_PAUSE - SHORTEST_PAUSE + 1)


def pull(
    call: Call, student_id: UUID, after: tuple[int, UUID] | None
) -> tuple[list[RowOut], tuple[int, UUID], bool]:
    """Return the rows that have changed after a place in the log.

    Args:
        call: The call.
        student_id: The student.
        after: The place; None for the beginning.

    Returns:
        The rows, the place of the last one, and whether more follow.
    """
    entries = changes_store.list_changes(call.db, student_id, after, PAGE + 1)
    page = entries[:PAGE]
    end = after or (0, UUID(int=0))
    if page:
        entry_id, last = page[-1]
        end = (last.number, entry_id)
    return _rows(call, student_id, [it for _, it in page]), end, len(entries) > PAGE


def _rows(call: Call, student_id: UUID, changes: Sequence[LoggedChange]) -> list[RowOut]:
    """Return the present state of rows; one that has vanished counts as deleted."""
    rows_by_table = {}
    for table in SyncedTable:
        ids = [it.row_id for it in changes if it.table is table]
        if ids:
            rows_by_table[table] = synced_rows.read_rows(call.db, table, student_id, ids)
    return [
        _row_out(it.table, it.row_id, rows_by_table[it.table].get(it.row_id), it.clocks)
        for it in changes
    ]


def _row_out(table: SyncedTable, row_id: UUID, columns: object, clocks: object) -> RowOut:
    return RowOut.model_validate(
        {
            "table_name": table,
            "row_id": row_id,
            "is_deleted": columns is None,
            "columns": columns or {},
            "clocks": clocks,
        }
    )


def list_rows(call: Call, table: SyncedTable, position: str | None, limit: int) -> RowsOut:
    """Return a page of the caller's rows in a table.

    Raises:
        NotStudent: If the caller is not a student.
        InvalidCursor: If the cursor is not one that a page returned.
    """
    student_id = call.user.student_id
    after = None if position is None else cursor.read(position, UUID)[0]
    rows_by_id = synced_rows.page_of_rows(call.db, table, student_id, after, limit + 1)
    ids = list(rows_by_id)
    page = ids[:limit]
    clocks = changes_store.list_clocks(call.db, student_id, table, page)
    rows = [_row_out(table, it, rows_by_id[it], clocks.get(it, {})) for it in page]
    next_cursor = cursor.write(page[-1]) if len(ids) > limit else None
    return RowsOut(rows=rows, count=len(rows), next_cursor=next_cursor)
