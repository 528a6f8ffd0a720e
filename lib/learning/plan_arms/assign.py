"""Assignment of students to arms."""

from random import SystemRandom
from uuid import UUID

from lib.learning.changes.log import logged
from lib.learning.changes.synced import SyncedTable
from lib.learning.classes.manage import managed_class
from lib.learning.current_user import Call
from lib.learning.errors import StudentClosed
from lib.learning.ids import reference
from lib.learning.plan_arms import store
from lib.learning.plan_arms.wire import PlanArmsIn, StudentArmOut, StudentArmsOut
from lib.learning.students.student import Student, list_students
from lib.learning.tables.closed_lists import Arm
from lib.learning.transactions import transaction


def assign_arms(call: Call, sent_class: str, body: PlanArmsIn) -> StudentArmsOut:
    """Draw the arms of a class or take them from the body; store and return them.

    Raises:
        ClassClosed: If the class is not the caller's.
        StudentClosed: If a student is not in the class.
    """
    row = managed_class(call, sent_class)
    students = list_students(call.db, row.id)
    member_ids = [student.id for student in students]
    with transaction(call.db), logged(call.db, member_ids, call.now) as log:
        if body.draw:
            existing_arms = store.list_arms(call.db, member_ids)
            arms: dict[UUID, Arm | None] = dict(_draw_arms(students, existing_arms))
        else:
            arms = {_member(it.student_id, students): it.arm for it in body.students}
        store.replace_arms(call.db, arms, is_drawn=body.draw, by=call.user.id, now=call.now)
        for student_id, arm in arms.items():
            row_id = store.arm_id(student_id)
            log.add(student_id, SyncedTable.PLAN_ARMS, row_id, is_deleted=arm is None)
    stored_arms = store.list_arms(call.db, member_ids)
    rows = [_out(student, stored_arms.get(student.id)) for student in students]
    return StudentArmsOut(class_id=row.id, students=rows, count=len(rows))


def _draw_arms(students: list[Student], existing_arms: store.Arms) -> dict[UUID, Arm]:
    """Return random arms for those who have none, so that both arms become equally large."""
    counts = {arm: sum(it.arm is arm for it in existing_arms.values()) for arm in Arm}
    unassigned_ids = [student.id for student in students if student.id not in existing_arms]
    random = SystemRandom()
    random.shuffle(unassigned_ids)
    arms = {}
    for student_id in unassigned_ids:
        fewest = min(counts.values())
        arm = random.choice([it for it in Arm if counts[it] == fewest])
        arms[student_id] = arm
        counts[arm] += 1
    return arms


def _member(sent_id: str, students: list[Student]) -> UUID:
    member = reference(sent_id)
    for student in students:
        if student.id == member.id or (
            member.former_id is not None and student.former_id == member.former_id
        ):
            return student.id
    raise StudentClosed


def _out(student: Student, row: store.ArmRow | None) -> StudentArmOut:
    return StudentArmOut(
        student_id=student.id,
        student_name=student.username,
        arm=None if row is None else row.arm,
        is_drawn=row is not None and row.is_drawn,
        since=None if row is None else row.since,
    )
