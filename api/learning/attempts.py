"""/api/learning/attempts and /api/attempts: answers to practice questions."""

from lib.errors import InvalidCursor, raises
from lib.framework import Response
from lib.learning.current_user import UserCall
from lib.learning.errors import AttemptIdTaken, NotStudent, PracticeQuestionNotFound
from lib.learning.parameters import OwnOrStudentId, PageSize, StudentId
from lib.learning.practice import attempts, wire
from lib.learning.students.student import StudentErrors
from lib.web.app import create_app, lambda_entry
from lib.web.cursor import Cursor

app = create_app("learning.attempts", tag="Learning")


@app.post("/api/learning/attempts")
@raises(AttemptIdTaken, NotStudent, PracticeQuestionNotFound)
def record_attempt(body: wire.AttemptIn, call: UserCall) -> wire.GradedAttemptOut:
    """Grade and store an answer once; repeating it with the same `id` changes nothing."""
    return attempts.record(call, body)


@app.get("/api/learning/attempts")
@raises(InvalidCursor, NotStudent, *StudentErrors)
def list_attempts(
    call: UserCall, student_id: OwnOrStudentId = None, cursor: Cursor = None, limit: PageSize = 50
) -> wire.AttemptsOut:
    """Return answers, newest first: the caller's, or those of a student whom a teacher names."""
    return attempts.list_attempts(call, student_id, cursor, limit)


@app.post("/api/attempts")
@raises(NotStudent, PracticeQuestionNotFound)
def record_live_attempt(
    body: wire.LiveAttemptIn, call: UserCall, response: Response
) -> wire.LiveAttemptOut:
    """Grade and store an answer that a page of the live system sends."""
    response.status_code = 201
    return attempts.record_live(call, body)


@app.get("/api/attempts/student/{student_id}")
@raises(*StudentErrors)
def list_live_attempts(student_id: StudentId, call: UserCall) -> wire.LivePastAttemptsOut:
    """Return the newest 100 answers of a student."""
    return attempts.list_live_attempts(call, student_id)


lambda_handler = lambda_entry(app)
