"""A fixed history reveals each fault that is planted in the protocol or in the device.

The repair at the end of a sync is off for these faults, since it would undo the effect of most of
them. The last two tests lose a row of a device with and without the repair.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete

from device import identity, opening, queue, repair, sync
from device.clock import DeviceClock
from device.tables import OperationState
from device.values import DEVICE, SYNC, read_value, write_value
from lib.learning.changes import store as changes_store
from lib.learning.changes.clock import SERVER, reading_at
from lib.learning.changes.log import ChangeLog
from lib.learning.changes.merge import Merged
from lib.learning.changes.synced import SyncedTable
from lib.learning.device_sync import apply
from lib.learning.device_sync import store as sync_store
from lib.learning.device_sync import synchronise as service
from lib.learning.practice import store as practice_store
from lib.learning.tables import QuestionAttempt
from tests.device.end_of_history import check, check_profile
from tests.device.histories import Sessions, World
from tests.device.in_process import Mishap

Plant = Callable[[pytest.MonkeyPatch], None]
CRASHES = range(0, 45, 4)
"""Numbers of statements of a sync after which the process ends."""


@pytest.fixture
def world(sqlite_sessions: Sessions, blank: Path) -> Iterator[World]:
    """A server on SQLite and three devices."""
    world = World(sqlite_sessions, blank.parent.parent, blank)
    yield world
    world.close()


def fixed_history(world: World) -> None:
    """Run a history in which each planted fault makes at least one check fail."""
    laptop, phone, tablet = world.devices
    answers_and_lost_calls(world)
    tablet.answer_too_long()
    assert tablet.sync()
    late_changes(world)
    world.change_at_server(grade=3)
    world.advance(1_200)
    laptop.change(grade=12)
    laptop.sync((Mishap.OUT_OF_TIME, 0))
    assert laptop.profile()["grade"] == 12, "a change is shown while it waits"
    world.assign("own")
    assert phone.sync()
    world.assign(None)
    world.upload(target_exam="CAT")
    world.advance(1_200)
    assert phone.sync()
    phone.change(target_exam="NEET")
    assert phone.sync()
    for steps in CRASHES:
        world.answer_at_server()
        with tablet.crashing_after(steps):
            tablet.sync()
    world.clone(tablet)
    check(world)
    assert phone.profile()["target_exam"] == "NEET", (
        "the last change, made after the others had arrived, wins"
    )


def answers_and_lost_calls(world: World) -> None:
    laptop, phone, _ = world.devices
    for text, mishap in (
        ("true", Mishap.LOST),
        ("false", Mishap.DROPPED),
        ("true", Mishap.OUT_OF_TIME),
        ("true", Mishap.TWICE),
    ):
        world.advance()
        laptop.answer(text)
        phone.answer("false")
        laptop.sync((mishap, 0))
    assert laptop.sync()
    assert phone.sync()


def late_changes(world: World) -> None:
    """Let earlier changes arrive after later ones, of the same column and of others."""
    laptop, phone, tablet = world.devices
    for each in world.devices:
        assert each.sync()
    laptop.change(target_exam="JEE", available_hours_per_day=5.0)
    world.advance(60)
    tablet.change(available_hours_per_day=2.0, grade=9)
    for each in (tablet, laptop, phone):
        assert each.sync()
    check_profile(world)


@pytest.fixture
def _without_repair(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "compare", lambda *_: None)


@pytest.mark.usefixtures("_without_repair")
def test_history_without_a_fault_passes_even_without_repair(world: World) -> None:
    fixed_history(world)


def no_dedupe(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sync_store, "list_outcomes", lambda *_: {})
    patch.setattr(practice_store, "find_attempt", lambda *_: None)


def order_of_arrival(patch: pytest.MonkeyPatch) -> None:
    def all_win(columns: Any, clock: str, stored: Mapping[str, str], _oldest: str) -> Merged:
        return Merged(frozenset(columns), {**stored, **dict.fromkeys(columns, clock)})

    patch.setattr(apply, "merge", all_win)


def last_write_of_the_row(patch: pytest.MonkeyPatch) -> None:
    def all_or_none(columns: Any, clock: str, stored: Mapping[str, str], _oldest: str) -> Merged:
        won = frozenset(columns if clock > max(stored.values(), default="") else ())
        return Merged(won, {**stored, **dict.fromkeys(won, clock)})

    patch.setattr(apply, "merge", all_or_none)


def time_of_the_row_for_its_columns(patch: pytest.MonkeyPatch) -> None:
    def clocks_with_default(
        self: ChangeLog, student_id: UUID, table: SyncedTable, row_id: UUID, before: Any
    ) -> Any:
        clocks = changes_store.read_clocks(self.db, student_id, table, row_id)
        oldest = "" if before is None else reading_at(before, 0, SERVER)
        return dict.fromkeys(("grade", "target_exam", "available_hours_per_day"), oldest) | clocks

    write_changes = changes_store.write_changes

    def without_defaults(db: Any, changes: Any, now: Any) -> None:
        write_changes(db, [replace(it, clocks=_newest(it.clocks)) for it in changes], now)

    patch.setattr(ChangeLog, "read_clocks", clocks_with_default)
    patch.setattr(changes_store, "write_changes", without_defaults)


def _newest(clocks: Mapping[str, str]) -> dict[str, str]:
    return {name: it for name, it in clocks.items() if it == max(clocks.values())}


def forgotten_tombstone(patch: pytest.MonkeyPatch) -> None:
    list_rows = service._rows
    patch.setattr(
        service,
        "_rows",
        lambda *arguments: [it for it in list_rows(*arguments) if not it.is_deleted],
    )


def cursor_before_rows(patch: pytest.MonkeyPatch) -> None:
    store = sync._store

    def store_cursor_first(device: Any, call: Any, body: Any, student_id: UUID) -> bool:
        with device.database.session() as db:
            state = read_value(db, SYNC) or {}
            write_value(db, SYNC, {**state, "cursor": body["cursor"]})
            db.commit()
        return store(device, call, body, student_id)

    patch.setattr(sync, "_store", store_cursor_first)


def counter_not_raised(patch: pytest.MonkeyPatch) -> None:
    lock = changes_store.lock_counters
    patch.setattr(
        changes_store, "lock_counters", lambda *arguments: dict.fromkeys(lock(*arguments), 1)
    )


def applied_although_rejected(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sync, "APPLIED_STATUSES", sync.APPLIED_STATUSES | {"rejected"})


def retry_skipped_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sync, "APPLIED_STATUSES", sync.APPLIED_STATUSES | {"retry"})


def queue_emptied_before_the_response(patch: pytest.MonkeyPatch) -> None:
    list_pending = queue.list_pending

    def take(db: Any, limit: int | None = None) -> Any:
        operations = list_pending(db, limit)
        for each in operations:
            queue.settle(db, each.id, OperationState.APPLIED)
        db.commit()
        return operations

    patch.setattr(queue, "list_pending", take)


def copied_device_keeps_its_id(patch: pytest.MonkeyPatch) -> None:
    settle = identity.settle_identity

    def keep(db: Any, folder: Any) -> UUID:
        device_value = read_value(db, DEVICE)
        is_used = device_value is not None and device_value["syncs"] > 0
        return (
            UUID(device_value["id"]) if device_value is not None and is_used else settle(db, folder)
        )

    patch.setattr(opening, "settle_identity", keep)
    patch.setattr(service, "_check_device", lambda *_: None)


def server_overwrites_pending_change(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(queue, "pending_columns", lambda *_: set())


def clock_does_not_follow(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(DeviceClock, "follow", lambda *_: None)


def mastery_not_counted_anew(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sync, "recount_mastery", lambda *_: None)


def refused_row_stays(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sync, "remove_row", lambda *_: None)


def answers_not_logged(patch: pytest.MonkeyPatch) -> None:
    add = ChangeLog.add

    def forget(
        self: ChangeLog, student_id: UUID, table: SyncedTable, *others: Any, **named: Any
    ) -> None:
        if table is not SyncedTable.QUESTION_ATTEMPTS:
            add(self, student_id, table, *others, **named)

    patch.setattr(ChangeLog, "add", forget)


FAULTS: tuple[Plant, ...] = (
    no_dedupe,
    order_of_arrival,
    last_write_of_the_row,
    time_of_the_row_for_its_columns,
    forgotten_tombstone,
    cursor_before_rows,
    counter_not_raised,
    applied_although_rejected,
    retry_skipped_over,
    queue_emptied_before_the_response,
    copied_device_keeps_its_id,
    server_overwrites_pending_change,
    clock_does_not_follow,
    mastery_not_counted_anew,
    refused_row_stays,
    answers_not_logged,
)


@pytest.mark.usefixtures("_without_repair")
@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_planted_fault_is_found(
    world: World, plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        fixed_history(world)


def lose_a_row(world: World) -> None:
    """Lose a row on a device, as if by a disk fault, and check that the row comes back."""
    laptop = world.devices[0]
    for _ in range(3):
        laptop.answer()
    assert laptop.sync()
    with laptop.device.database.session() as db:
        # The second answer: its time in seconds is its number.
        db.execute(delete(QuestionAttempt).where(QuestionAttempt.time_taken_seconds == 2))
        db.commit()
    check(world)


def test_lost_row_is_repaired(world: World) -> None:
    lose_a_row(world)


@pytest.mark.usefixtures("_without_repair")
def test_lost_row_without_repair_is_found(world: World) -> None:
    with pytest.raises(AssertionError):
        lose_a_row(world)
