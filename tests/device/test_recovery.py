"""Devices whose server has changed: restored, updated, or with cursors of another form."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from device import queue
from device.server import Reply
from device.tables import OperationState
from device.values import SYNC, read_value, write_value
from lib.learning.changes.rows import digests
from tests.device.end_of_history import check, check_copies
from tests.device.histories import Sessions, World
from tests.device.in_process import ROWS
from tests.device.laptops import TOO_LONG


@pytest.fixture
def world(sqlite_sessions: Sessions, blank: Path) -> Iterator[World]:
    """A server on SQLite and three devices."""
    world = World(sqlite_sessions, blank.parent.parent, blank)
    yield world
    world.close()


def copy(source: Path, target: Path) -> None:
    """Back up or restore an SQLite database while it is in use."""
    with closing(sqlite3.connect(source)) as reader, closing(sqlite3.connect(target)) as writer:
        reader.backup(writer)


def test_restored_server_gets_back_what_devices_hold(world: World, tmp_path: Path) -> None:
    laptop, phone, tablet = world.devices
    laptop.answer()
    world.answer_at_server()
    assert laptop.sync()
    copy(tmp_path / "server.db", tmp_path / "backup.db")
    for _ in range(3):
        world.advance()
        laptop.answer()
        phone.answer("false")
        world.answer_at_server()
        assert all(each.sync() for each in (laptop, phone, tablet))
    copy(tmp_path / "backup.db", tmp_path / "server.db")
    assert len(world.numbers_at_server()) == 2
    phone.answer()
    check(world)
    assert len(world.numbers_at_server()) == 12


def test_refused_answer_is_not_sent_again(world: World) -> None:
    laptop = world.devices[0]
    laptop.answer_too_long()
    assert laptop.sync()
    with laptop.device.database.session() as db:
        (refused,) = queue.list_rejected(db, 10)
    for _ in range(2):
        # As if a repair from an older file had brought the answer back.
        with laptop.device.database.recorder.paused():
            laptop.store_answer(UUID(refused.row_id), 1, TOO_LONG)
        assert laptop.sync()
    assert laptop.sync()
    check_copies(world)
    assert len(laptop.operations(OperationState.REJECTED)) == 1


def test_cursor_that_the_server_cannot_read_is_forgotten(world: World) -> None:
    laptop = world.devices[0]
    world.answer_at_server()
    with laptop.device.database.session() as db:
        write_value(db, SYNC, {**(read_value(db, SYNC) or {}), "cursor": "of another form"})
        db.commit()
    check(world)


def as_newer_server(_sent: Any, reply: Reply) -> Reply:
    """Return the response as the next version would send it, with another column and table."""
    body = reply.body
    body["schema_version"] += 1
    for row in body["rows"]:
        row["columns"]["colour"] = "red"
    row_id = "01a00000-0000-7000-8000-000000000009"
    badge = {"table_name": "badges", "row_id": row_id, "is_deleted": False, "clocks": {}}
    body["rows"].append(badge | {"columns": {"name": "a week without a gap"}})
    for digest in (body["digests"] or {}).values():
        digest["sha256"] = "0" * 64
    if body["digests"]:
        body["digests"]["badges"] = {"count": 1, "sha256": "0" * 64}
    return reply


def test_unknown_columns_and_tables_of_a_newer_server_are_ignored(world: World) -> None:
    laptop = world.devices[0]
    laptop.answer()
    world.answer_at_server()
    with laptop.client.altering(as_newer_server):
        assert laptop.sync()
        assert laptop.sync()
    assert ROWS not in laptop.client.paths, "hashes of other columns are not compared"
    check(world)


def test_lost_row_is_repaired_from_a_newer_server(world: World) -> None:
    """With a newer server, too, numbers of rows are compared, although hashes are not."""
    laptop = world.devices[0]
    world.answer_at_server()

    def lose_rows(sent: Any, reply: Reply) -> Reply:
        reply.body["rows"].clear()
        return as_newer_server(sent, reply)

    with laptop.client.altering(lose_rows):
        assert laptop.sync()
    with laptop.device.database.session() as device_db, world.sessions() as server_db:
        assert digests(device_db, world.student_id) == digests(server_db, world.student_id)


def test_refused_change_is_sent_again_once_the_server_is_updated(world: World) -> None:
    laptop = world.devices[0]

    def refuse(_sent: Any, reply: Reply) -> Reply:
        for outcome in reply.body["outcomes"]:
            outcome |= {"status": "rejected", "code": "unknown_table", "message": "Unknown."}
        return reply

    laptop.change(grade=11)
    with laptop.client.altering(refuse):
        assert laptop.sync()
    assert laptop.operations(OperationState.REJECTED) == [{"grade": 11}]
    with laptop.client.altering(as_newer_server):
        assert laptop.sync()
    assert laptop.operations(OperationState.REJECTED) == []
    assert len(laptop.operations(OperationState.PENDING)) == 0


def test_reply_without_a_reason_names_its_status(world: World) -> None:
    laptop = world.devices[0]
    laptop.answer()

    def refuse_operations(sent: Any, reply: Reply) -> Reply:  # as platforms refuse large bodies
        return replace(reply, status=413, body=None) if sent["operations"] else reply

    with laptop.client.altering(refuse_operations):
        assert laptop.sync()
    with laptop.device.database.session() as db:
        (rejected,) = queue.list_rejected(db, 10)
    assert (rejected.code, rejected.reason) == (None, "HTTP 413")


def test_html_page_instead_of_json_leaves_the_change_pending(world: World) -> None:
    laptop = world.devices[0]
    laptop.answer()
    with laptop.client.altering(lambda _sent, _reply: Reply(200, None, b"<html>", None)):
        assert not laptop.sync()
    assert len(laptop.operations(OperationState.PENDING)) == 1
    check(world)
