"""The log of changes: which rows of a student have changed, in the order of the commits.

Each student has a counter. A transaction locks and raises it before its first change, so the
numbers of the changes are in the order in which the changes become visible. A reader of all
changes up to a number never misses one with a smaller number; times and sequences cannot
guarantee that.

The log holds the last change of each row; a deleted row leaves its entry behind. The rows
themselves are read from their tables.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from lib.learning.changes import store
from lib.learning.changes.clock import SERVER, next_reading, reading_at
from lib.learning.changes.store import LoggedChange
from lib.learning.changes.synced import SYNCED, SyncedTable

KEEPS_LOG = "keeps_log"
"""Option of an engine: False on a device, which queues operations instead."""


@dataclass
class ChangeLog:
    """The changes of one transaction."""

    db: Session
    now: datetime
    numbers: Mapping[UUID, int]
    """Number of the transaction by student; empty if no log is kept."""
    changes: dict[tuple[UUID, str, UUID], LoggedChange] = field(default_factory=dict)

    def add(
        self,
        student_id: UUID,
        table: SyncedTable,
        row_id: UUID,
        clocks: Mapping[str, str] | None = None,
        *,
        is_deleted: bool = False,
    ) -> None:
        """Log a change of a row.

        Args:
            student_id: The student; `logged` was called with it.
            table: Table of the row.
            row_id: The row.
            clocks: Clocks, after the change, of the columns that a device may set; none as long as
                none of these columns has changed.
            is_deleted: Whether the row is deleted.
        """
        if student_id in self.numbers:
            change = LoggedChange(
                student_id, table, row_id, self.numbers[student_id], clocks or {}, is_deleted
            )
            self.changes[student_id, table, row_id] = change

    def add_edits(
        self, table: SyncedTable, columns: Collection[str], edited_at: Mapping[UUID, datetime]
    ) -> None:
        """Log changes that were made at the server, with clocks larger than all earlier ones.

        Args:
            table: Table of the rows, whose ids are those of their students.
            columns: Columns that were changed.
            edited_at: Time of the previous change of each row, by student.
        """
        student_ids = edited_at.keys() & self.numbers.keys()
        clocks = store.list_own_clocks(self.db, table, student_ids) if student_ids else {}
        for student_id in student_ids:
            complete = _complete(table, clocks.get(student_id, {}), edited_at[student_id])
            clock = next_reading(self.now, complete.values(), SERVER)
            self.add(student_id, table, student_id, {**complete, **dict.fromkeys(columns, clock)})

    def read_clocks(
        self, student_id: UUID, table: SyncedTable, row_id: UUID, edited_at: datetime
    ) -> dict[str, str]:
        """Return the clock of the last change of each column.

        Args:
            student_id: The student.
            table: Table of the row.
            row_id: The row.
            edited_at: Time of the last change of the row.
        """
        clocks = store.read_clocks(self.db, student_id, table, row_id)
        return _complete(table, clocks, edited_at)


def _complete(table: SyncedTable, clocks: Mapping[str, str], edited_at: datetime) -> dict[str, str]:
    """Return clocks of all columns.

    Columns without a logged change get the time of the row's last change. The log stores this
    time for them, because the row's own time changes with any other column.
    """
    oldest = reading_at(edited_at, 0, SERVER)
    return {**dict.fromkeys(SYNCED[table].editable, oldest), **clocks}


@contextmanager
def logged(db: Session, student_ids: Collection[UUID], now: datetime) -> Iterator[ChangeLog]:
    """Lock the counters of students, and write at the end what the block has logged.

    This comes first in a transaction, so that all transactions take their locks in the same
    order; the block ends before the commit.
    """
    keeps_log = db.get_bind().get_execution_options().get(KEEPS_LOG, True)
    log = ChangeLog(db, now, store.lock_counters(db, student_ids, now) if keeps_log else {})
    yield log
    store.write_changes(db, list(log.changes.values()), now)


def complete_log(db: Session, student_id: UUID, now: datetime) -> int:
    """Log the rows of a student that are older than the log; a second call does nothing.

    This runs in the caller's transaction, before any lock is taken there.

    Returns:
        The number of the student's last transaction.
    """
    number = store.read_number_of_complete_log(db, student_id)
    if number is not None:
        return number
    with logged(db, [student_id], now) as log:
        for table, row_id in store.list_unlogged(db, student_id):
            log.add(student_id, table, row_id)
        store.mark_complete(db, student_id)
    return log.numbers[student_id]
