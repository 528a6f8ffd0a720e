"""Statements of the clean-up; each processes at most one batch."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from lib.database.queries import load_queries

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

_queries = load_queries("workshop/cleanup.sql")


@dataclass(frozen=True)
class BatchLimits:
    """Limits on the rows that one statement processes."""

    batch_size: int
    retention_days: int


@dataclass(frozen=True)
class _Student:
    student_id: UUID


def try_lock(transaction: "Transaction") -> bool:
    """Take the clean-up's lock until the transaction ends; False if another run holds it."""
    return bool(transaction.fetch_value(_queries["try_lock"]))


def close_expired(transaction: "Transaction", limits: BatchLimits) -> int:
    """Close expired sessions and remove their keys and auth tokens; return how many were closed."""
    return transaction.execute(_queries["close_expired"], asdict(limits))


def remove_leftover_keys(transaction: "Transaction", limits: BatchLimits) -> int:
    """Remove keys and auth tokens from closed, expired sessions; return the number of sessions."""
    return transaction.execute(_queries["remove_leftover_keys"], asdict(limits))


def remove_old_sessions(transaction: "Transaction", limits: BatchLimits) -> list[UUID]:
    """Remove sessions past their retention time; return the student of each."""
    rows = transaction.fetch_all(_queries["remove_old_sessions"], asdict(limits), _Student)
    return [row.student_id for row in rows]


def remove_students_without_sessions(
    transaction: "Transaction", students: Sequence[UUID], limits: BatchLimits
) -> int:
    """Remove students who have no session and no recent enrollment; return their number.

    Candidates are `students`, whose old sessions were removed, and students who never began a
    session. All are locked first, so that none begins a session or is enrolled in the meantime.
    """
    rows = transaction.fetch_all(_queries["lock_students"], {"students": students}, _Student)
    rows += transaction.fetch_all(_queries["lock_students_never_begun"], asdict(limits), _Student)
    return transaction.execute(
        _queries["remove_students_without_sessions"],
        {
            "students": [row.student_id for row in rows],
            "retention_days": limits.retention_days,
        },
    )


def remove_old_events(transaction: "Transaction", limits: BatchLimits) -> int:
    """Remove events past their retention time that have no session; return their number.

    They are bug reports, and operators' changes of students.
    """
    return transaction.execute(_queries["remove_old_events"], asdict(limits))


def remove_old_idempotency_keys(transaction: "Transaction", limits: BatchLimits) -> int:
    """Remove idempotency keys after 24 hours; return their number."""
    return transaction.execute(_queries["remove_old_idempotency_keys"], asdict(limits))
