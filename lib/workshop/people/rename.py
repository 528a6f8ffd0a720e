"""A student's new name, given by an operator."""

from lib.database.advisory_lock import take_shared_lock
from lib.deps import Deps
from lib.errors import FieldMissing, StudentNotFound
from lib.workshop.people import store
from lib.workshop.people.wire import RenamedStudentOut, RenameStudentIn


def rename_student(request: RenameStudentIn, deps: Deps) -> RenamedStudentOut:
    """Rename a student; the names that sessions sent stay.

    Raises:
        FieldMissing: If neither studentId nor studentEmail is given.
        StudentNotFound: If the student does not exist.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock` exclusively.
    """
    if request.student_id is None and request.student_email is None:
        raise FieldMissing(
            fields=("studentId", "studentEmail"), reason="Send studentId or studentEmail."
        )
    with deps.postgres.transaction() as transaction:
        take_shared_lock(transaction)
        student = store.rename_student(transaction, request)
    if student is None:
        raise StudentNotFound
    return RenamedStudentOut(student_id=student.student_id, student_name=student.student_name)
