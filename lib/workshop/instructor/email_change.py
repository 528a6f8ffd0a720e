"""A student's new e-mail, given by an operator."""

from lib.database.advisory_lock import take_shared_lock
from lib.deps import Deps
from lib.errors import FieldMissing, StudentNotFound
from lib.workshop.instructor import store
from lib.workshop.instructor.wire import ChangedEmailOut, ChangeEmailIn


def change_email(request: ChangeEmailIn, deps: Deps) -> ChangedEmailOut:
    """Change the e-mail of a student, in the legacy tables too; sessions keep their tokens.

    Raises:
        FieldMissing: If neither studentId nor studentEmail is given.
        StudentNotFound: If the student does not exist.
        EmailOfAnotherStudent: If another student has the new e-mail.
        OlderTableRefuses: If a legacy table cannot hold the new e-mail.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock` exclusively.
    """
    if request.student_id is None and request.student_email is None:
        raise FieldMissing(
            fields=("studentId", "studentEmail"), reason="Send studentId or studentEmail."
        )
    with deps.postgres.transaction() as transaction:
        take_shared_lock(transaction)
        changed = store.change_email(
            transaction,
            student_id=request.student_id,
            student_email=request.student_email,
            new_email=request.new_email,
        )
    if changed is None:
        raise StudentNotFound
    return ChangedEmailOut(
        student_id=changed.student_id,
        student_email=changed.student_email,
        sessions=changed.sessions,
        older_rows_changed=changed.older_rows,
    )
