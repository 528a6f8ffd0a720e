"""Recording of local changes: triggers write the operation in the transaction of the change.

The triggers belong to the device's connection, so whatever writes a synchronised row through it
queues the change, and nothing is queued that is not stored. Rows that come from the server are
written while recording is off.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from device.clock import DeviceClock
from device.tables import Operation, OperationState
from lib.learning.changes.synced import SYNCED, SyncedTable
from lib.learning.tables.base import new_id
from lib.learning.tables.closed_lists import OperationType

RECORDED_CHANGES: Mapping[SyncedTable, tuple[OperationType, tuple[str, ...]]] = {
    SyncedTable.QUESTION_ATTEMPTS: (
        OperationType.CREATE,
        SYNCED[SyncedTable.QUESTION_ATTEMPTS].columns,
    ),
    SyncedTable.STUDENT_PROFILES: (
        OperationType.UPDATE,
        tuple(sorted(SYNCED[SyncedTable.STUDENT_PROFILES].editable)),
    ),
}
"""The kind of change and the columns that a device sends, by table."""


class Recorder:
    """Queues the changes that a connection makes.

    Args:
        now: Function that returns the present time.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._clock: DeviceClock | None = None
        self._paused = 0
        self._queued = False

    def use(self, clock: DeviceClock) -> None:
        """Take readings from a clock; to be called before the first change is recorded."""
        self._clock = clock

    @property
    def clock(self) -> DeviceClock:
        """The clock of the device."""
        assert self._clock is not None  # noqa: S101 opening the database sets it
        return self._clock

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Do not record what the block writes, such as rows from the server."""
        self._paused += 1
        try:
            yield
        finally:
            self._paused -= 1

    def take_queued_mark(self) -> bool:
        """Return whether something was queued since the last call."""
        queued, self._queued = self._queued, False
        return queued

    def mark_queued(self) -> None:
        """Note that something was queued."""
        self._queued = True

    def install(self, connection: sqlite3.Connection) -> None:
        """Create the triggers on a connection; the tables must exist."""
        connection.create_function("is_recording", 0, self._is_recording)
        connection.create_function("new_operation_id", 0, self._new_operation_id)
        connection.create_function("next_clock", 0, self._next_clock)
        connection.create_function("present_time", 0, self._present_time)
        for table, (change, columns) in RECORDED_CHANGES.items():
            connection.execute(_trigger(table.value, change, columns))

    def _is_recording(self) -> int:
        return int(self._paused == 0)

    def _new_operation_id(self) -> str:
        self.mark_queued()
        return new_id().hex

    def _next_clock(self) -> str:
        return self.clock.next()

    def _present_time(self) -> str:
        return self._now().astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _trigger(table: str, change: OperationType, columns: Sequence[str]) -> str:
    """Return the statement of a trigger, which ignores columns that are not exchanged."""
    event = {OperationType.CREATE: "INSERT", OperationType.UPDATE: "UPDATE"}[change]
    values = " UNION ALL ".join(
        f"SELECT '{name}' AS name, NEW.{name} AS value"
        + (f" WHERE NEW.{name} IS NOT OLD.{name}" if change is OperationType.UPDATE else "")
        for name in columns
    )
    return f"""
        CREATE TEMP TRIGGER queue_{change.value}_{table}
        AFTER {event} ON main.{table} WHEN is_recording()
        BEGIN
          INSERT INTO {Operation.__tablename__}
            (id, table_name, row_id, kind, columns, clock, created_at, state)
          SELECT new_operation_id(), '{table}', NEW.id, '{change.value}', columns,
            next_clock(), present_time(), '{OperationState.PENDING.value}'
          FROM (SELECT json_group_object(name, value) AS columns, count(*) AS number
            FROM ({values}))
          WHERE number > 0;
        END
    """  # noqa: S608 our own names
