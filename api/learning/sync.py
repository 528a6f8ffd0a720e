"""/api/sync/…: synchronisation of devices of the live planner."""

from lib.errors import raises
from lib.learning.current_user import UserCall
from lib.learning.parameters import StudentId
from lib.learning.students.student import StudentErrors
from lib.learning.sync import download, upload, wire
from lib.web.app import create_app, lambda_entry

app = create_app("learning.sync", tag="Learning")


@app.post("/api/sync/upload")
@raises(*StudentErrors)
def upload_operations(body: wire.QueueIn, call: UserCall) -> wire.QueueOut:
    """Apply the queue of a device; derived rows are acknowledged and not stored."""
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
