"""Synchronisation with devices: nothing lost, nothing twice, and all copies equal."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from lib import deadline
from lib.errors import InvalidCursor
from lib.learning.changes.rows import digest_of
from lib.learning.changes.synced import SyncedTable
from lib.learning.classes.manage import move_students
from lib.learning.classes.marks import enter_marks
from lib.learning.classes.wire import MarksIn, MoveIn
from lib.learning.current_user import Call
from lib.learning.device_sync.synchronise import (
    RESPONSE_SECONDS,
    list_rows,
    pause_of,
    synchronise,
)
from lib.learning.errors import DeviceSuperseded, DeviceVersionRefused
from lib.learning.mastery.read import list_live_mastery
from lib.learning.plan_arms.assign import assign_arms
from lib.learning.plan_arms.wire import PlanArmsIn
from lib.learning.practice.attempts import list_attempts
from lib.learning.students.profile import change_profile, read_profile
from lib.learning.students.wire import ProfileChangeIn
from lib.learning.sync.download import read_status
from lib.learning.sync.upload import upload
from lib.learning.sync.wire import QueueIn
from lib.learning.tables import QuestionAttempt
from lib.learning.tables.base import new_id
from lib.learning.tables.closed_lists import Role
from lib.web.cursor import write
from tests.learning.devices import Device
from tests.learning.school import School

TOPICS = """
    topic    weight  hours
    Algebra  100     4
