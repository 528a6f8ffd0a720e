"""The verdict on a completed migration, from the counts of its run alone."""

from lib.legacy.runs.counts import CHECKSUM_BITS
from lib.legacy.runs.run import Run

FATES = ("created", "merged", "unchanged", "skipped")
CHECKED_TABLES = ("students", "sessions", "step_progress")
CHECKSUM_NAMES = {"students": "people"}
"""Names of tables in the counts of a run, where they differ from the table's own name."""
LOSSES = {
    "tokens_missing": "legacy rows without a session: {}",
    "values_lost": "legacy rows with a value that their session lacks: {}",
    "keys_in_the_clear": "legacy rows whose session has an API key that is not encrypted: {}",
    "set_aside_rows": "rows of set-aside tables without a session: {}; run "
    "admin-restore-old-tables, then migrate again",
}
STRAYS = {
    "sessions_without_student": "sessions without a student: {}",
    "steps_without_session": "steps without a session: {}",
    "people_with_more_than_one_record": "people with more than one record: {}",
}


def objections(run: Run) -> list[str]:
    """Return every reason not to trust the run; a verified migration has none."""
    return [
        *_tables_that_do_not_add_up(run),
        *_checksums_that_differ(run),
        *_counts_above_zero(run, "lost", LOSSES),
        *_counts_above_zero(run, "strays", STRAYS),
    ]


def fates(run: Run, table: str) -> dict[str, int]:
    """Return the number of rows of a legacy table by fate."""
    return {fate: run.counts.get(f"{table}.{fate}", 0) for fate in FATES}


def checked_rows(run: Run, table: str) -> int:
    """Return the number of rows of a unified table that were read back."""
    return run.counts.get(f"checked.{CHECKSUM_NAMES.get(table, table)}", 0)


def checksum(run: Run, table: str, side: str) -> str:
    """Return the checksum of a unified table, `expected` or `stored`, as 16 hexadecimal digits."""
    name = f"checksum.{CHECKSUM_NAMES.get(table, table)}.{side}"
    return f"{run.counts.get(name, 0) % 2**CHECKSUM_BITS:016x}"


def _tables_that_do_not_add_up(run: Run) -> list[str]:
    return [
        f"{table}: written to during the migration (rows: {rows}, read: "
        f"{sum(fates(run, table).values())}); run the migration again"
        for table, rows in run.sources.items()
        if rows is not None and rows != sum(fates(run, table).values())
    ]


def _checksums_that_differ(run: Run) -> list[str]:
    return [
        f"{table}: the stored rows differ from the intended ones"
        for table in CHECKED_TABLES
        if checksum(run, table, "expected") != checksum(run, table, "stored")
    ]


def _counts_above_zero(run: Run, kind: str, texts: dict[str, str]) -> list[str]:
    counts = {name: run.counts.get(f"{kind}.{name}", 0) for name in texts}
    return [texts[name].format(count) for name, count in counts.items() if count]
