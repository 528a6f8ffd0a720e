"""The daily clean-up: expired sessions lose their key, old ones go, the audit is verified.

Every batch is a transaction of its own, so a run that is cut off leaves nothing half-done and
the next one goes on where it stopped.
"""

import time
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING
from uuid import UUID

from lib.database.queries import load_queries
from lib.deps import Deps
from lib.errors import NotConfigured
from lib.logs import log

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

BATCH = 500
RUN_SECONDS = 20.0
"""A function has 30; what is left waits for the next run."""
_queries = load_queries("workshop/cleanup.sql")


@dataclass(frozen=True)
class Counts:
    """Rows touched."""

    closed_sessions: int = 0
    left_keys: int = 0
    """Of sessions that were closed without it."""
    deleted_sessions: int = 0
    deleted_students: int = 0
    deleted_reports: int = 0
    pruned_keys: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        """Both together."""
        names = [field.name for field in fields(self)]
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True)
class Run:
    """What a run did."""

    counts: Counts
    already_running: bool = False
    done: bool = True
    """False when time ran out before the work did."""
    audit_intact: bool | None = None


@dataclass(frozen=True)
class _Student:
    student_id: UUID


def clean_up(deps: Deps) -> Run:
    """Run batches until nothing is left or time is up; at most one run works at a time.

    Raises:
        NotConfigured: If WORKSHOP_RETENTION_DAYS is no number of days: nothing is removed then.
    """
    days = deps.settings.workshop_retention_days
    if days is None:
        raise NotConfigured(name="WORKSHOP_RETENTION_DAYS")
    until = time.monotonic() + RUN_SECONDS
    total = Counts()
    while True:
        with deps.postgres.transaction() as transaction:
            if not transaction.fetch_value(_queries["take_turn"]):
                return Run(total, already_running=True, done=False)
            batch = _batch(transaction, days)
        total += batch
        if max(asdict(batch).values()) < BATCH:
            break
        if time.monotonic() > until:
            return Run(total, done=False)
    return Run(total, audit_intact=_audit_intact(deps))


def _batch(transaction: "Transaction", days: int) -> Counts:
    bounds = {"batch": BATCH, "days": days}
    closed = transaction.execute(_queries["close_expired"], bounds)
    left_keys = transaction.execute(_queries["drop_left_keys"], bounds)
    owners = transaction.fetch_all(_queries["remove_old_sessions"], bounds, _Student)
    return Counts(
        closed_sessions=closed,
        left_keys=left_keys,
        deleted_sessions=len(owners),
        deleted_students=_remove_alone(transaction, owners),
        deleted_reports=transaction.execute(_queries["remove_old_reports"], bounds),
        pruned_keys=transaction.execute(_queries["prune_keys"], bounds),
    )


def _remove_alone(transaction: "Transaction", owners: list[_Student]) -> int:
    """Remove owners who have no session left; held first, so that none begins one meanwhile."""
    if not owners:
        return 0
    students = [owner.student_id for owner in owners]
    held = transaction.fetch_all(_queries["hold_students"], {"students": students}, _Student)
    alone = {"students": [student.student_id for student in held]}
    return transaction.execute(_queries["remove_students_without_sessions"], alone)


def _audit_intact(deps: Deps) -> bool:
    broken = deps.postgres.fetch_value(load_queries("access/operators.sql")["verify_audit"])
    if broken is not None:
        log("operator_audit_broken", first=broken)
    return broken is None
