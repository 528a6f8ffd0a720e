"""Lists of devices: a student's own, and for teachers those of their students."""

from datetime import datetime
from uuid import UUID

from lib.learning.classes.manage import managed_class
from lib.learning.current_user import Call
from lib.learning.devices import store
from lib.learning.devices.store import DeviceRow
from lib.learning.devices.wire import DeviceOut, DevicesOut, DeviceState
from lib.learning.tables.closed_lists import Role
from lib.web import cursor
from lib.web.wire import utc_text


def list_devices(
    call: Call, sent_class: str | None, position: str | None, limit: int
) -> DevicesOut:
    """Return a page of devices: a student's own, those of a teacher's classes, all for an admin.

    Args:
        call: The call.
        sent_class: Class to which teachers and admins restrict the list.
        position: Cursor of the page; None for the first.
        limit: Maximum number of devices to return.

    Raises:
        ClassClosed: If the class is not the caller's.
        InvalidCursor: If the cursor is not one that a page returned.
    """
    after = None
    if position is not None:
        time, device_id = cursor.read(position, datetime.fromisoformat, UUID)
        after = (time, device_id)
    user = call.user
    rows = store.list_devices(
        call.db,
        after,
        limit + 1,
        student_id=user.student_id if user.role is Role.STUDENT else None,
        class_id=None if sent_class is None else managed_class(call, sent_class).id,
        teacher_id=user.id if user.role is Role.TEACHER else None,
    )
    page = rows[:limit]
    next_cursor = None
    if len(rows) > limit:
        next_cursor = cursor.write(utc_text(page[-1].last_sync), page[-1].id)
    return DevicesOut(devices=[_out(row) for row in page], count=len(page), next_cursor=next_cursor)


def _out(row: DeviceRow) -> DeviceOut:
    return DeviceOut(
        id=row.id,
        name=row.name,
        student_id=row.student_id,
        student_name=row.student_name,
        last_sync=row.last_sync,
        pending=row.pending,
        rejected=row.rejected,
        state=_state(row),
    )


def _state(row: DeviceRow) -> DeviceState:
    if row.rejected:
        return DeviceState.ERROR
    return DeviceState.PENDING if row.pending else DeviceState.SYNCED