"""
ATTEMPTS = SyncedTable.QUESTION_ATTEMPTS


@pytest.fixture
def device(school: School) -> Device:
    """A device of a student."""
    school.syllabus(TOPICS)
    return Device(school.user("ann"))


@pytest.fixture
def other(device: Device) -> Device:
    """Another device of the same student."""
    return Device(device.call)


def statuses(response: Any) -> list[str]:
    return [outcome.status.value for outcome in response.outcomes]


def codes(response: Any) -> list[str | None]:
    return [outcome.code for outcome in response.outcomes]


def server_rows(device: Device, limit: int = 2) -> dict[Any, Any]:
    """Return all rows of the server, as repairs fetch them: at most `limit` rows in a call."""
    rows: dict[Any, Any] = {}
    for table in SyncedTable:
        cursor = None
        while True:
            page = list_rows(device.call, table, cursor, limit)
            rows |= {(table, row.row_id): row.columns for row in page.rows}
            cursor = page.next_cursor
            if cursor is None:
                break
    return rows


def test_answers_of_both_devices_reach_both(school: School, device: Device, other: Device) -> None:
    question = school.question("Algebra 1")
    for each in (device, other):
        response = each.sync(each.attempt(question), each.attempt(question, "false"))
        assert statuses(response) == ["applied", "applied"]
    device.sync()
    assert device.rows == other.rows == server_rows(device)
    assert len([key for key in device.rows if key[0] is ATTEMPTS]) == 4
    (mastery,) = list_live_mastery(device.call, str(device.call.user.student_id)).root
    assert mastery.total_attempts == 4


def test_rows_from_before_the_first_sync_are_fetched(school: School, device: Device) -> None:
    school.answers(device.call, "concept  right\nAlgebra 1  true\nAlgebra 1  false")
    device.sync()
    assert device.rows == server_rows(device)
    assert len(device.rows) == 3


def test_change_sent_twice_counts_once(school: School, device: Device) -> None:
    attempt = device.attempt(school.question("Algebra 1"))
    body = device.body(attempt)
    assert statuses(synchronise(device.call, body)) == ["applied"]
    assert statuses(synchronise(device.call, body)) == ["duplicate"]
    assert statuses(device.sync(attempt, attempt)) == ["duplicate", "duplicate"]
    assert len(list_attempts(device.call, None, None, 10).attempts) == 1


def test_refused_change_does_not_hold_up_others(school: School, device: Device) -> None:
    question = school.question("Algebra 1")
    unknown = device.attempt(UUID(int=1))
    response = device.sync(
        unknown,
        device.attempt(question, time_taken_seconds=0),
        device.attempt(question),
    )
    assert statuses(response) == ["rejected", "rejected", "applied"]
    assert codes(response)[:2] == ["practice_question_not_found", "invalid_row"]
    status = read_status(device.call, str(device.call.user.student_id))
    assert (status.sync_state, status.pending_operations) == ("error", 2)
    unknown["columns"]["question_id"] = str(question)  # the question has been added in the meantime
    assert statuses(device.sync(unknown)) == ["applied"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"table_name": "users"}, "unknown_table"),
        ({"table_name": "exam_marks"}, "read_only"),
        ({"kind": "delete"}, "insert_only"),
        ({"kind": "update"}, "insert_only"),
    ],
)
def test_what_a_device_may_not_change_is_refused(
    school: School, device: Device, change: dict[str, Any], code: str
) -> None:
    attempt = {**device.attempt(school.question("Algebra 1")), **change}
    response = device.sync(attempt)
    assert (statuses(response), codes(response)) == (["rejected"], [code])


def test_rows_of_another_student_cannot_be_changed(school: School, device: Device) -> None:
    stranger = school.user("bob").user.student_id
    question = school.question("Algebra 1")
    response = device.sync(
        device.attempt(question, student_id=str(stranger)),
        device.change("student_profiles", stranger, grade=12),
        device.profile(class_id=str(new_id())),
    )
    assert codes(response) == ["student_closed", "student_closed", "read_only"]
    assert read_profile(school.call("bob")).grade == 10


def test_id_of_another_students_change_or_answer_is_refused(school: School, device: Device) -> None:
    question = school.question("Algebra 1")
    first = device.attempt(question)
    device.sync(first)
    stranger = Device(school.user("bob"))
    same_change = stranger.attempt(question) | {"id": first["id"]}
    same_row = stranger.attempt(question) | {"row_id": first["row_id"]}
    response = stranger.sync(same_change, same_row)
    assert codes(response) == ["change_id_taken", "attempt_id_taken"]
    assert len(list_attempts(device.call, None, None, 10).attempts) == 1


def test_derived_rows_are_acknowledged_and_not_stored(device: Device) -> None:
    derived = device.change("concept_mastery", new_id(), mastery_score=100)
    assert statuses(device.sync(derived)) == ["applied"]
    assert list_live_mastery(device.call, str(device.call.user.student_id)).root == []


def test_later_change_of_a_column_wins_although_it_arrives_first(
    device: Device, other: Device
) -> None:
    device.sync()
    other.sync()
    early = device.profile(grade=11, target_exam="Early")
    other.ahead = timedelta(minutes=1)
    late = other.profile(grade=12)
    other.sync(late)
    response = device.sync(early)
    assert response.outcomes[0].lost_columns == ("grade",)
    other.sync()
    assert device.own_profile() == other.own_profile()
    profile = device.own_profile()
    assert (profile["grade"], profile["target_exam"]) == (12, "Early")


def test_later_change_of_another_column_overrides_nothing(device: Device, other: Device) -> None:
    """Both changes are later than the profile, and the second one arrives first."""
    device.ahead = timedelta(minutes=1)
    early = device.profile(target_exam="Early")
    for each, minutes in ((other, 2), (device, 3)):
        each.call = replace(each.call, now=each.call.now + timedelta(minutes=minutes))
    other.sync(other.profile(grade=12))
    assert device.sync(early).outcomes[0].lost_columns == ()
    profile = device.own_profile()
    assert (profile["grade"], profile["target_exam"]) == (12, "Early")


def test_change_at_the_server_wins_over_earlier_ones_of_a_device_whose_clock_is_ahead(
    device: Device,
) -> None:
    device.sync()
    device.ahead = timedelta(minutes=5)
    device.sync(device.profile(grade=11))
    change_profile(device.call, ProfileChangeIn(grade=9))
    device.sync()
    assert device.own_profile()["grade"] == 9


def test_change_older_than_the_last_edit_of_its_row_loses(device: Device) -> None:
    device.ahead = -timedelta(days=400)
    response = device.sync(device.profile(grade=12))
    assert response.outcomes[0].lost_columns == ("grade",)
    assert device.own_profile()["grade"] == 10


def test_clock_far_in_the_future_counts_as_now(device: Device, other: Device) -> None:
    device.sync()
    device.ahead = timedelta(days=3_650)
    response = device.sync(device.profile(grade=11))
    assert response.outcomes[0].is_clock_bounded
    other.ahead = timedelta(minutes=1)
    other.sync(other.profile(grade=12))
    assert other.own_profile()["grade"] == 12


def test_changes_of_a_device_whose_clock_is_far_ahead_keep_their_order(device: Device) -> None:
    device.sync()
    device.ahead = timedelta(minutes=9)
    device.sync(device.profile(grade=8))
    device.ahead = timedelta(days=3_650)
    response = device.sync(*(device.profile(grade=grade) for grade in (9, 11, 12)))
    assert [it.lost_columns for it in response.outcomes] == [()] * 3
    assert device.own_profile()["grade"] == 12


def test_time_of_an_answer_is_not_in_the_future(school: School, device: Device) -> None:
    device.ahead = timedelta(days=1)
    device.sync(device.attempt(school.question("Algebra 1")))
    (row,) = (row for key, row in device.rows.items() if key[0] is ATTEMPTS)
    assert row["timestamp"] == "2026-11-28T12:00:00Z"


def test_server_grades_answers_itself(school: School, device: Device) -> None:
    device.sync(device.attempt(school.question("Algebra 1"), "false", is_correct=True))
    (row,) = (row for key, row in device.rows.items() if key[0] is ATTEMPTS)
    assert row["is_correct"] is False


def test_unknown_columns_of_a_newer_device_are_kept_and_named(
    school: School, device: Device
) -> None:
    device.schema_version += 1
    attempt = device.attempt(school.question("Algebra 1"), hint="none\0")
    response = device.sync(attempt, device.profile(nickname="Annie", grade=11))
    assert statuses(response) == ["applied", "applied"]
    assert [it.kept_columns for it in response.outcomes] == [("hint",), ("nickname",)]
    assert device.own_profile()["grade"] == 11


def test_unknown_columns_of_a_row_are_bounded(school: School, device: Device) -> None:
    large = {"hint": "x" * 70_000}
    response = device.sync(
        device.profile(motto="x" * 40_000),
        device.profile(poem="x" * 40_000),
        device.profile(motto="y" * 50_000),
        device.attempt(school.question("Algebra 1"), **large),
        device.profile(grade=11),
    )
    assert codes(response) == [None, "too_large", None, "too_large", None]
    assert {row for row in device.rows if row[0] is ATTEMPTS} == set()
    assert device.own_profile()["grade"] == 11


def test_device_with_tables_that_are_too_new_is_refused_with_the_reason(device: Device) -> None:
    device.schema_version += 2  # a device one version ahead is accepted
    with pytest.raises(DeviceVersionRefused):
        device.sync()


def test_copied_or_restored_device_needs_a_new_id(device: Device) -> None:
    before = (device.cursor, device.syncs)
    device.sync()
    device.sync()
    device.cursor, device.syncs = before
    with pytest.raises(DeviceSuperseded):
        device.sync()
    device.id = new_id()
    device.sync()


def test_lost_response_does_not_count_as_a_restored_copy(device: Device) -> None:
    body = device.body()
    synchronise(device.call, body)
    device.sync()


def test_device_of_another_student_needs_a_new_id(school: School, device: Device) -> None:
    device.sync()
    with pytest.raises(DeviceSuperseded):
        Device(school.user("bob"), id=device.id).sync()


def test_rows_come_in_pages(school: School, device: Device) -> None:
    store_answers(school, device.call, 1_499)  # with the profile, exactly three pages
    for _ in range(2):
        response = device.sync(digests=True)
        assert (len(response.rows), response.has_more) == (500, True)
        assert (response.next_sync_seconds, response.digests) == (0, None)
    response = device.sync(digests=True)
    assert (len(response.rows), response.has_more) == (500, False)
    assert response.next_sync_seconds > 0
    assert response.digests is not None
    assert device.rows == server_rows(device, 400)


def store_answers(school: School, student: Call, count: int) -> None:
    """Store answers as they are, without a change of mastery."""
    row = {
        "student_id": student.user.student_id,
        "question_id": school.question("Algebra 1"),
        "answer": "true",
        "is_correct": True,
        "time_taken_seconds": 60,
        "timestamp": school.now,
    }
    school.db.execute(insert(QuestionAttempt), [{**row, "id": new_id()} for _ in range(count)])
    school.db.commit()


def test_digests_differ_if_and_only_if_the_copies_differ(school: School, device: Device) -> None:
    school.answers(device.call, "concept  right\nAlgebra 1  true\nAlgebra 1  false")
    response = device.sync(digests=True)
    assert response.digests is not None
    for table, server in response.digests.items():
        own = {row_id: row for (name, row_id), row in device.rows.items() if name is table}
        assert (digest_of(own).count, digest_of(own).sha256) == (server.count, server.sha256)
    attempts = {row_id: row for (name, row_id), row in device.rows.items() if name is ATTEMPTS}
    attempts[next(iter(attempts))]["answer"] = "damaged"
    assert digest_of(attempts).sha256 != response.digests[ATTEMPTS].sha256


def test_what_teachers_change_is_fetched(school: School, device: Device) -> None:
    device.sync()
    teacher = school.user("teacher", Role.TEACHER)
    class_id = school.school_class(teacher, [device.call])
    student = str(device.call.user.student_id)
    enter_marks(teacher, MarksIn.model_validate(marks(student, 50)))
    enter_marks(teacher, MarksIn.model_validate(marks(student, 60)))
    arms = {"students": [{"student_id": student, "arm": "own"}]}
    assign_arms(teacher, class_id, PlanArmsIn.model_validate(arms))
    response = device.sync()
    assert response.student_class is not None
    assert response.student_class.name == "10a"
    assert device.own_profile()["class_id"] == class_id
    assert [row["mark"] for key, row in device.rows.items() if key[0] == "exam_marks"] == [60]
    assert [row["arm"] for key, row in device.rows.items() if key[0] == "plan_arms"] == ["own"]
    arms["students"][0]["arm"] = None  # type: ignore[assignment]
    assign_arms(teacher, class_id, PlanArmsIn.model_validate(arms))
    move_students(teacher, class_id, MoveIn(student_ids=[student], to_class_id=None))
    response = device.sync()
    assert response.student_class is None
    assert device.own_profile()["class_id"] is None
    assert not [key for key in device.rows if key[0] == "plan_arms"]
    assert device.rows == server_rows(device)


def marks(student_id: str, mark: float) -> dict[str, Any]:
    return {
        "exam": "Mock",
        "exam_date": "2026-11-20",
        "marks": [{"student_id": student_id, "mark": mark}],
    }


def test_rows_of_other_students_are_not_sent(school: School, device: Device) -> None:
    stranger = school.user("bob")
    school.answers(stranger, "concept  right\nAlgebra 1  true")
    device.sync()
    assert {key[1] for key in device.rows} == {device.call.user.student_id}


def test_cursor_beyond_the_log_fetches_everything(school: School, device: Device) -> None:
    school.answers(device.call, "concept  right\nAlgebra 1  true\nAlgebra 1  false")
    device.cursor = write(1_000, new_id())  # as if an older backup had been restored
    device.sync()
    assert device.rows == server_rows(device)
    assert device.sync().rows == []


def test_malformed_cursor_is_refused(device: Device) -> None:
    device.cursor = "nonsense"
    with pytest.raises(InvalidCursor):
        device.sync()


def test_changes_wait_behind_one_that_was_not_decided(school: School, device: Device) -> None:
    question = school.question("Algebra 1")
    attempts = [device.attempt(question) for _ in range(3)]
    with deadline.at_most(RESPONSE_SECONDS / 2):  # the remaining time is for the response
        assert statuses(device.sync(*attempts)) == ["retry", "retry", "retry"]
    with time_for_one_change(school.db):
        assert statuses(device.sync(*attempts)) == ["applied", "retry", "retry"]
    assert statuses(device.sync(*attempts)) == ["duplicate", "applied", "applied"]


@contextmanager
def time_for_one_change(db: Session) -> Iterator[None]:
    """Leave a call only the time for its response once it has decided on a change."""
    engine = db.get_bind().engine

    def limit(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        if statement.startswith("INSERT") and "sync_operations" in statement:
            deadline.start(deadline.MARGIN_SECONDS + RESPONSE_SECONDS / 2)

    event.listen(engine, "before_cursor_execute", limit)
    try:
        with deadline.at_most(60):  # restores the deadline afterwards
            yield
    finally:
        event.remove(engine, "before_cursor_execute", limit)


def test_unstorable_text_is_refused_and_does_not_hold_up_other_changes(
    school: School, device: Device
) -> None:
    question = school.question("Algebra 1")
    response = device.sync(device.attempt(question, "a\0b"), device.attempt(question))
    is_storable = school.db.get_bind().dialect.name == "sqlite"
    assert codes(response) == [None if is_storable else "unstorable_text", None]
    assert len(list_attempts(device.call, None, None, 10).attempts) == 1 + is_storable


def test_devices_spread_their_next_syncs(device: Device) -> None:
    bodies = [Device(device.call).body().device for _ in range(200)]
    pauses = [pause_of(each) for each in bodies]
    assert all(60 <= pause <= 120 for pause in pauses)
    assert len(set(pauses)) > 40
    assert pause_of(bodies[0]) == pauses[0]


@pytest.mark.parametrize("joins", [True, False])
def test_joining_or_leaving_a_class_overrides_no_earlier_change_of_a_column(
    school: School, device: Device, *, joins: bool
) -> None:
    teacher = school.user("teacher", Role.TEACHER)
    class_id = school.school_class(teacher, [] if joins else [device.call])
    device.sync()
    school.now += timedelta(minutes=1)
    device.call = school.call("ann")
    edit = device.profile(grade=12)
    school.now += timedelta(minutes=1)
    if joins:
        school.school_class(school.call("teacher"), [school.call("ann")])
    else:
        student = str(device.call.user.student_id)
        body = MoveIn(student_ids=[student], to_class_id=None)
        move_students(school.call("teacher"), class_id, body)
    device.call = school.call("ann")
    assert device.sync(edit).outcomes[0].lost_columns == ()
    assert device.own_profile()["grade"] == 12


def test_queue_of_a_live_device_is_fetched_by_others(school: School, device: Device) -> None:
    device.sync()
    attempt = {
        "question_id": str(school.question("Algebra 1")),
        "answer": "true",
        "time_taken_seconds": 60,
        "confidence": 3,
    }
    common = {"record_id": 1, "timestamp": "2099-11-20T10:00:00"}  # the future counts as now
    operations = [
        {**common, "operation_type": "create", "table_name": "question_attempts", "data": attempt},
        {
            **common,
            "operation_type": "update",
            "table_name": "student_profiles",
            "data": {"grade": 12},
        },
    ]
    school.now += timedelta(minutes=1)
    body = {"student_id": str(device.call.user.student_id), "operations": operations}
    result = upload(school.call("ann"), QueueIn.model_validate(body))
    assert result.success, result.errors
    device.sync()
    assert device.rows == server_rows(device)
    assert device.own_profile()["grade"] == 12
    assert [key for key in device.rows if key[0] is ATTEMPTS]
