"""Lists of devices: which devices they contain, their order and their states."""

from datetime import timedelta

import pytest

from lib import deadline
from lib.errors import InvalidCursor
from lib.learning.current_user import Call
from lib.learning.device_sync.synchronise import RESPONSE_SECONDS
from lib.learning.devices.read import list_devices
from lib.learning.errors import ClassClosed
from lib.learning.tables import SyncDevice
from lib.learning.tables.closed_lists import Role
from tests.learning.devices import Device
from tests.learning.rows import columns_of, rows
from tests.learning.school import NOW, School


def store_device(school: School, call: Call, name: str, minutes: int, **counts: int) -> None:
    """Store a device that synchronised some minutes after noon."""
    values = {"pending": 0, "rejected": 0, "syncs": 1, "schema_version": 1, **counts}
    at = NOW + timedelta(minutes=minutes)
    school.store(
        SyncDevice,
        student_id=call.user.student_id,
        name=name,
        last_sync=at,
        created_at=NOW,
        updated_at=at,
        **values,
    )


def names(call: Call, class_id: str | None = None) -> list[str | None]:
    return [device.name for device in list_devices(call, class_id, None, 200).devices]


def test_sync_describes_the_device(school: School) -> None:
    student = school.user("ann")
    device = Device(student)
    assert list_devices(student, None, None, 200).devices == []
    description = {"id": str(device.id), "name": "Laptop", "schema_version": 1}
    for syncs, pending in ((0, 3), (1, 0)):
        counts = {"syncs": syncs, "pending": pending, "rejected": 0}
        device.sync(device=description | counts)
    (row,) = list_devices(student, None, None, 200).devices
    assert (row.id, row.name, row.student_name) == (device.id, "Laptop", "ann")
    assert (row.pending, row.state, row.last_sync) == (0, "synced", NOW)


def test_changes_that_a_sync_refuses_are_counted_at_once(school: School) -> None:
    student = school.user("ann")
    device = Device(student)
    device.sync(device.profile(grade=99))
    (row,) = list_devices(student, None, None, 200).devices
    assert (row.pending, row.rejected, row.state) == (0, 1, "error")


def test_changes_for_which_there_was_no_time_count_as_pending(school: School) -> None:
    student = school.user("ann")
    device = Device(student)
    with deadline.at_most(RESPONSE_SECONDS / 2):
        device.sync(device.profile(grade=9), device.profile(grade=8))
    (row,) = list_devices(student, None, None, 200).devices
    assert (row.pending, row.rejected, row.state) == (2, 0, "pending")


def test_devices_and_their_states_are_listed_by_last_sync(school: School) -> None:
    student = school.user("ann")
    store_device(school, student, "phone", 1)
    store_device(school, student, "laptop", 3, pending=2)
    store_device(school, student, "tablet", 2, pending=1, rejected=1)
    expected = """
        name    pending  rejected  state
        laptop  2        0         pending
        tablet  1        1         error
        phone   0        0         synced
    """
    devices = [it.model_dump() for it in list_devices(student, None, None, 200).devices]
    assert columns_of(devices, expected) == rows(expected)


def test_callers_see_only_the_devices_that_are_open_to_them(school: School) -> None:
    ann, bob, eve = (school.user(name) for name in ("ann", "bob", "eve"))
    tea, other = (school.user(name, Role.TEACHER) for name in ("tea", "other"))
    class_of_ann = school.school_class(tea, [ann])
    class_of_bob = school.school_class(other, [bob])
    for minutes, student in enumerate((ann, bob, eve)):
        store_device(school, student, student.user.username, minutes)
    admin = school.user("admin", Role.ADMIN)
    assert [names(it) for it in (ann, bob, eve)] == [["ann"], ["bob"], ["eve"]]
    assert (names(tea), names(tea, class_of_ann), names(other)) == (["ann"], ["ann"], ["bob"])
    assert (names(admin), names(admin, class_of_bob)) == (["eve", "bob", "ann"], ["bob"])
    for caller, class_id in ((tea, class_of_bob), (ann, class_of_ann), (tea, "7")):
        with pytest.raises(ClassClosed):
            list_devices(caller, class_id, None, 200)


def test_pages_hold_each_device_once(school: School) -> None:
    """Two devices synchronised at the same moment, on both sides of the end of a page."""
    student = school.user("ann")
    for name, minutes in (("a", 1), ("b", 2), ("c", 2), ("d", 3)):
        store_device(school, student, name, minutes)
    names, position = [], None
    for _ in range(2):
        page = list_devices(student, None, position, 2)
        names += [device.name for device in page.devices]
        position = page.next_cursor
    assert position is None
    assert (names[0], set(names[1:3]), names[3]) == ("d", {"b", "c"}, "a")
    with pytest.raises(InvalidCursor):
        list_devices(student, None, "x", 2)
