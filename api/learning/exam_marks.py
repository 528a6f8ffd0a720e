"""GET, POST /api/learning/exam-marks: marks in exams."""

from lib.errors import InvalidCursor, raises
from lib.learning.classes import marks, wire
from lib.learning.current_user import UserCall
from lib.learning.errors import ClassClosed, NotStudent
from lib.learning.parameters import MAX_PAGE, OptionalId, OwnOrStudentId, PageSize
from lib.learning.students.student import StudentErrors
from lib.web.app import create_app, lambda_entry
from lib.web.cursor import Cursor

app = create_app("learning.exam_marks", tag="Learning: teachers")


@app.get("/api/learning/exam-marks")
@raises(ClassClosed, InvalidCursor, NotStudent, *StudentErrors)
def list_marks(
    call: UserCall,
    student_id: OwnOrStudentId = None,
    class_id: OptionalId = None,
    cursor: Cursor = None,
    limit: PageSize = MAX_PAGE,
) -> wire.MarksOut:
    """Return marks of the caller, of a student, of a class, or of a student in it, newest first."""
    return marks.list_marks(call, student_id, class_id, cursor, limit)


@app.post("/api/learning/exam-marks")
@raises(*StudentErrors)
def enter_marks(body: wire.MarksIn, call: UserCall) -> wire.EnteredMarksOut:
    """Store the marks of students in an exam; an existing mark is replaced."""
    return marks.enter_marks(call, body)


lambda_handler = lambda_entry(app)
