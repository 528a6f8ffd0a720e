"""The verdict on a completed migration, from the sums of its run alone."""

from lib.legacy.runs.counts import CHECKSUM_BITS
from lib.legacy.runs.run import Run

FATES = ("created", "merged", "unchanged", "skipped")
CHECKED_TABLES = ("students", "sessions", "step_progress")
CHECKSUM_NAMES = {"students": "people"}
"""Names by which the sums call a table, where these differ from the name of the table."""
LOSSES = {
    "tokens_missing": "legacy rows have no session",
    "values_lost": "legacy rows have a value that their session lacks",
    "keys_in_the_clear": "legacy rows have a session with an API key that is not encrypted",
    "set_aside_rows": "rows of set-aside tables have no session: run admin-restore-old-tables, "
    "then migrate again",
}
STRAYS = {
    "sessions_without_student": "sessions have no student",
    "steps_without_session": "steps have no session",
    "people_with_more_than_one_record": "people have more than one record",
}


def objections(run: Run) -> list[str]:
    """Return every reason not to trust the run; a verified migration has none."""
    return [
        *_tables_that_do_not_add_up(run),
        *_checksums_that_differ(run),
        *(f"{run.counts[f'lost.{name}']} {text}" for name, text in _present(run, "lost", LOSSES)),
        *(f"{run.counts[f'strays.{name}']} {text}"
          for name, text in _present(run, "strays", STRAYS)),
    ]  # fmt: skip


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
        f"{table} has {rows} rows, but {sum(fates(run, table).values())} were read: the table was "
        "written to during the migration; run the migration again"
        for table, rows in run.sources.items()
        if rows is not None and rows != sum(fates(run, table).values())
    ]


def _checksums_that_differ(run: Run) -> list[str]:
    return [
        f"{table}: the stored rows differ from the intended ones"
        for table in CHECKED_TABLES
        if checksum(run, table, "expected") != checksum(run, table, "stored")
    ]


def _present(run: Run, kind: str, texts: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, text) for name, text in texts.items() if run.counts.get(f"{kind}.{name}", 0)]
