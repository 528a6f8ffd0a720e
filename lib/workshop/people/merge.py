"""Two students merged into one by an operator."""

from lib.database.advisory_lock import take_shared_lock
from lib.deps import Deps
from lib.errors import FieldMissing, StudentNotFound
from lib.workshop.people import store
from lib.workshop.people.wire import MergedStudentsOut, MergeStudentsIn


def merge_students(request: MergeStudentsIn, deps: Deps) -> MergedStudentsOut:
    """Move everything that belongs to a student to another one, in the legacy tables too.

    Raises:
        FieldMissing: If one of the students is not given.
        StudentNotFound: If one of the students does not exist.
        MergeRefused: If both are the same, or the one who stays is anonymous, or only the one who
            is merged has an e-mail.
        OlderTableRefuses: If a legacy table cannot hold the e-mail.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock` exclusively.
    """
    for side, student in (
        ("keep", (request.keep_student_id, request.keep_student_email)),
        ("merge", (request.merge_student_id, request.merge_student_email)),
    ):
        if student == (None, None):
            fields = (f"{side}StudentId", f"{side}StudentEmail")
            raise FieldMissing(fields=fields, reason=f"Send {fields[0]} or {fields[1]}.")
    with deps.postgres.transaction() as transaction:
        take_shared_lock(transaction)
        merged = store.merge_students(transaction, request)
    if merged is None:
        raise StudentNotFound
    return MergedStudentsOut(
        student_id=merged.student_id,
        student_email=merged.student_email,
        sessions=merged.sessions,
        enrollments=merged.enrollments,
        older_rows_changed=merged.older_rows,
    )
