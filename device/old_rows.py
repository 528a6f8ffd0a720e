"""Rows of an old device's database, as they are stored there; any value may be missing or wrong."""

import base64
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

Row = Mapping[str, Any]
LIVE_COLUMNS: Mapping[str, frozenset[str]] = {
    "users": frozenset({"id", "username", "password_hash", "role", "created_at", "last_login"}),
    "classes": frozenset({"id", "name", "teacher_id", "grade"}),
    "student_profiles": frozenset(
        {
            *("id", "user_id", "grade", "target_exam", "exam_date"),
            *("available_hours_per_day", "class_id"),
        }
    ),
    "topics": frozenset(
        {
            *("id", "name", "parent_id", "exam_weightage", "estimated_hours"),
            *("description", "created_at"),
        }
    ),
    "topic_prerequisites": frozenset(
        {"id", "topic_id", "prerequisite_topic_id", "minimum_mastery"}
    ),
    "concepts": frozenset({"id", "topic_id", "name", "description"}),
    "questions": frozenset(
        {
            *("id", "concept_id", "question_text", "question_type", "options"),
            *("correct_answer", "difficulty", "expected_time_seconds"),
        }
    ),
    "question_attempts": frozenset(
        {
            *("id", "student_id", "question_id", "answer", "is_correct"),
            *("time_taken_seconds", "confidence", "timestamp", "synced"),
        }
    ),
    "concept_mastery": frozenset(
        {
            *("id", "student_id", "concept_id", "total_attempts", "correct_attempts"),
            *("avg_time_seconds", "avg_confidence", "mastery_score", "last_updated"),
        }
    ),
    "study_plans": frozenset(
        {
            *("id", "student_id", "plan_type", "start_date", "end_date", "topics"),
            *("created_at", "is_active"),
        }
    ),
    "sync_operations": frozenset(
        {
            *("id", "operation_type", "table_name", "record_id", "data", "timestamp"),
            *("synced", "retry_count", "last_error"),
        }
    ),
    "alembic_version": frozenset({"version_num"}),
}
"""Columns of the live system's tables."""
OTHER_NAMES = {"sync_queue": "sync_operations"}
"""Present name of each table that had another name in some versions of the live system."""


@dataclass(frozen=True)
class OldDatabase:
    """The open database of an old device."""

    connection: sqlite3.Connection
    tables: Mapping[str, str]
    """Names of the tables in the file, by their live names; unknown tables keep their names."""

    def rows(self, table: str) -> list[Row]:
        """Return the rows of a table in the order of their rowids; none if it is missing."""
        if table not in self.tables:
            return []
        name = self.tables[table].replace('"', '""')
        cursor = self.connection.execute(f'SELECT rowid AS _number, * FROM "{name}" ORDER BY rowid')  # noqa: S608 a name in the file, quoted
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, map(_plain, row), strict=True)) for row in cursor]

    @property
    def unknown_tables(self) -> list[str]:
        """Tables that the live system does not have."""
        return sorted(set(self.tables) - set(LIVE_COLUMNS))

    def identity(self) -> str:
        """Return an identifier of the old device, which stays the same as its database grows.

        It is a hash of the first user and the first attempt; if nothing was attempted, the first
        change in the queue takes its place. Two devices are very unlikely to share both.
        """
        users, attempts = self.rows("users")[:1], self.rows("question_attempts")[:1]
        queued = [] if attempts else self.rows("sync_operations")[:1]
        first = [_parts(users, ("username", "created_at"))]
        first.append(_parts(attempts, ("question_id", "answer", "timestamp", "time_taken_seconds")))
        first.append(_parts(queued, ("table_name", "record_id", "data", "timestamp")))
        return hashlib.sha256(json.dumps(first).encode()).hexdigest()[:32]


@contextmanager
def old_database(source: Path) -> Iterator[OldDatabase]:
    """Hold a copy of an old device's database, with the journal or log that belongs to it.

    Raises:
        sqlite3.DatabaseError: If it is damaged.
    """
    with TemporaryDirectory() as temporary:
        copy = Path(temporary) / "old.db"
        for suffix in ("", "-wal", "-journal"):
            part = source.with_name(source.name + suffix)
            if part.exists():
                shutil.copyfile(part, copy.with_name(copy.name + suffix))
        with closing(sqlite3.connect(copy)) as connection:
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            names = [
                str(row[0])
                for row in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                    " AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
                )
            ]
            yield OldDatabase(connection, {_live_name(name, names): name for name in names})


def _live_name(name: str, names: Sequence[str]) -> str:
    live = OTHER_NAMES.get(name, name)
    return name if live != name and live in names else live


def _parts(rows: Sequence[Row], names: Sequence[str]) -> list[Any]:
    return [str(row.get(name)) for row in rows for name in names]


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold."""
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value
