"""The start of a call: lock, schema, and the run to work on."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from lib.database.advisory_lock import lock_and_limit
from lib.legacy.errors import UnifiedSchemaNotFound
from lib.legacy.runs import store
from lib.legacy.runs.pace import Pace
from lib.legacy.runs.run import Run, width_for

if TYPE_CHECKING:
    from lib.database.postgres import Transaction


def prepare(transaction: "Transaction") -> None:
    """Take the lock, and create or update the tables and functions of the migration.

    Raises:
        AlreadyRunning: If something else holds the lock.
        UnifiedSchemaNotFound: If the tables to migrate to are missing or out of date.
    """
    lock_and_limit(transaction)
    if not store.unified_schema_exists(transaction):
        raise UnifiedSchemaNotFound
    store.make_schema(transaction)


def start_or_resume(
    transaction: "Transaction",
    *,
    dry_run: bool,
    pace: Pace,
    count_before: Callable[[], dict[str, int]],
) -> Run:
    """Return the run to work on, marked as running.

    Args:
        transaction: Transaction that holds the lock.
        dry_run: Whether the run will be rolled back.
        pace: Sets the width of the first batch of a new run.
        count_before: Returns the first counts of a new run.
    """
    if not dry_run:
        store.delete_unfinished_dry_runs(transaction)
    run = store.fetch_unfinished_run(transaction, dry_run=dry_run)
    if run is None:
        if dry_run:
            store.delete_dry_runs(transaction)
        return store.insert_run(
            transaction,
            dry_run=dry_run,
            batch_hashes=width_for(pace.first_people, store.estimate_rows(transaction)),
            counts=count_before(),
        )
    if run.status == "running":  # its call no longer holds the lock, so it was killed
        run = run.interrupted()
    run = replace(run, calls=run.calls + 1)
    store.mark_running(transaction, run)
    return run


def narrowed_for_sessions(transaction: "Transaction", run: Run, pace: Pace) -> Run:
    """Return the run with a first batch of sessions that is safe on a slow machine.

    Batches of people do not predict how long this batch takes: a session has JSON, steps and keys.
    """
    width = width_for(pace.first_sessions, store.estimate_rows(transaction))
    return replace(run, batch_hashes=min(run.batch_hashes, width))
