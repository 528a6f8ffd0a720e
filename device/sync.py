"""One sync of a device: its changes are sent in their order, and it takes what the server has.

A call sends the oldest changes and the cursor. What comes back is stored in one transaction: the
outcomes of the changes, the rows, and the new cursor; so a call that is repeated after a crash
changes nothing. At the end, digests of each table are compared, and rows that differ are repaired.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from device import queue, repair
from device.background import Outcome
from device.content import fetch_content
from device.context import Device
from device.errors import LogInNeeded, ServerAway
from device.identity import become_new, count_sync, write_count
from device.queue import StoredOperation
from device.rows import NoPlace, as_wire, put_class, put_row, recount_mastery, remove_row
from device.server import Reply
from device.tables import OperationState
from device.user import read_device_user
from device.values import DEVICE, REPAIR, SYNC, read_value, write_value
from lib.learning.changes.synced import SCHEMA_VERSION, SyncedTable
from lib.web.wire import utc_text

PATH = "/api/learning/sync"
MAX_OPERATIONS = 200
MAX_BYTES = 240 * 1024
"""Size of the changes in a call; with the rest it stays below 256 KB."""
CONFLICT, TOO_MANY, SERVER_FAULT = 409, 429, 500
SUPERSEDED = "device_superseded"
DONE = frozenset({"applied", "duplicate"})


@dataclass(frozen=True)
class _Sent:
    """A call: what was sent, and what the server answered."""

    operations: Sequence[StoredOperation]
    with_digests: bool
    reply: Reply


def synchronise(device: Device) -> Outcome:
    """Send pending changes, store new rows, and compare the copies, in as many calls as it takes.

    Raises:
        LogInNeeded: If nobody has logged in, or the log-in has expired; the queue is kept.
        ServerNotSet, ServerAway: If the server cannot be reached.
    """
    with device.database.session() as db:
        user = read_device_user(db)
    if user is None:
        raise LogInNeeded
    fetch_content(device)
    while True:
        sent = _call(device)
        if not sent.reply.succeeded:
            if _is_superseded(sent.reply):
                _become_new(device)
                continue
            return _refusal(sent.reply)
        body: Mapping[str, Any] = sent.reply.body
        is_stuck = _store(device, sent, body, user.student_id)
        if is_stuck:
            return Outcome(sent.reply.retry_after, must_wait=True)
        if body["has_more"] or _has_waiting(device):
            continue
        if sent.with_digests:
            repair.compare(device, body["digests"], user.student_id)
            _finish(device)
            return Outcome(sent.reply.retry_after)


def _call(device: Device) -> _Sent:
    """Send the oldest changes, and ask for digests once nothing else is left."""
    with device.database.session() as db:
        identity, state = read_value(db, DEVICE), read_value(db, SYNC) or {}
        assert identity is not None  # noqa: S101 opening the database settles it
        counts = queue.count_states(db)
        operations = _fitting(queue.list_pending(db, MAX_OPERATIONS))
    pending = counts[OperationState.PENDING] - len(operations)
    body = {
        "device": {
            "id": identity["id"],
            "schema_version": SCHEMA_VERSION,
            "syncs": identity["syncs"],
            "pending": pending,
            "rejected": counts[OperationState.REJECTED],
        },
        "operations": [_wire(each) for each in operations],
        "cursor": state.get("cursor"),
        "digests": pending == 0,
    }
    return _Sent(operations, pending == 0, device.server.call_as_user("POST", PATH, body))


def _fitting(operations: Sequence[StoredOperation]) -> list[StoredOperation]:
    """Return the first operations that fit into one call; at least one."""
    fitting: list[StoredOperation] = []
    size = 0
    for operation in operations:
        size += len(json.dumps(_wire(operation)).encode()) + 2
        if fitting and size > MAX_BYTES:
            break
        fitting.append(operation)
    return fitting


def _wire(operation: StoredOperation) -> dict[str, Any]:
    table = SyncedTable(operation.table_name)
    return {
        "id": str(operation.id),
        "table_name": operation.table_name,
        "row_id": str(UUID(operation.row_id)),
        "kind": operation.kind,
        "columns": as_wire(table, operation.columns),
        "clock": operation.clock,
    }


def _store(device: Device, sent: _Sent, body: Mapping[str, Any], student_id: UUID) -> bool:
    """Store a response in one transaction; return whether the server deferred all changes."""
    recorder, now = device.database.recorder, device.now()
    with device.database.session() as db, recorder.paused():
        by_id = {str(each.id): each for each in sent.operations}
        outcomes = [(by_id[each["id"]], each) for each in body["outcomes"]]
        has_changed = [_settle(db, operation, outcome) for operation, outcome in outcomes]
        if body["student_class"] is not None:
            put_class(db, body["student_class"], now)
        has_changed += [_take(db, row, student_id, device) for row in body["rows"]]
        if any(has_changed):
            recount_mastery(db, student_id, now)
        state = read_value(db, SYNC) or {}
        write_value(db, SYNC, {**state, "cursor": body["cursor"], "clock": body["clock"]})
        count_sync(db)
        recorder.clock.follow(body["clock"])
        db.commit()
        write_count(db, device.folder)
    return bool(outcomes) and all(outcome["status"] == "retry" for _, outcome in outcomes)


def _settle(db: Session, operation: StoredOperation, outcome: Mapping[str, Any]) -> bool:
    """Store the outcome of a change; return whether answers have changed.

    The row of a refused answer is removed, so that all copies stay equal; the operation keeps it.
    """
    if outcome["status"] in DONE:
        queue.settle(db, operation.id, OperationState.APPLIED)
    elif outcome["status"] == OperationState.REJECTED:
        queue.settle(db, operation.id, OperationState.REJECTED, outcome["code"], outcome["message"])
        table = SyncedTable(operation.table_name)
        remove_row(db, table, UUID(operation.row_id))
        return table is SyncedTable.QUESTION_ATTEMPTS
    return False


def _take(db: Session, row: Mapping[str, Any], student_id: UUID, device: Device) -> bool:
    """Store a row of the server; return whether it is an answer."""
    table, row_id = SyncedTable(row["table_name"]), UUID(row["row_id"])
    if row["is_deleted"]:
        remove_row(db, table, row_id)
    else:
        try:
            put_row(db, table, row_id, row["columns"], student_id, device.now())
        except NoPlace:  # repaired once content and class are here: until then the digests differ
            return False
    return table is SyncedTable.QUESTION_ATTEMPTS


def _has_waiting(device: Device) -> bool:
    with device.database.session() as db:
        return queue.count_states(db)[OperationState.PENDING] > 0


def _finish(device: Device) -> None:
    """Note that the device and the server agree; a repair of the database is complete then."""
    with device.database.session() as db:
        state = read_value(db, SYNC) or {}
        write_value(db, SYNC, {**state, "last_success": utc_text(device.now())})
        write_value(db, REPAIR, {})
        db.commit()


def _is_superseded(reply: Reply) -> bool:
    return reply.status == CONFLICT and _code(reply) == SUPERSEDED


def _become_new(device: Device) -> None:
    """Take a new id, since the server knows a later state of this device."""
    with device.database.session() as db:
        device.database.recorder.clock.belong_to(become_new(db, device.folder))
        db.commit()


def _refusal(reply: Reply) -> Outcome:
    """Return the outcome of a call that was refused.

    Raises:
        ServerAway: If the server is overloaded or out of order; it may name the time to wait.
    """
    if reply.status == TOO_MANY or reply.status >= SERVER_FAULT or reply.body is None:
        raise ServerAway(retry_after=reply.whole_seconds)
    message = reply.body.get("error") if isinstance(reply.body, dict) else None
    return Outcome(reply.retry_after, problem=str(message or f"HTTP {reply.status}"))


def _code(reply: Reply) -> str | None:
    return reply.body.get("code") if isinstance(reply.body, dict) else None
