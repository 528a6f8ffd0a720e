"""Statements that rename or merge students, or detach a session."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from lib.database.queries import load_queries
from lib.workshop.people.wire import DetachSessionIn, MergeStudentsIn, RenameStudentIn

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

_queries = load_queries("workshop/people.sql")


@dataclass(frozen=True)
class RenamedStudent:
    """A student with a new name."""

    student_id: UUID
    student_name: str


@dataclass(frozen=True)
class MergedStudent:
    """The student who stays, and the number of rows that were moved."""

    student_id: UUID
    student_email: str
    sessions: int
    enrollments: int
    older_rows: int


def rename_student(transaction: "Transaction", request: RenameStudentIn) -> RenamedStudent | None:
    """Rename a student; return None if no student has this id and e-mail."""
    query = _queries["rename_student"]
    return transaction.fetch_one(query, request.model_dump(), RenamedStudent)


def merge_students(transaction: "Transaction", request: MergeStudentsIn) -> MergedStudent | None:
    """Merge two students; return None if one of them does not exist."""
    query = _queries["merge_students"]
    return transaction.fetch_one(query, request.model_dump(), MergedStudent)


def detach_session(transaction: "Transaction", request: DetachSessionIn) -> UUID | None:
    """Give a session to an anonymous student; return None if there is no such session."""
    student_id: UUID | None = transaction.fetch_value(
        _queries["detach_session"], request.model_dump()
    )
    return student_id
