"""Move the legacy tables to the unified schema, for as long as one call may take.

A call is one transaction: its batches and the cursor behind them are committed together, or, in
a dry run, the batches are rolled back and only the cursor and the report are kept. Killed at any
moment, the database is as it was before the call.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from lib.database.advisory_lock import lock_tables
from lib.database.queries import load_script
from lib.database.rows import fetch_dict, fetch_dicts
from lib.deps import Deps
from lib.legacy import batches
from lib.legacy.run import (
    Counts,
    Phase,
    Run,
    begin,
    begin_sessions,
    prefixed,
    prepare,
    queries,
    save,
)
from lib.legacy.verification import verdict
from lib.vault import Vault

if TYPE_CHECKING:
    from lib.database.postgres import Transaction

CALL_SECONDS = 18.0  # the platforms end a request after 30 s; commit and report take their share
MARGIN = 1.5  # a batch may take longer than the one before it, other programs share the machine
CHECKING_SHARE = 0.5  # of the time that the move took; measured: a quarter
IDLE_SECONDS = 1.0  # less than this is nothing
LEGACY_TABLES = ("workshop_students", "student_configs", "workshop_sessions")


def migrate(deps: Deps, *, dry_run: bool, call_seconds: float = CALL_SECONDS) -> Run:
    """Begin a migration or go on with it, until it is complete or the time is over.

    Raises:
        NotConfigured: If ENCRYPTION_KEY is missing; nothing was begun.
        AlreadyRunning: If another migration, clean-up, restore or rotation runs.
        UnifiedSchemaNotFound: If there are no tables to move to.
    """
    vault = Vault.from_settings(deps.settings)
    deadline = time.monotonic() + call_seconds
    with deps.postgres.transaction() as transaction:
        prepare(transaction)
        run = begin(
            transaction, dry_run=dry_run, before=lambda: _count_unified(transaction, "before")
        )
    with deps.postgres.transaction() as transaction:
        lock_tables(transaction)
        return work(transaction, run, vault, deadline)


def work(transaction: "Transaction", run: Run, vault: Vault, deadline: float) -> Run:
    """Move batches until the run is complete or the time is over; save how far it came."""
    found: list[bytes] = []
    with _rolled_back_if(transaction, run.dry_run):
        transaction.execute(queries["open_sources"])
        transaction.execute_script(load_script("legacy/schema/stage.sql"))
        began = time.monotonic()
        if run.phase is not Phase.CHECKING:
            run = _move(transaction, run, vault, deadline, found)
        spent = time.monotonic() - began
        if run.phase is Phase.CHECKING and _may_check(run, spent, deadline):
            run = _check(transaction, run, found)
        transaction.execute(queries["close_sources"])
    _keep_spooled(transaction, run, found)
    save(transaction, run)
    return run


def _move(
    transaction: "Transaction", run: Run, vault: Vault, deadline: float, found: list[bytes]
) -> Run:
    """As many batches as there is time for, one at least."""
    while run.phase is not Phase.CHECKING:
        began, width = time.monotonic(), run.batch_hashes
        run = _batch(transaction, run, vault, found)
        now = time.monotonic()
        if now + (now - began) * MARGIN * max(1.0, run.batch_hashes / width) > deadline:
            break
    return run


def _may_check(run: Run, spent: float, deadline: float) -> bool:
    """Whether this call may check, too: if it has done nothing else, or all and quickly."""
    if run.calls > 1:
        return spent < IDLE_SECONDS
    return time.monotonic() + spent * CHECKING_SHARE < deadline


def _batch(transaction: "Transaction", run: Run, vault: Vault, found: list[bytes]) -> Run:
    began = time.monotonic()
    if run.phase is Phase.PEOPLE:
        counts = batches.move_people(transaction, run)
    else:
        counts = batches.move_sessions(transaction, run, vault)
        _keep_findings(transaction, run, found)
    following = run.advanced(counts, time.monotonic() - began - counts.reading_seconds)
    if run.phase is Phase.PEOPLE and following.phase is Phase.SESSIONS:
        return begin_sessions(transaction, following)
    return following


def _check(transaction: "Transaction", run: Run, found: list[bytes]) -> Run:
    """Count once more, list the rows that stay behind, judge."""
    transaction.execute(queries["plan_for_whole_tables"])
    transaction.execute(batches.sessions["clear_stage"])
    transaction.execute(batches.findings["find_tokenless_rows"])
    counts = Counts(_count_after(transaction, run))
    for row in fetch_dicts(transaction, batches.findings["count_tokenless_rows"]):
        counts.add(f"{row['source']}.skipped", row["rows"])
    for name, value in fetch_dict(transaction, batches.verify["count_strays"]).items():
        counts.add(f"strays.{name}", value)
    sources = fetch_dict(transaction, batches.verify["count_legacy"])
    _keep_findings(transaction, run, found)
    total = counts.added_to(run.counts)
    if not run.in_parts:
        total["lost.tokens_missing"] = transaction.fetch_value(batches.verify["count_left_behind"])
    run = replace(run, counts=total, sources=sources, phase=Phase.DONE)
    return replace(run, verified=not verdict(run))


def _count_after(transaction: "Transaction", run: Run) -> dict[str, int]:
    """Rows of the unified tables; after a dry run in parts, as all parts together would have it."""
    if not run.in_parts:
        return _count_unified(transaction, "after")
    n = run.counts.get
    made = {
        "students": n("people.created", 0) - n("people.claimed", 0),
        "sessions": n("sessions.created", 0),
        "step_progress": n("steps.created", 0),
    }
    return {f"after.{table}": n(f"before.{table}", 0) + rows for table, rows in made.items()}


def _count_unified(transaction: "Transaction", when: str) -> dict[str, int]:
    row = fetch_dict(transaction, batches.verify["count_unified"])
    return prefixed(when, row, row)


def _keep_findings(transaction: "Transaction", run: Run, found: list[bytes]) -> None:
    """Into the report; out of a dry run, which will be rolled back, as COPY's own bytes."""
    if not run.dry_run:
        transaction.execute(queries["keep_findings"], {"id": run.id})
        return
    with transaction.connection.cursor().copy(queries["copy_findings_out"].text) as copy:
        found.extend(bytes(block) for block in copy)


def _keep_spooled(transaction: "Transaction", run: Run, found: list[bytes]) -> None:
    if not found:
        return
    transaction.execute(queries["make_spool"])
    with transaction.connection.cursor().copy(queries["copy_findings_in"].text) as copy:
        for block in found:
            copy.write(block)
    transaction.execute(queries["keep_findings"], {"id": run.id})


@contextmanager
def _rolled_back_if(transaction: "Transaction", dry_run: bool) -> Iterator[None]:
    with transaction.connection.transaction(force_rollback=dry_run):
        yield
