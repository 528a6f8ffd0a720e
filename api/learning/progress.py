"""GET /api/learning/progress: a student's progress over the last 30 days."""

from lib.errors import raises
from lib.learning.current_user import UserCall
from lib.learning.errors import NotStudent
from lib.learning.parameters import OwnOrStudentId
from lib.learning.progress import read
from lib.learning.progress.wire import StudyProgressOut
from lib.learning.students.student import StudentErrors
from lib.web.app import create_app, lambda_entry

app = create_app("learning.progress", tag="Learning")


@app.get("/api/learning/progress")
@raises(NotStudent, *StudentErrors)
def read_progress(call: UserCall, student_id: OwnOrStudentId = None) -> StudyProgressOut:
    """Return 30 days of progress, changes in the last 7, and frequent mistakes; days are in UTC."""
    return read.read_progress(call, student_id)


lambda_handler = lambda_entry(app)
