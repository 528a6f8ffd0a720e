"""One sync of a device: it sends its changes in their order, and stores those of the server.

A call sends the oldest changes and the cursor. The response is stored in one transaction: the
outcomes of the changes, the rows, and the new cursor. So a call that is repeated after a crash
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
from device.rows import MissingReference, as_wire, put_class, put_row, recount_mastery, remove_row
from device.server import Reply
from device.tables import OperationState
from device.user import read_device_user
from device.values import DEVICE, REPAIR, SYNC, read_value, write_value
from lib.learning.changes.synced import SCHEMA_VERSION, SyncedTable
from lib.web.wire import utc_text

PATH = "/api/learning/sync"
MAX_OPERATIONS = 200
MAX_BYTES = 240 * 1024
"""Maximum size of the changes in a call, which keeps the whole body below 256 KB."""
CONFLICT, TOO_MANY, SERVER_FAULT = 409, 429, 500
UNREADABLE = frozenset({400, 413, 422})
"""Statuses of a call whose body is refused as a whole, such as for one change that is too large."""
SUPERSEDED, STALE_CURSOR = "device_superseded", "invalid_cursor"
TABLES = frozenset(SyncedTable)
APPLIED_STATUSES = frozenset({"applied", "duplicate"})
"""Outcomes of changes that the server holds."""


@dataclass(frozen=True)
class _Call:
    """A call: what was sent, and the response."""

    operations: Sequence[StoredOperation]
    with_digests: bool
    has_cursor: bool
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
    limit = MAX_OPERATIONS
    while True:
        call = _send(device, limit)
        if not call.reply.succeeded:
            if not (_adapt(device, call) or _isolate_change(device, call, user.student_id)):
                return _refusal(call.reply)
            limit = max(1, len(call.operations) // 2)
            continue
        limit = MAX_OPERATIONS
        body: Mapping[str, Any] = call.reply.body
        all_deferred = _store(device, call, body, user.student_id)
        if all_deferred:
            return Outcome(call.reply.retry_after, must_wait=True)
        if body["has_more"] or _has_pending(device):
            continue
        if call.with_digests:
            repair.compare(device, body, user.student_id)
            if _has_pending(device):  # attempts that the server had lost
                continue
            _finish(device)
            return Outcome(call.reply.retry_after)


def _adapt(device: Device, call: _Call) -> bool:
    """Remove the cause of a refusal, if it is known; return whether the call can be repeated."""
    if call.reply.status == CONFLICT and _code(call.reply) == SUPERSEDED:
        _become_new(device)
    elif call.has_cursor and _code(call.reply) == STALE_CURSOR:
        _forget_cursor(device)
    else:
        return False
    return True


def _isolate_change(device: Device, call: _Call, student_id: UUID) -> bool:
    """Find the change that makes the server refuse a call, so that it does not block the others.

    The changes are halved until one is left. It is at fault if a call without changes succeeds.

    Returns:
        Whether to repeat the call with fewer changes.
    """
    if call.reply.status not in UNREADABLE or not call.operations:
        return False
    if len(call.operations) > 1:
        return True
    probe = _send(device, 0)
    if not probe.reply.succeeded:
        return False
    reply = call.reply
    outcome = {"status": "rejected", "code": _code(reply), "message": _message(reply)}
    with device.database.session() as db, device.database.recorder.paused():
        if _settle(db, call.operations[0], outcome):
            recount_mastery(db, student_id, device.now())
        db.commit()
    return True


def _send(device: Device, limit: int) -> _Call:
    """Send the oldest changes, and ask for digests once these are the last ones.

    Args:
        device: The device.
        limit: Maximum number of changes to send.

    Raises:
        ServerAway, LogInNeeded: As for `synchronise`.
    """
    with device.database.session() as db:
        identity, state = read_value(db, DEVICE), read_value(db, SYNC) or {}
        assert identity is not None  # noqa: S101 set when the database is opened
        counts = queue.count_states(db)
        operations = _fitting(queue.list_pending(db, limit))
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
    reply = device.server.call_as_user("POST", PATH, body)
    if reply.succeeded and not isinstance(reply.body, dict):  # something else has responded
        raise ServerAway
    return _Call(operations, pending == 0, body["cursor"] is not None, reply)


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


def _store(device: Device, call: _Call, body: Mapping[str, Any], student_id: UUID) -> bool:
    """Store a response in one transaction; return whether the server deferred all changes."""
    recorder, now = device.database.recorder, device.now()
    with device.database.session() as db, recorder.paused():
        by_id = {str(each.id): each for each in call.operations}
        outcomes = [(by_id[each["id"]], each) for each in body["outcomes"]]
        has_changed = [_settle(db, operation, outcome) for operation, outcome in outcomes]
        queue.prune(db)
        if body["student_class"] is not None:
            put_class(db, body["student_class"], now)
        has_changed += [_store_row(db, row, student_id, device) for row in body["rows"]]
        if any(has_changed):
            recount_mastery(db, student_id, now)
        state = read_value(db, SYNC) or {}
        if state.get("schema_version", body["schema_version"]) != body["schema_version"]:
            queue.retry_rejected(db)  # another version of the server may accept them
        new_values = {name: body[name] for name in ("cursor", "clock", "schema_version")}
        write_value(db, SYNC, {**state, **new_values})
        count_sync(db)
        recorder.clock.follow(body["clock"])
        db.commit()
        write_count(db, device.folder)
    return bool(outcomes) and all(outcome["status"] == "retry" for _, outcome in outcomes)


def _settle(db: Session, operation: StoredOperation, outcome: Mapping[str, Any]) -> bool:
    """Store the outcome of a change; return whether attempts have changed.

    The row of a refused attempt is removed, so that all copies stay equal; the operation keeps
    its values.
    """
    if outcome["status"] in APPLIED_STATUSES:
        queue.settle(db, operation.id, OperationState.APPLIED)
    elif outcome["status"] == OperationState.REJECTED:
        queue.settle(db, operation.id, OperationState.REJECTED, outcome["code"], outcome["message"])
        table = SyncedTable(operation.table_name)
        remove_row(db, table, UUID(operation.row_id))
        return table is SyncedTable.QUESTION_ATTEMPTS
    return False


def _store_row(db: Session, row: Mapping[str, Any], student_id: UUID, device: Device) -> bool:
    """Store or remove a row of the server; return whether attempts have changed."""
    if row["table_name"] not in TABLES:
        # Only a newer server has the table; a repair fetches its rows once the device is updated.
        return False
    table, row_id = SyncedTable(row["table_name"]), UUID(row["row_id"])
    if row["is_deleted"]:
        remove_row(db, table, row_id)
    else:
        try:
            put_row(db, table, row_id, row["columns"], student_id, device.now())
        except (
            MissingReference
        ):  # repaired once content and class are here: until then the digests differ
            return False
    return table is SyncedTable.QUESTION_ATTEMPTS


def _has_pending(device: Device) -> bool:
    with device.database.session() as db:
        return queue.count_states(db)[OperationState.PENDING] > 0


def _finish(device: Device) -> None:
    """Record that the device and the server agree; a repair of the database is complete then."""
    with device.database.session() as db:
        state = read_value(db, SYNC) or {}
        write_value(db, SYNC, {**state, "last_success": utc_text(device.now())})
        write_value(db, REPAIR, {})
        db.commit()


def _become_new(device: Device) -> None:
    """Take a new id, since the server has seen a later state of this device."""
    with device.database.session() as db:
        device.database.recorder.clock.belong_to(become_new(db, device.folder))
        db.commit()


def _forget_cursor(device: Device) -> None:
    """Let the next call fetch everything, since the server cannot read the cursor any more."""
    with device.database.session() as db:
        write_value(db, SYNC, {**(read_value(db, SYNC) or {}), "cursor": None})
        db.commit()


def _refusal(reply: Reply) -> Outcome:
    """Return the outcome of a call that was refused.

    Raises:
        ServerAway: If the server is overloaded or out of order; it may name the time to wait.
    """
    if reply.status == TOO_MANY or reply.status >= SERVER_FAULT or reply.body is None:
        raise ServerAway(retry_after=reply.whole_seconds)
    return Outcome(reply.retry_after, problem=_message(reply))


def _message(reply: Reply) -> str:
    message = reply.body.get("error") if isinstance(reply.body, dict) else None
    return str(message or f"HTTP {reply.status}")


def _code(reply: Reply) -> str | None:
    return reply.body.get("code") if isinstance(reply.body, dict) else None
