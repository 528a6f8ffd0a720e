"""The statements about runs, their findings, and the schema that both need."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lib.database.queries import load_queries, load_script
from lib.database.schema import OLD_OVERLOADS, RIGHTS
from lib.database.statements import as_jsonb
from lib.legacy.runs.run import Phase, Run
from lib.legacy.session_fields import SESSION_LISTS

if TYPE_CHECKING:
    from lib.database.postgres import Postgres, Transaction

_queries = load_queries("legacy/runs.sql", SESSION_LISTS)

SCRIPTS = (
    "legacy/schema/tables.sql",
    "legacy/schema/merging.sql",
    "legacy/schema/sources.sql",
    "legacy/schema/old_tables.sql",
)


@dataclass(frozen=True)
class Finding:
    """A field of a legacy row that was not migrated unchanged."""

    source: str
    row_key: str
    field: str
    outcome: str
    reason: str


@dataclass(frozen=True)
class TableName:
    """The name of a table."""

    name: str


@dataclass(frozen=True)
class FindingGroup:
    """Findings that differ only in their row or in the name of an exercise, with their number."""

    source: str
    field: str
    outcome: str
    reason: str
    rows: int
    examples: list[str]


def unified_schema_exists(transaction: "Transaction") -> bool:
    """Return whether the tables to migrate to exist and are up to date."""
    return bool(transaction.fetch_value(_queries["unified_schema_exists"]))


def make_schema(transaction: "Transaction") -> None:
    """Create or update the tables and functions in the schema `legacy`."""
    for script in SCRIPTS:
        transaction.execute_script(load_script(script, SESSION_LISTS))
    for script in (OLD_OVERLOADS, *RIGHTS):
        transaction.execute_script(load_script(script))


def open_sources(transaction: "Transaction") -> None:
    """Create the temporary views of the legacy tables."""
    transaction.execute(_queries["open_sources"])


def create_stage(transaction: "Transaction") -> None:
    """Create the temporary tables that a batch passes through."""
    transaction.execute_script(load_script("legacy/schema/stage.sql", SESSION_LISTS))


def close_sources(transaction: "Transaction") -> None:
    """Drop the temporary views, which a pooled connection would keep."""
    transaction.execute(_queries["close_sources"])


def tables_elsewhere(postgres: "Postgres") -> list[str]:
    """Return the tables that look like legacy tables but are not read, with their schema."""
    query = _queries["tables_elsewhere"]
    return [row.name for row in postgres.fetch_all(query, None, TableName, read=True)]


def present_tables(postgres: "Postgres") -> list[str]:
    """Return the names of the legacy tables that exist."""
    query = _queries["present_tables"]
    return [row.name for row in postgres.fetch_all(query, None, TableName, read=True)]


def estimate_rows(transaction: "Transaction") -> int:
    """Return the approximate number of rows in the legacy tables."""
    return int(transaction.fetch_value(_queries["estimate_rows"]))


def fetch_unfinished_run(transaction: "Transaction", *, dry_run: bool) -> Run | None:
    """Return the run over the present tables that can be continued."""
    return transaction.fetch_one(_queries["unfinished_run"], {"dry_run": dry_run}, Run)


def fetch_last_real_run(transaction: "Transaction") -> Run | None:
    """Return the newest run over the present tables that is not a dry run."""
    return transaction.fetch_one(_queries["last_real_run"], None, Run)


def insert_run(
    transaction: "Transaction", *, dry_run: bool, batch_hashes: int, counts: dict[str, int]
) -> Run:
    """Add a run at its beginning."""
    params = {"dry_run": dry_run, "batch_hashes": batch_hashes, "counts": as_jsonb(counts)}
    run = transaction.fetch_one(_queries["start_run"], params, Run)
    assert run is not None  # noqa: S101 INSERT … RETURNING gives a row
    return run


def delete_dry_runs(transaction: "Transaction") -> None:
    """Delete dry runs and their findings."""
    transaction.execute(_queries["delete_dry_runs"])


def delete_unfinished_dry_runs(transaction: "Transaction") -> None:
    """Delete dry runs that are not completed, and their findings."""
    transaction.execute(_queries["delete_unfinished_dry_runs"])


def mark_running(transaction: "Transaction", run: Run) -> None:
    """Record that a call works on the run."""
    params = {
        "id": run.id,
        "batch_hashes": run.batch_hashes,
        "interruptions": run.interruptions,
        "calls": run.calls,
    }
    transaction.execute(_queries["mark_running"], params)


def save_run(transaction: "Transaction", run: Run) -> None:
    """Store the state of the run at the end of a call."""
    params: dict[str, Any] = {
        "id": run.id,
        "status": "completed" if run.phase is Phase.DONE else "paused",
        "phase": run.phase.value,
        "next_hash": run.next_hash,
        "batch_hashes": run.batch_hashes,
        "counts": as_jsonb(run.counts),
        "sources": as_jsonb(run.sources),
        "verified": run.verified,
    }
    transaction.execute(_queries["save_run"], params)


def store_findings(transaction: "Transaction", run: Run) -> None:
    """Add the batch's findings to the run."""
    transaction.execute(_queries["store_findings"], {"id": run.id})


def read_findings(transaction: "Transaction") -> list[bytes]:
    """Return the batch's findings in COPY's format, to be stored again after a rollback."""
    with transaction.connection.cursor().copy(_queries["copy_findings_out"].text) as copy:
        return [bytes(block) for block in copy]


def restore_findings(transaction: "Transaction", run: Run, blocks: Iterable[bytes]) -> None:
    """Add to the run the findings that were read before a rollback."""
    transaction.execute(_queries["create_findings"])
    with transaction.connection.cursor().copy(_queries["copy_findings_in"].text) as copy:
        for block in blocks:
            copy.write(block)
    store_findings(transaction, run)


def summarize_findings(postgres: "Postgres", run: Run, limit: int) -> list[FindingGroup]:
    """Return the findings of a run by kind, the worst and most frequent first."""
    params = {"id": run.id, "limit": limit}
    return postgres.fetch_all(_queries["summarize_findings"], params, FindingGroup, read=True)


def list_findings(postgres: "Postgres", run: Run, limit: int) -> list[Finding]:
    """Return findings: first up to 20 of every kind, the worst kinds first, then the others."""
    params = {"id": run.id, "limit": limit}
    return postgres.fetch_all(_queries["list_findings"], params, Finding, read=True)
