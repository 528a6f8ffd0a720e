"""Rights over the data of students, by role and class."""

from uuid import UUID

import pytest
from sqlalchemy import select, update

from lib.errors import StudentNotFound
from lib.learning.current_user import Call
from lib.learning.errors import StudentClosed
from lib.learning.plans.make import make_plan, read_plans
from lib.learning.students.profile import change_profile, read_profile
from lib.learning.students.student import changeable_student, changeable_students, readable_student
from lib.learning.students.wire import ProfileChangeIn
from lib.learning.tables import StudentProfile
from lib.learning.tables.closed_lists import PlanType, Role
from tests.learning.school import School


def rights_over(call: Call, student: Call) -> str:
    """Return `r` if a user may read a student's data, and one `c` for each change check passed."""
    rights = ""
    student_id = str(student.user.student_id)
    for right, check in (
        ("r", readable_student),
        ("c", changeable_student),
        ("c", lambda caller, requested_id: changeable_students(caller, [requested_id])[0]),
    ):
        try:
            assert check(call, student_id).id == student.user.student_id
        except StudentClosed:
            continue
        rights += right
    return rights


def test_rights_follow_from_role_and_class(school: School) -> None:
    """Every teacher may read an adopted student who is in no class."""
    admin = school.user("root", Role.ADMIN)
    teachers = [school.user(name, Role.TEACHER) for name in ("tea", "teo")]
    students = [school.user(name) for name in ("own", "foreign", "adopted", "adopted own", "free")]
    own, foreign, adopted, adopted_own, _ = students
    for number, student in enumerate((adopted, adopted_own)):
        condition = StudentProfile.id == student.user.student_id
        school.db.execute(update(StudentProfile).where(condition).values(former_id=7 + number))
    school.db.commit()
    school.school_class(teachers[0], [own, adopted_own])
    school.school_class(teachers[1], [foreign])
    rights = {
        call.user.username: [rights_over(call, student) for student in students]
        for call in (admin, *teachers, own, adopted)
    }
    assert rights == {
        #        own    foreign  adopted  adopted own  free
        "root": ["rcc", "rcc", "rcc", "rcc", "rcc"],
        "tea": ["rcc", "", "r", "rcc", ""],
        "teo": ["", "rcc", "r", "", ""],
        "own": ["rcc", "", "", "", ""],
        "adopted": ["", "", "rcc", "", ""],
    }
    with pytest.raises(StudentNotFound):
        readable_student(admin, "99")


def test_changes_of_profile_and_plans_do_not_affect_other_students(school: School) -> None:
    school.syllabus("topic  weight  hours\nAlgebra  100  4\n")
    ann, bob = school.user("ann"), school.user("bob")
    before = read_profile(bob)
    change_profile(ann, ProfileChangeIn(grade=12, target_exam="A-levels"))
    assert (read_profile(ann).grade, read_profile(bob)) == (12, before)
    plans: dict[str, list[UUID]] = {}
    for call in (bob, ann, ann):
        daily, weekly = (make_plan(call, it, None) for it in (PlanType.DAILY, PlanType.WEEKLY))
        plans[call.user.username] = [weekly.plan_id, daily.plan_id]
    for call in (ann, bob):
        current = [it.plan_id for it in read_plans(call, None).plans]
        assert sorted(current) == sorted(plans[call.user.username])
    times = school.db.execute(select(StudentProfile.updated_at)).scalars()
    assert set(times) == {school.now}
