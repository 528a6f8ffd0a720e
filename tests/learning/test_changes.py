"""The log of changes: concurrent writers, order of commits, clocks and merges."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import permutations
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from lib.deps import Deps
from lib.learning.changes.clock import (
    LARGEST_COUNTER,
    MAX_LEAD,
    SERVER,
    bounded,
    next_reading,
    parts_of,
    reading_at,
)
from lib.learning.changes.log import logged
from lib.learning.changes.merge import merge
from lib.learning.changes.store import list_changes
from lib.learning.changes.synced import SyncedTable
from lib.learning.database import postgres_session
from lib.learning.tables import SyncChange
from lib.learning.tables.base import new_id
from lib.learning.transactions import transaction
from tests.learning.school import NOW, School

MARKS = SyncedTable.EXAM_MARKS
WRITERS, CHANGES_OF_WRITER = 4, 15
DEVICE = "0123abcd"
OLDEST = reading_at(NOW - timedelta(days=1), 0, SERVER)
Write = Callable[[Session, UUID, UUID], None]


def log_change(db: Session, student_id: UUID, row_id: UUID) -> None:
    """Log a change as the services do."""
    with logged(db, [student_id], NOW) as log:
        log.add(student_id, MARKS, row_id)


def number_by_sequence(db: Session, student_id: UUID, row_id: UUID) -> None:
    """Log a change under a sequence's next number, without a lock that lasts until the commit."""
    number = db.execute(text("SELECT nextval('learning.bare_sequence')")).scalar_one()
    _insert(db, student_id, row_id, number)


def number_by_clock(db: Session, student_id: UUID, row_id: UUID) -> None:
    """Log a change under the time at which the database runs the statement."""
    now: datetime = db.execute(text("SELECT clock_timestamp()")).scalar_one()
    _insert(db, student_id, row_id, round(now.timestamp() * 1_000_000))


def _insert(db: Session, student_id: UUID, row_id: UUID, number: int) -> None:
    values = {"id": new_id(), "student_id": student_id, "number": number, "clocks": {}}
    db.execute(insert(SyncChange).values(**values, table_name=MARKS.value, row_id=row_id))


