"""Bodies of the synchronisation with devices."""

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from lib.learning.changes.clock import Reading
from lib.learning.changes.synced import SyncedTable
from lib.learning.ids import SentId
from lib.learning.practice.wire import AnswerText, Confidence, Seconds
from lib.learning.tables.closed_lists import OperationType
from lib.web.wire import Body, StrictBody, SuccessOut, UtcTime

MAX_OPERATIONS = 200
"""Maximum number of changes in a call."""
MAX_COUNT = 2**31 - 1
"""Maximum of a count: the largest integer of its column."""
Count = Annotated[int, Field(ge=0, le=MAX_COUNT)]


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("should have no NUL character")
    return text


Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_without_nul)]


class DeviceIn(Body):
    """The device that calls."""

    id: UUID
    """Id, made by the device; a restored or copied database needs a new one."""
    name: Name | None = None
    """Name of the device, such as the name of the browser."""
    schema_version: Annotated[int, Field(ge=1, le=MAX_COUNT)]
    """Version of its tables."""
    syncs: Count
    """Number of syncs that it has completed."""
    pending: Count = 0
    """Number of changes that wait and are not in this call."""
    rejected: Count = 0
    """Number of changes that it keeps because they were refused before."""


class ChangeIn(Body):
    """A change of one row on a device."""

    id: UUID
    """Id of the change; it is applied once, however often it is sent."""
    table_name: Name
    """Table of the row."""
    row_id: UUID
    """Id of the row."""
    kind: OperationType
    """Kind of the change."""
    columns: dict[Name, Any] = Field(default_factory=dict, max_length=100)
    """Values of the columns that were set."""
    clock: Reading
    """Hybrid logical clock of the change, such as `2027-03-01T10:00:00.000000Z-0000-0123abcd`."""


class AttemptColumns(Body):
    """Columns of an answer as a device sends them; the server grades it itself."""

    question_id: SentId
    """Id of the question."""
    answer: AnswerText
    """The answer: an option's text, `true` or `false`, or a number."""
    time_taken_seconds: Seconds
    """Seconds from the question to the answer."""
    confidence: Confidence | None = None
    """1 (a guess) to 5 (certain); null if it is not known."""
    timestamp: UtcTime
    """Time of the answer by the clock of the device."""


class SyncIn(StrictBody):
    """Changes of a device, and the place in the log up to which it has fetched rows."""

    device: DeviceIn
    """The device."""
    operations: list[ChangeIn] = Field(default_factory=list, max_length=MAX_OPERATIONS)
    """The oldest changes of the device that have no outcome yet, in their order."""
    cursor: str | None = Field(default=None, max_length=200)
    """Cursor of the last response that was stored; null to fetch everything."""
    digests: bool = False
    """Whether the digests of all tables are wanted, to compare the copies."""


class ChangeStatus(StrEnum):
    """Outcome of a change."""

    APPLIED = "applied"  # stored
    DUPLICATE = "duplicate"  # stored by an earlier call
    REJECTED = "rejected"  # refused for good; the device keeps it for a person
    RETRY = "retry"  # not decided; send it again


class ChangeOut(Body):
    """Outcome of a change, with the reason if it was refused."""

    id: UUID
    """Id of the change."""
    status: ChangeStatus
    """Outcome of the change."""
    code: str | None = None
    """Code of the refusal."""
    message: str | None = None
    """Reason of the refusal, for people."""
    lost_columns: tuple[str, ...] = ()
    """Columns that were changed later elsewhere; they keep the later value."""
    kept_columns: tuple[str, ...] = ()
    """Columns that the server's table does not have; the server keeps those values that are not in
    `lost_columns`."""
    is_clock_bounded: bool = False
    """Whether the clock was too far in the future and the server's time counts instead."""


class RowOut(Body):
    """The present state of a row that has changed."""

    table_name: SyncedTable
    """Table of the row."""
    row_id: UUID
    """Id of the row."""
    is_deleted: bool
    """Whether the row is deleted."""
    columns: dict[str, Any]
    """Values of all exchanged columns; empty for a deleted row."""
    clocks: dict[str, str]
    """Clocks of the last changes of columns that a device may set; empty before the first one."""


class DigestOut(Body):
    """Number and hash of the rows of a table, by which two copies are compared."""

    count: int
    """Number of rows."""
    sha256: str
    """Sum of the SHA-256 of all rows, modulo 2 to the power of 256, in hexadecimal digits."""


class StudentClassOut(Body):
    """The student's class."""

    id: UUID
    """Id of the class."""
    name: str
    """Name of the class."""
    grade: int
    """School year."""


class DeviceSyncOut(SuccessOut):
    """Outcomes of the changes, and the rows that the device does not have yet."""

    student_id: UUID
    """The student."""
    outcomes: list[ChangeOut]
    """Outcome of each change, in the order of the changes."""
    rows: list[RowOut]
    """Rows to store, in their order; changes that the device has not sent yet override them."""
    cursor: str
    """Cursor of the next call; to be stored in the transaction that stores the rows."""
    has_more: bool
    """Whether further rows wait; call again at once."""
    digests: dict[SyncedTable, DigestOut] | None
    """Digests by table, if they were wanted and no further rows wait."""
    student_class: StudentClassOut | None
    """The student's class; null without one."""
    schema_version: int
    """Version of the server's tables."""
    clock: Reading
    """A reading of the server's clock, so that the device's later readings are larger."""
    next_sync_seconds: int
    """Seconds until the next sync, as in `Retry-After`; 0 if further rows wait."""


class RowsOut(SuccessOut):
    """A page of all rows of a table, to repair a copy whose digest differs."""

    rows: list[RowOut]
    """The rows in the order of their ids."""
    count: int
    """Number of rows on the page."""
    next_cursor: str | None
    """Cursor of the next page; null on the last."""
