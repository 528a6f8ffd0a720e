"""Synchronisation: /api/learning/sync for new devices, /api/sync/… for the live system's."""

from typing import Annotated

from lib.errors import InvalidCursor, raises
from lib.framework import Query, Response
from lib.learning.changes.synced import SyncedTable
from lib.learning.current_user import UserCall
from lib.learning.device_sync import synchronise
from lib.learning.device_sync import wire as device_wire
from lib.learning.devices import read
from lib.learning.devices.wire import DevicesOut
from lib.learning.errors import ClassClosed, DeviceSuperseded, DeviceVersionRefused, NotStudent
from lib.learning.parameters import MAX_PAGE, PageSize, SentText, StudentId
from lib.learning.students.student import StudentErrors
from lib.learning.sync import download, upload, wire
from lib.web.app import create_app, lambda_entry
from lib.web.cursor import Cursor

app = create_app("learning.sync", tag="Learning")


@app.post("/api/learning/sync")
@raises(DeviceSuperseded, DeviceVersionRefused, InvalidCursor, NotStudent)
def synchronise_device(
    body: device_wire.SyncIn, call: UserCall, response: Response
) -> device_wire.DeviceSyncOut:
    """Apply the changes of a device, and return the rows that it does not have yet.

    `Retry-After` says when to call again, so that not all devices of a class call at once.
    """
    result = synchronise.synchronise(call, body)
    response.headers["Retry-After"] = str(result.next_sync_seconds)
    return result


@app.get("/api/learning/sync/rows")
@raises(InvalidCursor, NotStudent)
def list_synced_rows(
    call: UserCall,
    table: Annotated[SyncedTable, Query(description="The table.")],
    cursor: Cursor = None,
    limit: PageSize = MAX_PAGE,
) -> device_wire.RowsOut:
    """Return a page of the caller's rows of a table, to repair a copy whose digest differs."""
    return synchronise.list_rows(call, table, cursor, limit)


@app.get("/api/learning/devices")
@raises(ClassClosed, InvalidCursor)
def list_devices(
    call: UserCall,
    class_id: Annotated[
        SentText | None, Query(max_length=100, description="Class to list, for teachers.")
    ] = None,
    cursor: Cursor = None,
    limit: PageSize = MAX_PAGE,
) -> DevicesOut:
    """Return a student's own devices, those in a teacher's classes, or all devices for an admin."""
    return read.list_devices(call, class_id, cursor, limit)


@app.post("/api/sync/upload")
@raises(*StudentErrors)
def upload_operations(body: wire.QueueIn, call: UserCall) -> wire.QueueOut:
    """Apply the queue of a device; derived rows are acknowledged, but not stored."""
    return upload.upload(call, body)


@app.get("/api/sync/download/{student_id}")
@raises(*StudentErrors)
def download_rows(student_id: StudentId, call: UserCall) -> wire.DownloadOut:
    """Return a student's answers, mastery, plans and profile."""
    return download.download(call, student_id)


@app.get("/api/sync/status/{student_id}")
@raises(*StudentErrors)
def read_sync_status(student_id: StudentId, call: UserCall) -> wire.SyncStatusOut:
    """Return whether everything that was uploaded has been applied."""
    return download.read_status(call, student_id)


lambda_handler = lambda_entry(app)
