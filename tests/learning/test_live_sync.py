"""Queues of devices of the live system: applied once, nothing lost, derived rows acknowledged."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from lib.learning.errors import StudentClosed
from lib.learning.mastery.read import list_live_mastery
from lib.learning.plans.make import make_plan
from lib.learning.practice.attempts import list_live_attempts
from lib.learning.students.profile import read_profile
from lib.learning.sync.download import download, read_status
from lib.learning.sync.upload import upload
from lib.learning.sync.wire import QueueIn
from lib.learning.tables import SyncOperation
from lib.learning.tables.closed_lists import PlanType
from tests.learning.school import FIRST_RIGHT, School

TOPICS = """
    topic    weight  hours
    Algebra  100     4
"""


ATTEMPT = {"answer": "true", "time_taken_seconds": 60, "confidence": 3}


def operation(table: str, data: Any, **changes: Any) -> dict[str, Any]:
    return {
        "operation_type": "create",
        "table_name": table,
        "record_id": 1,
        "data": data,
        "timestamp": "2026-11-20T10:00:00",
        **changes,
    }


def queue(student_id: Any, *operations: dict[str, Any]) -> QueueIn:
    return QueueIn.model_validate({"student_id": str(student_id), "operations": operations})


def attempt(school: School, **changes: Any) -> dict[str, Any]:
    return {
        "question_id": str(school.question("Algebra 1")),
        **ATTEMPT,
        "is_correct": False,  # ignored: the server grades answers itself
        **changes,
    }


def test_queue_is_applied_once(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    body = queue(
        student.user.student_id,
        operation("question_attempts", attempt(school)),
        operation("concept_mastery", {"mastery_score": 100}),
        operation("study_plans", '{"topics": "[]"}'),
    )
    for _ in range(2):
        result = upload(student, body)
        assert (result.success, result.synced_count, result.failed_count) == (True, 3, 0)
    (attempt_row,) = list_live_attempts(student, str(student.user.student_id)).root
    assert (attempt_row.is_correct, attempt_row.timestamp.isoformat()) == (
        True,
        "2026-11-20T10:00:00+00:00",
    )
    (mastery,) = list_live_mastery(student, str(student.user.student_id)).root
    assert round(mastery.mastery_score, 2) == FIRST_RIGHT
    status = read_status(student, str(student.user.student_id))
    assert (status.sync_state, status.pending_operations) == ("synced", 0)
    assert status.last_sync_time is not None


def test_two_devices_may_give_the_same_number_to_different_rows(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    for answer in ("true", "false"):
        upload(
            student,
            queue(
                student.user.student_id,
                operation("question_attempts", attempt(school, answer=answer)),
            ),
        )
    assert len(list_live_attempts(student, str(student.user.student_id)).root) == 2


@pytest.mark.parametrize(
    ("table", "data", "changes", "reason"),
    [
        ("users", {}, {}, "not synchronised"),
        ("question_attempts", {"answer": "true"}, {}, "data.question_id"),
        ("question_attempts", "not json", {}, "data: It is not the JSON"),
        ("question_attempts", "[1]", {}, "data: It is not the JSON"),
        ("student_profiles", '{"grade": NaN}', {}, "data: It is not the JSON"),
        ("question_attempts", '{"answer": 1e999}', {}, "data: It is not the JSON"),
        ("question_attempts", '{"answer": "a\\u0000b"}', {}, "data: It is not the JSON"),
        ("question_attempts", '{"answer": "a\\ud800b"}', {}, "data: It is not the JSON"),
        ("question_attempts", '{"a": ' * 5_000, {}, "data: It is not the JSON"),
        ("question_attempts", '{"a":' * 40 + "1" + "}" * 40, {}, "data: It is not the JSON"),
        ("question_attempts", {}, {"operation_type": "delete"}, "A device cannot delete rows"),
        ("student_profiles", {"grade": 13}, {}, "not valid"),
        ("question_attempts", ATTEMPT | {"question_id": "x"}, {}, "no such question"),
        ("question_attempts", ATTEMPT | {"question_id": 7}, {}, "no such question"),
        ("question_attempts", ATTEMPT | {"question_id": [7]}, {}, "data.question_id"),
    ],
)
def test_operation_that_cannot_be_applied_is_kept_and_blocks_no_other(
    school: School, table: str, data: Any, changes: dict[str, Any], reason: str
) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    body = queue(
        student.user.student_id,
        operation(table, data, **changes),
        operation("question_attempts", attempt(school)),
    )
    for _ in range(2):
        result = upload(student, body)
        assert (result.success, result.synced_count, result.failed_count) == (False, 1, 1)
        assert reason in result.errors[0]
        assert result.errors[0].startswith("operations[0]: ")
    stored_operations = school.db.execute(
        select(SyncOperation.retry_count, SyncOperation.last_error).where(
            SyncOperation.synced.is_(False)
        )
    ).all()
    assert [row[0] for row in stored_operations] == [1]
    assert reason in (stored_operations[0][1] or "")
    assert read_status(student, str(student.user.student_id)).sync_state == "error"


@pytest.mark.parametrize("timestamp", ["2026-11-01T00:00:00Z", "2026-11-28T12:00:01Z"])
def test_older_change_of_a_profile_loses(school: School, timestamp: str) -> None:
    """A time in the future counts as now, and the profile was made now."""
    student = school.user("ann")
    change = operation("student_profiles", {"grade": 12}, timestamp=timestamp)
    result = upload(student, queue(student.user.student_id, change))
    assert (result.success, result.conflicts_resolved) == (True, 1)
    assert read_profile(student).grade == 10


def test_newer_change_of_a_profile_wins(school: School) -> None:
    student = school.user("ann")
    later = school.now.replace(hour=13)
    call = type(student)(student.db, student.user, later)
    change = operation(
        "student_profiles",
        {"grade": 12, "available_hours_per_day": 1.5, "user_id": 7},
        operation_type="update",
        timestamp="2026-11-28T12:30:00Z",
    )
    for _ in range(2):  # the repetition does not conflict with the first upload
        result = upload(call, queue(student.user.student_id, change, change))
        assert (result.success, result.conflicts_resolved) == (True, 0)
    profile = read_profile(call)
    assert (profile.grade, profile.available_hours_per_day) == (12, 1.5)


def test_answer_from_a_clock_that_is_ahead_counts_as_given_now(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    ahead = attempt(school, timestamp="2030-01-01T00:00:00Z")
    upload(student, queue(student.user.student_id, operation("question_attempts", ahead)))
    (attempt_row,) = list_live_attempts(student, str(student.user.student_id)).root
    assert attempt_row.timestamp == school.now


def test_device_reads_its_students_rows(school: School) -> None:
    school.syllabus(TOPICS)
    student, other = school.user("ann"), school.user("bob")
    student_id = str(student.user.student_id)
    school.answers(student, "concept  right\nAlgebra 1  true\n")
    data = download(student, student_id).data
    assert (len(data.question_attempts), len(data.concept_mastery)) == (1, 1)
    assert data.student_profile.grade == 10
    for call in (lambda: download(other, student_id), lambda: upload(other, queue(student_id))):
        with pytest.raises(StudentClosed):
            call()


def test_old_answer_does_not_replace_the_time_of_the_newest_one(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    student_id = str(student.user.student_id)
    times = []
    for timestamp in ("2026-11-20T10:00:00", "2026-11-25T10:00:00", "2026-11-10T10:00:00"):
        answer = operation("question_attempts", attempt(school), timestamp=timestamp)
        upload(student, queue(student_id, answer))
        (mastery,) = download(student, student_id).data.concept_mastery
        times.append(f"{mastery.last_updated:%m-%d}")
    assert (times, mastery.total_attempts) == (["11-20", "11-25", "11-25"], 3)


def test_empty_change_keeps_a_profile_and_null_clears_only_the_exam_date(school: School) -> None:
    student = school.user("ann", exam_date="2027-06-01")
    later = type(student)(student.db, student.user, school.now.replace(hour=13))
    nulls = {"grade": None, "target_exam": None, "exam_date": None}
    for data in ({}, {"exam_date": "2027-07-01"}, nulls):
        at = f"2026-11-28T12:{10 + len(data)}:00Z"
        result = upload(
            later, queue(student.user.student_id, operation("student_profiles", data, timestamp=at))
        )
        assert (result.success, result.conflicts_resolved) == (True, 0)
    profile = read_profile(later)
    assert (profile.grade, profile.target_exam, profile.exam_date) == (10, "Finals", None)


def test_operations_that_differ_in_anything_are_all_applied(school: School) -> None:
    school.syllabus(TOPICS)
    students = [school.user(name) for name in ("ann", "bob")]
    base = operation("question_attempts", attempt(school))
    variants = [
        base,
        base | {"operation_type": "update"},
        base | {"record_id": 2},
        base | {"timestamp": "2026-11-20T10:00:01"},
        base | {"data": attempt(school, confidence=4)},
        base | {"table_name": "study_plans"},
    ]
    for student in students:
        for variant in variants:
            assert upload(student, queue(student.user.student_id, variant)).success
    student_ids = school.db.execute(select(SyncOperation.student_id)).scalars().all()
    assert len(student_ids) == 12
    for student in students:
        assert len(list_live_attempts(student, str(student.user.student_id)).root) == 5


def test_status_describes_only_the_students_own_queue(school: School) -> None:
    ann, bob = school.user("ann"), school.user("bob")
    ann_id = str(ann.user.student_id)
    refused_operations = [operation("users", {"name": name}) for name in ("a", "b")]
    for hour, operations in (
        (9, refused_operations),
        (11, [operation("study_plans", {})]),
        (10, []),
    ):
        call = type(ann)(ann.db, ann.user, school.now.replace(hour=hour))
        upload(call, queue(ann_id, *operations))
    upload(bob, queue(bob.user.student_id, operation("users", {})))
    status = read_status(ann, ann_id)
    assert (status.sync_state, status.pending_operations) == ("error", 2)
    assert status.last_sync_time == school.now.replace(hour=11)
    assert read_status(bob, str(bob.user.student_id)).pending_operations == 1


def test_device_reads_the_newest_20_plans(school: School) -> None:
    school.syllabus(TOPICS)
    student = school.user("ann")
    plan_ids = []
    for number in range(21):
        call = type(student)(student.db, student.user, school.now + timedelta(minutes=number))
        first_day = school.now.date() + timedelta(days=number)
        plan_ids.append(make_plan(call, PlanType.DAILY, first_day).plan_id)
    plans = download(student, str(student.user.student_id)).data.study_plans
    assert [it.plan_id for it in plans] == plan_ids[:0:-1]
