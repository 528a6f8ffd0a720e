"""The rows that a student's devices and the server exchange.

Mastery and plans are never sent, since both sides derive them from these rows.
"""

from dataclasses import dataclass
from enum import StrEnum

from lib.learning.tables import ExamMark, PlanArm, QuestionAttempt, StudentProfile
from lib.learning.tables.base import Base

SCHEMA_VERSION = 1
"""Version of the exchanged tables; raised by one with every change of a column."""
MAX_VERSIONS_APART = 1
"""Maximum difference between the versions of a device and the server that exchange rows."""


class SyncedTable(StrEnum):
    """Name of a table whose rows are exchanged."""

    QUESTION_ATTEMPTS = "question_attempts"
    STUDENT_PROFILES = "student_profiles"
    EXAM_MARKS = "exam_marks"
    PLAN_ARMS = "plan_arms"


@dataclass(frozen=True)
class Synced:
    """Rules for the exchange of a table's rows."""

    table: type[Base]
    owner: str
    """Column with the id of the student."""
    columns: tuple[str, ...]
    """Columns that are sent, besides the id."""
    editable: frozenset[str] = frozenset()
    """Columns that a device may change."""


SYNCED = {
    SyncedTable.STUDENT_PROFILES: Synced(
        StudentProfile,
        "id",
        ("grade", "target_exam", "exam_date", "available_hours_per_day", "class_id"),
        frozenset({"grade", "target_exam", "exam_date", "available_hours_per_day"}),
    ),
    SyncedTable.QUESTION_ATTEMPTS: Synced(
        QuestionAttempt,
        "student_id",
        (
            "question_id",
            "answer",
            "is_correct",
            "time_taken_seconds",
            "confidence",
            "timestamp",
        ),
    ),
    SyncedTable.EXAM_MARKS: Synced(ExamMark, "student_id", ("exam", "exam_date", "mark")),
    SyncedTable.PLAN_ARMS: Synced(PlanArm, "student_id", ("arm", "is_drawn", "since")),
}
"""Rules by table, in the order in which a device has to store rows."""

DERIVED = frozenset({"concept_mastery", "concept_skills", "student_skills", "study_plans"})
"""Tables whose rows both sides derive; operations on them are acknowledged and change no row."""