class Reader:
    """A device that reads the changes after its cursor, two at a time."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._cursor: tuple[int, UUID] | None = None
        self.rows: list[UUID] = []
        with postgres_session(deps) as db:
            self.student_id = School(db, deps.settings).user("ann").user.student_id
            db.execute(text("CREATE SEQUENCE learning.bare_sequence"))
            db.commit()

    def read(self) -> None:
        """Read all pages."""
        with postgres_session(self._deps) as db:
            while page := list_changes(db, self.student_id, self._cursor, 2):
                entry_id, last = page[-1]
                self._cursor = (last.number, entry_id)
                self.rows += [change.row_id for _, change in page if change.table is MARKS]


def rows_read(deps: Deps, write: Write) -> int:
    """Return how many of two rows a reader gets if it reads before the first writer commits.

    The second writer begins later, and tries to commit before that read.
    """
    reader = Reader(deps)
    with postgres_session(deps) as slow:
        write(slow, reader.student_id, uuid4())

        def overtake() -> None:
            with postgres_session(deps) as fast, transaction(fast):
                write(fast, reader.student_id, uuid4())

        thread = threading.Thread(target=overtake)
        thread.start()
        thread.join(timeout=1)
        reader.read()
        slow.commit()
        thread.join()
    reader.read()
    return len(reader.rows)


def test_writer_that_began_first_is_not_overtaken(deps: Deps) -> None:
    assert rows_read(deps, log_change) == 2


@pytest.mark.parametrize("write", [number_by_sequence, number_by_clock])
def test_numbers_without_a_lock_lose_the_row_of_a_slow_writer(deps: Deps, write: Write) -> None:
    assert rows_read(deps, write) == 1


def test_reader_beside_concurrent_writers_gets_every_row_once(deps: Deps) -> None:
    reader = Reader(deps)
    written_ids: list[UUID] = []

    def write(pause: float) -> None:
        for _ in range(CHANGES_OF_WRITER):
            row_id = uuid4()
            with postgres_session(deps) as db, transaction(db):
                log_change(db, reader.student_id, row_id)
                time.sleep(pause)
            written_ids.append(row_id)

    threads = [threading.Thread(target=write, args=(pause,)) for pause in (0, 0.001, 0.003, 0.009)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        reader.read()
    reader.read()
    assert len(reader.rows) == len(written_ids) == WRITERS * CHANGES_OF_WRITER
    assert set(reader.rows) == set(written_ids)


def test_row_that_changes_again_moves_to_the_end(school: School) -> None:
    student_id = school.user("ann").user.student_id
    first, second = uuid4(), uuid4()
    for row_id in (first, second, first):
        with transaction(school.db):
            log_change(school.db, student_id, row_id)
    changes = [change for _, change in list_changes(school.db, student_id, None, 10)]
    marks = [change.row_id for change in changes if change.table is MARKS]
    assert marks == [second, first]
    numbers = [change.number for change in changes]
    assert numbers == sorted(numbers)


def test_change_that_is_rolled_back_is_not_logged(school: School) -> None:
    student_id = school.user("ann").user.student_id
    log_change(school.db, student_id, uuid4())
    school.db.rollback()
    changes = [change for _, change in list_changes(school.db, student_id, None, 10)]
    assert [change for change in changes if change.table is MARKS] == []


def test_readings_sort_in_the_order_of_the_changes() -> None:
    """The clock of the device stands still, goes back by an hour, and goes on."""
    times = [NOW, NOW, NOW - timedelta(hours=1), NOW + timedelta(microseconds=1)]
    readings: list[str] = []
    for at in times:
        readings.append(next_reading(at, readings, DEVICE))
    assert readings == sorted(set(readings))
    assert [parts_of(each) for each in readings] == [
        (NOW, 0),
        (NOW, 1),
        (NOW, 2),
        (NOW + timedelta(microseconds=1), 0),
    ]


def test_full_counter_goes_on_in_the_next_microsecond() -> None:
    full = reading_at(NOW, LARGEST_COUNTER, DEVICE)
    after = next_reading(NOW, [full], SERVER)
    assert parts_of(after) == (NOW + timedelta(microseconds=1), 0)
    assert after > full


@pytest.mark.parametrize(
    ("ahead", "is_kept"),
    [(MAX_LEAD, True), (MAX_LEAD + timedelta(microseconds=1), False), (-MAX_LEAD, True)],
)
def test_reading_too_far_ahead_is_replaced(ahead: timedelta, *, is_kept: bool) -> None:
    reading = reading_at(NOW + ahead, 3, DEVICE)
    assert bounded(reading, NOW) == (reading if is_kept else reading_at(NOW, 0, DEVICE))


def test_replaced_reading_is_later_than_the_stored_ones() -> None:
    stored_readings = [reading_at(NOW + MAX_LEAD, 2, SERVER), reading_at(NOW, 0, DEVICE)]
    replaced = bounded(reading_at(NOW + timedelta(days=365), 0, DEVICE), NOW, stored_readings)
    assert replaced == reading_at(NOW + MAX_LEAD, 3, DEVICE)


@pytest.mark.parametrize("text", ["", "x", "2026-11-28T12:00:00Z-0000-0123abcd", OLDEST + "0"])
def test_text_that_is_not_a_reading_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a reading"):
        parts_of(text)


def test_merge_does_not_depend_on_the_order_of_arrival() -> None:
    """Each column ends with the value of the largest clock among those that set it."""
    changes = [
        ({"grade": 1, "exam": 1}, reading_at(NOW, 0, DEVICE)),
        ({"grade": 2}, reading_at(NOW, 1, DEVICE)),
        ({"exam": 3, "hours": 3}, reading_at(NOW, 0, "fffffff0")),
        ({"hours": 4, "grade": 4}, reading_at(NOW - timedelta(days=2), 0, DEVICE)),
    ]
    for order in permutations(changes):
        values: dict[str, int] = {}
        clocks: dict[str, str] = {}
        for columns, clock in [*order, order[0]]:  # the first one arrives twice
            merged = merge(columns, clock, clocks, OLDEST)
            values |= {name: columns[name] for name in merged.columns}
            clocks = dict(merged.clocks)
        assert values == {"grade": 2, "exam": 3, "hours": 3}
