"""State of a device, as its pages show it."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from device import queue
from device.context import Device
from device.tables import OperationState
from device.user import read_device_user
from device.values import DEVICE, REPAIR, SYNC, read_value
from device.wire import DeviceStateOut, DeviceStatusOut, RejectedOut, RepairOut, SyncState
from lib.learning.current_user import Call
from lib.learning.students.student import readable_student
from lib.web.wire import UtcTime

MAX_REJECTIONS = 50
_time: TypeAdapter[datetime] = TypeAdapter(UtcTime)


@dataclass(frozen=True)
class SyncProgress:
    """Whether a sync is under way, how the last one ended, and when the next one is due."""

    is_syncing: bool = False
    server_away: bool = False
    problem: str | None = None
    """Reason why the last sync failed, if a person has to act."""
    next_sync: datetime | None = None


class ProgressBoard:
    """Progress that one thread writes and others read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._progress = SyncProgress()

    def read(self) -> SyncProgress:
        """Return the progress."""
        with self._lock:
            return self._progress

    def change(self, **changes: Any) -> None:
        """Change parts of the progress."""
        with self._lock:
            self._progress = replace(self._progress, **changes)


def read_state(device: Device, progress: SyncProgress) -> DeviceStateOut:
    """Return the state of the device."""
    account = device.accounts.read()
    with device.database.session() as db:
        identity = read_value(db, DEVICE)
        assert identity is not None  # noqa: S101 set when the database is opened
        user = read_device_user(db)
        counts = queue.count_states(db)
        rejections = queue.list_rejected(db, MAX_REJECTIONS)
        sync = read_value(db, SYNC) or {}
        repair = read_value(db, REPAIR)
    needs_log_in = user is not None and account.access_token is None
    pending, rejected = counts[OperationState.PENDING], counts[OperationState.REJECTED]
    return DeviceStateOut(
        device_id=UUID(identity["id"]),
        username=None if user is None else user.username,
        server=account.server,
        state=_state(progress, pending, rejected, sync, needs_log_in=needs_log_in),
        server_away=progress.server_away,
        needs_log_in=needs_log_in,
        pending=pending,
        rejected=rejected,
        rejections=[_rejection_out(each) for each in rejections],
        last_success=_moment(sync.get("last_success")),
        next_sync=progress.next_sync,
        problem=progress.problem,
        repair=None if not repair else RepairOut.model_validate(repair),
    )


def read_live_status(call: Call, sent_id: str, progress: SyncProgress) -> DeviceStatusOut:
    """Return the state of synchronisation in the live system's shape.

    Raises:
        StudentClosed, StudentNotFound: As for `readable_student`.
    """
    student = readable_student(call, sent_id)
    counts = queue.count_states(call.db)
    sync = read_value(call.db, SYNC) or {}
    pending, rejected = counts[OperationState.PENDING], counts[OperationState.REJECTED]
    return DeviceStatusOut(
        student_id=student.live_id,
        pending_operations=pending + rejected,
        sync_state=_state(progress, pending, rejected, sync, needs_log_in=False),
        last_sync_time=_moment(sync.get("last_success")),
    )


def _state(
    progress: SyncProgress,
    pending: int,
    rejected: int,
    sync: Mapping[str, Any],
    *,
    needs_log_in: bool,
) -> SyncState:
    if progress.is_syncing:
        return SyncState.SYNCING
    if progress.problem is not None or needs_log_in or rejected:
        return SyncState.ERROR
    has_everything = pending == 0 and sync.get("last_success") is not None
    return SyncState.SYNCED if has_everything else SyncState.PENDING


def _rejection_out(operation: queue.StoredOperation) -> RejectedOut:
    return RejectedOut(
        id=operation.id,
        table_name=operation.table_name,
        row_id=operation.row_id,
        columns=dict(operation.columns),
        created_at=operation.created_at,
        code=operation.code,
        reason=operation.reason,
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else _time.validate_python(text)
