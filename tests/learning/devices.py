"""A simulated device of a student, for tests of the server's side of the synchronisation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from lib.learning.changes.clock import next_reading, suffix_of
from lib.learning.changes.synced import SCHEMA_VERSION, SyncedTable
from lib.learning.current_user import Call
from lib.learning.device_sync.synchronise import synchronise
from lib.learning.device_sync.wire import DeviceSyncOut, SyncIn
from lib.learning.tables.base import new_id

Rows = dict[tuple[SyncedTable, UUID], dict[str, Any]]


@dataclass
class Device:
    """A device that sends changes made by a test, and stores every row that it receives."""

    call: Call
    ahead: timedelta = timedelta()
    """Lead of its clock over the server's; negative if it is behind."""
    id: UUID = field(default_factory=new_id)
    schema_version: int = SCHEMA_VERSION
    syncs: int = 0
    cursor: str | None = None
    rows: Rows = field(default_factory=dict)
    clocks: list[str] = field(default_factory=list)

    def change(
        self, table: str, row_id: UUID, kind: str = "update", **columns: Any
    ) -> dict[str, Any]:
        """Return a change of a row, with the next reading of the device's clock."""
        clock = next_reading(self.call.now + self.ahead, self.clocks, suffix_of(self.id))
        self.clocks.append(clock)
        return {
            "id": str(new_id()),
            "table_name": table,
            "row_id": str(row_id),
            "kind": kind,
            "columns": columns,
            "clock": clock,
        }

    def attempt(self, question_id: UUID, answer: str = "true", **columns: Any) -> dict[str, Any]:
        """Return the change that stores a new answer."""
        values = {
            "question_id": str(question_id),
            "answer": answer,
            "time_taken_seconds": 60,
            "confidence": 3,
            "timestamp": (self.call.now + self.ahead).isoformat(),
            **columns,
        }
        return self.change("question_attempts", new_id(), "create", **values)

    def profile(self, **columns: Any) -> dict[str, Any]:
        """Return a change of the profile."""
        return self.change("student_profiles", self.call.user.student_id, **columns)

    def body(self, *operations: Mapping[str, Any], **values: Any) -> SyncIn:
        """Return the body of a sync."""
        return SyncIn.model_validate(
            {
                "device": {
                    "id": str(self.id),
                    "schema_version": self.schema_version,
                    "syncs": self.syncs,
                },
                "operations": operations,
                "cursor": self.cursor,
                **values,
            }
        )

    def sync(self, *operations: Mapping[str, Any], **values: Any) -> DeviceSyncOut:
        """Send changes, store what comes back, and return the response."""
        response = synchronise(self.call, self.body(*operations, **values))
        self.store(response)
        return response

    def store(self, response: DeviceSyncOut) -> None:
        """Store and delete rows as the response says, and store its cursor."""
        for row in response.rows:
            key = (row.table_name, row.row_id)
            if row.is_deleted:
                self.rows.pop(key, None)
            else:
                self.rows[key] = row.columns
        self.cursor = response.cursor
        self.syncs += 1

    def own_profile(self) -> dict[str, Any]:
        """Return the profile as the device has stored it."""
        return self.rows[SyncedTable.STUDENT_PROFILES, self.call.user.student_id]
