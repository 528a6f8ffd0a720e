"""Bodies of the live system's synchronisation."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from lib.errors import AppError
from lib.learning.accounts.wire import ProfileOut
from lib.learning.ids import LiveId, SentId
from lib.learning.mastery.wire import LiveMasteryDetailOut
from lib.learning.plans.wire import LiveStoredPlanOut
from lib.learning.practice.wire import LivePastAttemptOut
from lib.learning.tables.closed_lists import OperationType
from lib.web import strict_json
from lib.web.wire import Body, UtcTime

MAX_OPERATIONS = 1_000


UNREAD = "unread"
"""Name under which a text that is not the JSON of an object is kept, for a person to look at."""


def _parsed(value: Any) -> Any:
    """Return the object in a JSON text, parsed by the rules for bodies."""
    if not isinstance(value, str):
        return value
    try:
        parsed = strict_json.parse(value.encode())
    except AppError:
        return {UNREAD: value}
    return parsed if isinstance(parsed, dict) else {UNREAD: value}


RowData = Annotated[dict[str, Any], BeforeValidator(_parsed)]


class OperationIn(Body):
    """A change that a device has queued."""

    operation_type: OperationType
    """Kind of the change."""
    table_name: Annotated[str, Field(min_length=1, max_length=100)]
    """Table of the row."""
    record_id: SentId
    """Id of the row on the device."""
    data: RowData
    """The row: an object, or its JSON as a text."""
    timestamp: UtcTime
    """Time of the change by the clock of the device."""


class QueueIn(Body):
    """The queue of a device."""

    student_id: SentId
    """The student whose device it is."""
    operations: Annotated[list[OperationIn], Field(max_length=MAX_OPERATIONS)]
    """The changes, oldest first."""


class QueueOut(Body):
    """Outcome of an uploaded queue."""

    success: bool
    """Whether every operation was accepted."""
    synced_count: int
    """Operations that were applied now or before, or lost to a newer change, or whose rows are
    derived on the server."""
    failed_count: int
    """Operations that cannot be applied; they are kept for a person to look at."""
    conflicts_resolved: int
    """Operations that lost to a newer change on the server."""
    errors: list[str]
    """Reasons why operations failed, by their place in the queue."""


class DownloadDataOut(Body):
    """A student's rows."""

    question_attempts: list[LivePastAttemptOut]
    """The newest answers, at most 100."""
    concept_mastery: list[LiveMasteryDetailOut]
    """Mastery of every concept that was practised."""
    study_plans: list[LiveStoredPlanOut]
    """The newest plans, at most 20."""
    student_profile: ProfileOut
    """The profile."""


class DownloadOut(Body):
    """A student's rows on the server."""

    data: DownloadDataOut
    """The rows."""
    timestamp: UtcTime
    """Time at which they were read."""


class SyncStatusOut(Body):
    """State of a student's synchronisation."""

    student_id: LiveId
    """The student."""
    pending_operations: int
    """Operations that the server has received and not applied."""
    sync_state: Literal["synced", "error"]
    """`error` while there are pending operations, which wait for a person to look at them."""
    last_sync_time: UtcTime | None
    """Time of the newest upload; null before the first."""
