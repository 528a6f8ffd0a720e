"""Devices whose server has changed: restored, updated, or with cursors of another form."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from device import queue
from device.server import Reply
from device.sync import PATH
from device.tables import OperationState
from device.values import SYNC, read_value, write_value
from lib.learning.changes.rows import digests
from tests.device.end_of_history import check, check_copies
from tests.device.histories import Sessions, World
from tests.device.in_process import ROWS
from tests.device.laptops import TOO_LONG, Laptop


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


def alter_replies(
    laptop: Laptop, monkeypatch: pytest.MonkeyPatch, alter: Callable[[Any], None]
) -> Any:
    """Change the server's responses to syncs with `alter`; return the paths of the calls."""
    call, paths = laptop.client.call, []

    def call_and_alter(method: str, path: str, *arguments: Any, **named: Any) -> Reply:
        paths.append(path)
        reply = call(method, path, *arguments, **named)
        if path == PATH and reply.succeeded:
            alter(reply.body)
        return reply

    monkeypatch.setattr(laptop.client, "call", call_and_alter)
    return paths


def as_newer_server(body: Any) -> None:
    """Change a response to that of the next version, which has a further column and table."""
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


def test_unknown_columns_and_tables_of_a_newer_server_are_ignored(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop = world.devices[0]
    paths = alter_replies(laptop, monkeypatch, as_newer_server)
    laptop.answer()
    world.answer_at_server()
    assert laptop.sync()
    assert laptop.sync()
    assert ROWS not in paths, "hashes of other columns are not compared"
    monkeypatch.undo()
    check(world)


def test_lost_row_is_repaired_from_a_newer_server(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a newer server, too, numbers of rows are compared, although hashes are not."""
    laptop = world.devices[0]
    world.answer_at_server()

    def lose_rows(body: Any) -> None:
        body["rows"].clear()
        as_newer_server(body)

    alter_replies(laptop, monkeypatch, lose_rows)
    assert laptop.sync()
    with laptop.device.database.session() as device_db, world.sessions() as server_db:
        assert digests(device_db, world.student_id) == digests(server_db, world.student_id)


def test_refused_change_is_sent_again_once_the_server_is_updated(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop = world.devices[0]

    def refuse(body: Any) -> None:
        for outcome in body["outcomes"]:
            outcome |= {"status": "rejected", "code": "unknown_table", "message": "Unknown."}

    alter_replies(laptop, monkeypatch, refuse)
    laptop.change(grade=11)
    assert laptop.sync()
    assert laptop.operations(OperationState.REJECTED) == [{"grade": 11}]
    monkeypatch.undo()
    alter_replies(laptop, monkeypatch, as_newer_server)
    assert laptop.sync()
    assert laptop.operations(OperationState.REJECTED) == []
    assert len(laptop.operations(OperationState.PENDING)) == 0


def test_reply_without_a_reason_names_its_status(world: World) -> None:
    laptop = world.devices[0]
    laptop.answer()
    call = laptop.client.call

    def refuse_operations(method: str, path: str, body: Any = None, **named: Any) -> Reply:
        reply = call(method, path, body, **named)
        if path == PATH and body["operations"]:  # as a platform refuses what is too large
            return replace(reply, status=413, body=None)
        return reply

    laptop.client.call = refuse_operations  # type: ignore[method-assign]
    assert laptop.sync()
    with laptop.device.database.session() as db:
        (rejected,) = queue.list_rejected(db, 10)
    assert (rejected.code, rejected.reason) == (None, "HTTP 413")


def test_page_in_place_of_a_response_keeps_the_queue(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop = world.devices[0]
    laptop.answer()
    call = laptop.client.call

    def page(method: str, path: str, *arguments: Any, **named: Any) -> Reply:
        is_sync = path == PATH
        return (
            Reply(200, None, b"<html>", None)
            if is_sync
            else call(method, path, *arguments, **named)
        )

    monkeypatch.setattr(laptop.client, "call", page)
    assert not laptop.sync()
    assert len(laptop.operations(OperationState.PENDING)) == 1
    monkeypatch.undo()
    check(world)
