"""Classes: creation, join codes, members and moves."""

import secrets
from uuid import UUID

from lib.learning.changes.log import logged
from lib.learning.changes.synced import SyncedTable
from lib.learning.classes import store
from lib.learning.classes.store import ClassRow
from lib.learning.classes.wire import (
    ClassChangeIn,
    ClassesOut,
    ClassIn,
    ClassStudentsOut,
    JoinedClassOut,
    JoinIn,
    MemberOut,
    MoveIn,
    TaughtClassOut,
)
from lib.learning.current_user import Call
from lib.learning.errors import ClassClosed, JoinCodeUnknown, StudentClosed
from lib.learning.ids import reference
from lib.learning.parameters import MAX_PAGE
from lib.learning.students import store as student_store
from lib.learning.students.student import list_students
from lib.learning.tables.base import new_id
from lib.learning.tables.closed_lists import Role
from lib.learning.transactions import transaction
from lib.web import cursor

CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Letters and digits that are not mistaken for one another."""
CODE_LENGTH = 8


def list_classes(call: Call, position: str | None = None, limit: int = MAX_PAGE) -> ClassesOut:
    """Return a page of the caller's classes, or for an admin of all classes, ordered by name.

    Raises:
        InvalidCursor: If the cursor is not one that a page returned.
    """
    user = call.user
    after = None
    if position is not None:
        name, class_id = cursor.read(position, str, UUID)
        after = (name, class_id)
    is_student = user.role is Role.STUDENT
    rows = store.list_classes(
        call.db,
        after,
        limit + 1,
        teacher_id=user.id if user.role is Role.TEACHER else None,
        student_id=user.student_id if is_student else None,
    )
    page = rows[:limit]
    return ClassesOut(
        classes=[_out(row, with_code=not is_student) for row in page],
        count=len(page),
        next_cursor=cursor.write(page[-1].name, page[-1].id) if len(rows) > limit else None,
    )


def create_class(call: Call, body: ClassIn) -> ClassStudentsOut:
    """Create a class of the caller, with a join code."""
    class_id = new_id()
    values = {
        "id": class_id,
        "name": body.name,
        "grade": body.grade,
        "teacher_id": call.user.id,
        "join_code": _new_code(),
        "created_at": call.now,
        "updated_at": call.now,
    }
    with transaction(call.db):
        store.add_class(call.db, values)
    return _response(call, managed_class(call, str(class_id)), "The class was created.")


def read_class(call: Call, sent_id: str) -> ClassStudentsOut:
    """Return a class and its students.

    Raises:
        ClassClosed: If there is no such class, or it is another teacher's.
    """
    return _response(call, managed_class(call, sent_id), None)


def change_class(call: Call, sent_id: str, body: ClassChangeIn) -> ClassStudentsOut:
    """Store the fields of a class that were sent.

    Raises:
        ClassClosed: As for `read_class`.
    """
    row = managed_class(call, sent_id)
    changes = {
        name: value
        for name, value in body.model_dump(exclude={"open_to_join"}).items()
        if value is not None
    }
    if body.open_to_join is not None:
        changes["join_code"] = _new_code() if body.open_to_join else None
    with transaction(call.db):
        store.change_class(call.db, row.id, changes | {"updated_at": call.now})
    return _response(call, managed_class(call, sent_id), "The class was changed.")


def join_class(call: Call, body: JoinIn) -> JoinedClassOut:
    """Move the caller from the present class, if there is one, to the class with a join code.

    Raises:
        NotStudent: If the caller is not a student.
        JoinCodeUnknown: If no class has the code.
    """
    student_id = call.user.student_id
    with transaction(call.db), logged(call.db, [student_id], call.now) as log:
        class_id = store.lock_open_class(call.db, body.code.replace(" ", "").upper())
        if class_id is None:
            raise JoinCodeUnknown
        edited_at = student_store.lock_profiles(call.db, [student_id])
        store.join_class(call.db, student_id, class_id, call.now)
        log.add_edits(SyncedTable.STUDENT_PROFILES, ["class_id"], edited_at)
    page = list_classes(call)
    return JoinedClassOut(classes=page.classes, count=page.count)


def move_students(call: Call, sent_id: str, body: MoveIn) -> ClassStudentsOut:
    """Move students to another class that the caller teaches, or out of their class.

    An admin may choose any class.

    Raises:
        ClassClosed: If one of the classes does not exist or is another teacher's.
        StudentClosed: If a student is not in the class; then nobody is moved.
    """
    row = managed_class(call, sent_id)
    target = None if body.to_class_id is None else managed_class(call, body.to_class_id)
    members = list_students(call.db, row.id)
    by_id: dict[UUID | int, UUID] = {member.id: member.id for member in members} | {
        member.former_id: member.id for member in members if member.former_id is not None
    }
    references = [reference(sent) for sent in body.student_ids]
    keys = [it.former_id if it.id is None else it.id for it in references]
    student_ids = {by_id[key] for key in keys if key in by_id}
    to_class_id = None if target is None else target.id
    with transaction(call.db), logged(call.db, student_ids, call.now) as log:
        edited_at = student_store.lock_profiles(call.db, student_ids)
        moved_count = store.move_members(call.db, row.id, student_ids, to_class_id, call.now)
        log.add_edits(SyncedTable.STUDENT_PROFILES, ["class_id"], edited_at)
        if not all(key in by_id for key in keys) or moved_count < len(student_ids):
            raise StudentClosed(fields=("student_ids",))
    noun = "student was" if len(student_ids) == 1 else "students were"
    return _response(call, managed_class(call, sent_id), f"{len(student_ids)} {noun} moved.")


def managed_class(call: Call, sent_id: str | int) -> ClassRow:
    """Return a class that the caller teaches, or, for an admin, any class.

    Raises:
        ClassClosed: If there is no such class, or it is another teacher's.
    """
    row = store.find_class(call.db, reference(sent_id))
    if row is None or (call.user.role is not Role.ADMIN and row.teacher_id != call.user.id):
        raise ClassClosed
    return row


def _new_code() -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def _response(call: Call, row: ClassRow, message: str | None) -> ClassStudentsOut:
    members = [
        MemberOut(
            student_id=member.id,
            student_name=member.username,
            grade=member.grade,
            target_exam=member.target_exam,
        )
        for member in list_students(call.db, row.id)
    ]
    return ClassStudentsOut.model_validate(
        {"class": _out(row).model_dump(), "members": members, "message": message}
    )


def _out(row: ClassRow, *, with_code: bool = True) -> TaughtClassOut:
    return TaughtClassOut(
        id=row.id,
        name=row.name,
        grade=row.grade,
        join_code=row.join_code if with_code else None,
        student_count=row.student_count,
    )
