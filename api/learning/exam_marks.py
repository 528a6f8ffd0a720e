"""GET, POST /api/learning/exam-marks: marks in exams."""

from lib.errors import raises
from lib.learning.classes import marks, wire
from lib.learning.current_user import UserCall
from lib.learning.errors import ClassClosed, NotStudent
from lib.learning.parameters import Id
from lib.learning.students.student import StudentErrors
from lib.web.app import create_app, lambda_entry

app = create_app("learning.exam_marks", tag="Learning: teachers")


@app.get("/api/learning/exam-marks")
@raises(ClassClosed, NotStudent, *StudentErrors)
def list_marks(call: UserCall, student_id: Id = None, class_id: Id = None) -> wire.MarksAnswer:
    """Return the own marks, those of a student, or those of a class."""
    return marks.list_marks(call, student_id, class_id)


@app.post("/api/learning/exam-marks")
@raises(*StudentErrors)
def enter_marks(body: wire.MarksIn, call: UserCall) -> wire.MarksAnswer:
    """Store the marks of students in an exam; a mark that is there is replaced."""
    return marks.enter_marks(call, body)


lambda_handler = lambda_entry(app)
