"""The daily clean-up: close expired sessions, remove old ones, verify the audit trail.

Each batch is a transaction of its own, so an interrupted run leaves nothing half-done and the next
run continues where it stopped.
"""

import time
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING

from lib.access.audit import Outcome, audit, newest_seal
from lib.access.store import first_broken_entry
from lib.deps import Deps
from lib.errors import NotConfigured
from lib.logs import log
from lib.workshop.cleanup import store

if TYPE_CHECKING:
    from lib.database.postgres import Transaction


ACTION = "retention of sessions"
REMOVALS = ("deleted_sessions", "deleted_students", "deleted_reports")
"""Counts that the audit trail records, because they count students' rows."""


@dataclass(frozen=True)
class CleanupLimits:
    """Limits of one run."""

    batch_size: int = 500
    """Maximum number of rows that a statement processes."""
    run_seconds: float = 20.0
    """Time after which no further batch begins; a function may run for 30 seconds."""


@dataclass(frozen=True)
class CleanupCounts:
    """Number of rows that were changed or removed."""

    closed_sessions: int = 0
    removed_leftover_keys: int = 0
    """Closed sessions that still had an API key or an auth token."""
    deleted_sessions: int = 0
    deleted_students: int = 0
    deleted_reports: int = 0
    pruned_keys: int = 0
    """Idempotency keys."""

    def __add__(self, other: "CleanupCounts") -> "CleanupCounts":
        """Return the sums of two batches."""
        names = [field.name for field in fields(self)]
        return CleanupCounts(**{name: getattr(self, name) + getattr(other, name) for name in names})


@dataclass(frozen=True)
class CleanupResult:
    """Result of one run."""

    counts: CleanupCounts
    already_running: bool = False
    done: bool = True
    """False if rows may be left for the next run."""
    audit_intact: bool | None = None
    """None if the run ended before the audit trail was verified."""


def clean_up(deps: Deps, limits: CleanupLimits | None = None) -> CleanupResult:
    """Run batches until nothing is left or the time is up; only one run works at a time.

    Raises:
        NotConfigured: If WORKSHOP_RETENTION_DAYS is invalid; nothing is closed or removed then.
    """
    limits = limits or CleanupLimits()
    retention_days = deps.settings.workshop_retention_days
    if retention_days is None:
        raise NotConfigured(
            name="WORKSHOP_RETENTION_DAYS", reason="is not a number of days from 1 to 36500"
        )
    deadline = time.monotonic() + limits.run_seconds
    batch_limits = store.BatchLimits(batch_size=limits.batch_size, retention_days=retention_days)
    result = _run_batches(deps, batch_limits, deadline)
    if result.already_running:
        return result
    if not result.done:
        log("operator_audit_seal", seal=newest_seal(deps), intact=None)
        return result
    return replace(result, audit_intact=_audit_is_intact(deps))


def _run_batches(deps: Deps, limits: store.BatchLimits, deadline: float) -> CleanupResult:
    total = CleanupCounts()
    try:
        while True:
            with deps.postgres.transaction() as transaction:
                if not store.try_lock(transaction):
                    return CleanupResult(total, already_running=True, done=False)
                counts = _run_batch(transaction, limits)
            total += counts
            if max(asdict(counts).values()) < limits.batch_size:
                return CleanupResult(total)
            if time.monotonic() > deadline:
                return CleanupResult(total, done=False)
    finally:  # also after a batch that failed, since those before it are committed
        _audit_removals(deps, total)


def _audit_removals(deps: Deps, counts: CleanupCounts) -> None:
    removed = {name: asdict(counts)[name] for name in REMOVALS}
    if any(removed.values()):
        audit(deps, ACTION, Outcome.DONE, removed)


def _run_batch(transaction: "Transaction", limits: store.BatchLimits) -> CleanupCounts:
    closed_sessions = store.close_expired(transaction, limits)
    leftover_keys = store.remove_leftover_keys(transaction, limits)
    owners = store.remove_old_sessions(transaction, limits)
    return CleanupCounts(
        closed_sessions=closed_sessions,
        removed_leftover_keys=leftover_keys,
        deleted_sessions=len(owners),  # one for each session
        deleted_students=store.remove_students_without_sessions(transaction, owners, limits),
        deleted_reports=store.remove_old_events(transaction, limits),
        pruned_keys=store.remove_old_idempotency_keys(transaction, limits),
    )


def _audit_is_intact(deps: Deps) -> bool:
    broken_entry = first_broken_entry(deps.postgres)
    if broken_entry is not None:
        log("operator_audit_broken", first=broken_entry)
    log("operator_audit_seal", seal=newest_seal(deps), intact=broken_entry is None)
    return broken_entry is None
