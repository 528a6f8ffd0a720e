"""/api/learning/mastery and /api/mastery/…: a student's mastery of concepts and topics."""

from lib.errors import raises
from lib.learning.current_user import UserCall
from lib.learning.errors import ConceptNotFound, NotStudent
from lib.learning.mastery import read, wire
from lib.learning.parameters import ConceptId, OwnOrStudentId, StudentId
from lib.learning.students.student import StudentErrors
from lib.web.app import create_app, lambda_entry

app = create_app("learning.mastery", tag="Learning")


@app.get("/api/learning/mastery")
@raises(NotStudent, *StudentErrors)
def read_mastery(call: UserCall, student_id: OwnOrStudentId = None) -> wire.StudentMasteryOut:
    """Return the mastery of every topic and concept: the caller's own, or a student's."""
    return read.read_mastery(call, student_id)


@app.get("/api/mastery/student/{student_id}")
@raises(*StudentErrors)
def list_live_mastery(student_id: StudentId, call: UserCall) -> wire.LiveMasteriesOut:
    """Return the mastery of every concept that was practised."""
    return read.list_live_mastery(call, student_id)


@app.get("/api/mastery/student/{student_id}/concept/{concept_id}")
@raises(ConceptNotFound, *StudentErrors)
def read_live_mastery(
    student_id: StudentId, concept_id: ConceptId, call: UserCall
) -> wire.LiveMasteryDetailOut:
    """Return the mastery of one concept."""
    return read.read_live_mastery(call, student_id, concept_id)


@app.get("/api/attempts/mastery/student/{student_id}")
@raises(*StudentErrors)
def list_live_mastery_of_attempts(student_id: StudentId, call: UserCall) -> wire.LiveMasteriesOut:
    """Return the same as /api/mastery/student/{student_id}."""
    return read.list_live_mastery(call, student_id)


@app.get("/api/attempts/mastery/student/{student_id}/concept/{concept_id}")
@raises(ConceptNotFound, *StudentErrors)
def read_live_mastery_of_attempts(
    student_id: StudentId, concept_id: ConceptId, call: UserCall
) -> wire.LiveMasteryDetailOut:
    """Return the same as /api/mastery/student/{student_id}/concept/{concept_id}."""
    return read.read_live_mastery(call, student_id, concept_id)


lambda_handler = lambda_entry(app)
