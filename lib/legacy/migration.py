"""The migration of the legacy tables to the unified schema, one call at a time.

A call moves its batches in one transaction, which also saves the cursor. In a dry run the batches
are rolled back, and only the cursor and the report are kept. If a call is killed, none of its
batches is committed.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lib.database.advisory_lock import lock_and_limit
from lib.deps import Deps
from lib.legacy.old_tables.rename import require_rows
from lib.legacy.people.move import move_people
from lib.legacy.preflight.inspection import require_readable_keys
from lib.legacy.runs import store
from lib.legacy.runs.pace import DEFAULT_PACE, Pace
from lib.legacy.runs.run import Phase, Run
from lib.legacy.runs.start import narrowed_for_sessions, prepare, start_or_resume
from lib.legacy.sessions.move import move_sessions
from lib.legacy.sessions.store import clear_stage
from lib.legacy.verification.final_check import check_run, count_before
from lib.vault import Vault

if TYPE_CHECKING:
    from lib.database.postgres import Transaction


def migrate(
    deps: Deps,
    *,
    dry_run: bool,
    pace: Pace = DEFAULT_PACE,
    stop_at_unreadable_keys: bool = False,
) -> Run:
    """Start or continue a migration; stop when it is complete or the call's time is up.

    Raises:
        KeysUnreadable: If a real run would begin with API keys that ENCRYPTION_KEY does not open,
            and `stop_at_unreadable_keys` is set.
        NotConfigured: If ENCRYPTION_KEY is missing; nothing was started.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock`.
        UnifiedSchemaNotFound: If the tables to migrate to are missing or out of date.
        TablesSetAside: If no legacy table holds a row, but tables that were set aside do.
    """
    vault = Vault.from_settings(deps.settings)
    deadline = time.monotonic() + pace.call_seconds

    def first_counts() -> dict[str, int]:
        if stop_at_unreadable_keys and not dry_run:
            require_readable_keys(transaction, vault)
        return count_before(transaction)

    with deps.postgres.transaction() as transaction:
        prepare(transaction)
        require_rows(transaction)
        run = start_or_resume(
            transaction,
            dry_run=dry_run,
            pace=pace,
            count_before=first_counts,
        )
    with deps.postgres.transaction() as transaction:
        lock_and_limit(transaction)
        return _Call(transaction, vault, pace, deadline).work(run)


class _Call:
    """The work of one call in its transaction."""

    def __init__(
        self, transaction: "Transaction", vault: Vault, pace: Pace, deadline: float
    ) -> None:
        self._transaction = transaction
        self._vault = vault
        self._pace = pace
        self._deadline = deadline
        self._findings: list[bytes] = []
        """Findings of a dry run, kept here because the rollback removes them from the database."""

    def work(self, run: Run) -> Run:
        """Move batches until the run is complete or the time is up; save the run."""
        with self._rolled_back_if(run.dry_run):
            store.open_sources(self._transaction)
            store.create_stage(self._transaction)
            started = time.monotonic()
            if run.phase is not Phase.CHECKING:
                run = self._move(run)
            moving_seconds = time.monotonic() - started
            if run.phase is Phase.CHECKING and self._may_check(run, moving_seconds):
                run = self._check(run)
            store.close_sources(self._transaction)
        if self._findings:
            store.restore_findings(self._transaction, run, self._findings)
        store.save_run(self._transaction, run)
        return run

    def _move(self, run: Run) -> Run:
        """Move as many batches as there is time for, at least one."""
        while run.phase is not Phase.CHECKING:
            started, width = time.monotonic(), run.batch_hashes
            run = self._move_batch(run)
            now = time.monotonic()
            widening = max(1.0, run.batch_hashes / width)
            if now + (now - started) * self._pace.batch_margin * widening > self._deadline:
                break
        return run

    def _move_batch(self, run: Run) -> Run:
        started = time.monotonic()
        if run.phase is Phase.PEOPLE:
            counts = move_people(self._transaction, run, self._vault)
        else:
            counts = move_sessions(self._transaction, run, self._vault, self._pace)
            self._keep_findings(run)
        seconds = time.monotonic() - started - counts.reading_seconds
        next_run = run.advanced(counts, seconds, self._pace)
        if run.phase is Phase.PEOPLE and next_run.phase is Phase.SESSIONS:
            return narrowed_for_sessions(self._transaction, next_run, self._pace)
        return next_run

    def _may_check(self, run: Run, moving_seconds: float) -> bool:
        """Return whether this call has time for the final checks.

        A run's first call has time if it moved all rows quickly. A later call did not measure the
        batches of the calls before it; it has time if it moved few rows or none.
        """
        if run.calls > 1:
            return moving_seconds < self._pace.idle_seconds
        return time.monotonic() + moving_seconds * self._pace.checking_share < self._deadline

    def _check(self, run: Run) -> Run:
        clear_stage(self._transaction)
        run = check_run(self._transaction, run)
        self._keep_findings(run)
        return run

    def _keep_findings(self, run: Run) -> None:
        """Add the findings to the run's report; in a dry run, hold them until the rollback."""
        if run.dry_run:
            self._findings.extend(store.read_findings(self._transaction))
        else:
            store.store_findings(self._transaction, run)

    @contextmanager
    def _rolled_back_if(self, dry_run: bool) -> Iterator[None]:
        with self._transaction.connection.transaction(force_rollback=dry_run):
            yield
