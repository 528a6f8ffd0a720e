"""The end of a run: counts over whole tables, the rows that stay behind, and the verdict."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from lib.legacy.runs.counts import Counts
from lib.legacy.runs.run import Phase, Run
from lib.legacy.verification import store
from lib.legacy.verification.verdict import objections

if TYPE_CHECKING:
    from lib.database.postgres import Transaction


def check_run(transaction: "Transaction", run: Run) -> Run:
    """Return the run as done; rows that stay behind are in pg_temp.findings."""
    store.restore_planner_cost(transaction)
    counts = Counts(_count_after(transaction, run))
    counts.add_skipped(store.find_tokenless_rows(transaction))
    for name, rows in asdict(store.count_strays(transaction)).items():
        counts.add(f"strays.{name}", rows)
    totals = counts.added_to(run.counts)
    totals["lost.set_aside_rows"] = 0
    if not run.in_parts:
        totals["lost.tokens_missing"] = store.count_left_behind(transaction)
        totals["lost.set_aside_rows"] = store.count_set_aside(transaction).without_session
    sources = asdict(store.count_legacy(transaction))
    run = replace(run, counts=totals, sources=sources, phase=Phase.DONE)
    return replace(run, verified=not objections(run))


def count_before(transaction: "Transaction") -> dict[str, int]:
    """Return the first counts of a run: the rows of the unified tables."""
    return _prefixed("before", store.count_unified(transaction))


def _count_after(transaction: "Transaction", run: Run) -> dict[str, int]:
    """Count the unified tables; for a dry run in parts, as if its parts had been kept."""
    if not run.in_parts:
        return _prefixed("after", store.count_unified(transaction))
    count = run.counts.get
    created = store.UnifiedRows(
        students=count("people.created", 0) - count("people.claimed", 0),
        sessions=count("sessions.created", 0),
        step_progress=count("steps.created", 0),
    )
    return {
        f"after.{table}": count(f"before.{table}", 0) + rows
        for table, rows in asdict(created).items()
    }


def _prefixed(prefix: str, rows: store.UnifiedRows) -> dict[str, int]:
    return {f"{prefix}.{table}": number for table, number in asdict(rows).items()}
