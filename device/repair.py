"""Comparison of the device's rows with the server's, and repair of the tables that differ.

Only rows without pending changes are repaired, so that no change made on the device is lost. An
attempt that the server neither has nor has refused is sent again: the server never deletes
attempts, so it has lost this one, for example because a backup was restored.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from device import queue
from device.context import Device
from device.log_in import require_success
from device.rows import MissingReference, put_row, recount_mastery, remove_row, send_again
from lib.learning.changes.rows import digests, read_rows
from lib.learning.changes.synced import SCHEMA_VERSION, SyncedTable
from lib.logs import log

PAGE_SIZE = "200"
"""Rows in one response of the server, as a query parameter."""


def compare(device: Device, body: Mapping[str, Any], student_id: UUID) -> None:
    """Repair the tables whose digests differ from the server's.

    Args:
        device: The device.
        body: Response to a sync that asked for the digests.
        student_id: The student.

    Raises:
        ServerAway, LogInNeeded: If the server's rows cannot be fetched.
    """
    has_same_columns = body["schema_version"] == SCHEMA_VERSION
    for table in differing_tables(device, body["digests"], student_id, by_hash=has_same_columns):
        log("copies_differ", table=table.value)
        repair_table(device, table, student_id)


def differing_tables(
    device: Device,
    server_digests: Mapping[str, Mapping[str, Any]],
    student_id: UUID,
    *,
    by_hash: bool = True,
) -> list[SyncedTable]:
    """Return the tables that differ from the server's, except those with pending changes.

    Args:
        device: The device.
        server_digests: Digests of the server by table.
        student_id: The student.
        by_hash: Whether to compare hashes as well as numbers of rows; False if the tables have
            other columns at the server, since the hashes differ then.
    """
    with device.database.session() as db:
        own = digests(db, student_id)
        pending_tables = {table for table in SyncedTable if queue.pending_rows(db, table.value)}
    return [
        table
        for table in SyncedTable
        if table not in pending_tables
        and table.value in server_digests
        and (
            own[table].count != server_digests[table.value]["count"]
            or (by_hash and own[table].sha256 != server_digests[table.value]["sha256"])
        )
    ]


def repair_table(device: Device, table: SyncedTable, student_id: UUID) -> None:
    """Store the server's rows of a table, queue attempts that it has lost, and remove other rows.

    Raises:
        ServerAway, LogInNeeded: If the server's rows cannot be fetched; nothing is changed then.
    """
    rows = {UUID(row["row_id"]): row["columns"] for row in _server_rows(device, table)}
    now = device.now()
    with device.database.session() as db, device.database.recorder.paused():
        pending = queue.pending_rows(db, table.value)
        present = read_rows(db, table, student_id)
        for row_id in sorted(present.keys() - rows.keys() - pending):
            if table is SyncedTable.QUESTION_ATTEMPTS and not queue.was_rejected(db, table, row_id):
                clock = device.database.recorder.clock.next()
                send_again(db, table, row_id, present[row_id], clock, now)
            else:
                remove_row(db, table, row_id)
        unstored_rows = 0
        for row_id, columns in rows.items():
            if row_id in pending or _has_values(present.get(row_id), columns):
                continue
            try:
                put_row(db, table, row_id, columns, student_id, now)
            except MissingReference:
                unstored_rows += 1
        if table is SyncedTable.QUESTION_ATTEMPTS:
            recount_mastery(db, student_id, now)
        db.commit()
    if unstored_rows:
        log("rows_without_place", table=table.value, number=unstored_rows)


def _has_values(present: Mapping[str, Any] | None, columns: Mapping[str, Any]) -> bool:
    """Return whether a row has the server's values; columns that one side lacks do not count."""
    if present is None:
        return False
    return all(present[name] == value for name, value in columns.items() if name in present)


def _server_rows(device: Device, table: SyncedTable) -> Iterator[Mapping[str, Any]]:
    """Yield the server's rows of a table.

    Raises:
        ServerAway, LogInNeeded: If they cannot be fetched.
    """
    parameters = {"table": table.value, "limit": PAGE_SIZE}
    while True:
        body = require_success(
            device.server.call_as_user("GET", "/api/learning/sync/rows", parameters=parameters)
        )
        yield from body["rows"]
        if body["next_cursor"] is None:
            return
        parameters["cursor"] = body["next_cursor"]
