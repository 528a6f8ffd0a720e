"""Whether a completed migration can be trusted, from its sums alone."""

from lib.legacy.run import CHECKSUM_BITS, Run

FATES = ("created", "merged", "unchanged", "skipped")
CHECKED_TABLES = ("students", "sessions", "step_progress")
CHECKSUM_NAMES = {"students": "people"}


def verdict(run: Run) -> list[str]:
    """Everything that speaks against it; an empty list is a verified migration."""
    return [
        *_tables_that_do_not_add_up(run),
        *_checksums_that_differ(run),
        *_what_is_missing(run),
        *_what_should_not_be(run),
    ]


def fates(run: Run, table: str) -> dict[str, int]:
    """Rows of a legacy table by what became of them."""
    return {fate: run.counts.get(f"{table}.{fate}", 0) for fate in FATES}


def checksum(run: Run, table: str, side: str) -> str:
    """Checksum of a unified table's rows, `expected` or `stored`, as 16 hexadecimal digits."""
    name = f"checksum.{CHECKSUM_NAMES.get(table, table)}.{side}"
    return f"{run.counts.get(name, 0) % 2**CHECKSUM_BITS:016x}"


def _tables_that_do_not_add_up(run: Run) -> list[str]:
    return [
        f"{table} has {read} rows, of which {sum(fates(run, table).values())} were read: it was "
        "written to meanwhile, run the migration again"
        for table, read in run.sources.items()
        if read is not None and read != sum(fates(run, table).values())
    ]


def _checksums_that_differ(run: Run) -> list[str]:
    return [
        f"{table}: what is stored is not what was meant to be stored"
        for table in CHECKED_TABLES
        if checksum(run, table, "expected") != checksum(run, table, "stored")
    ]


def _what_is_missing(run: Run) -> list[str]:
    texts = {
        "tokens_missing": "legacy rows have no session",
        "values_lost": "legacy rows have a value that their session lacks",
        "keys_in_the_clear": "sessions have an API key in the clear",
    }
    return [
        f"{run.counts[f'lost.{name}']} {text}"
        for name, text in texts.items()
        if run.counts.get(f"lost.{name}", 0)
    ]


def _what_should_not_be(run: Run) -> list[str]:
    texts = {
        "sessions_without_student": "sessions have no student",
        "steps_without_session": "steps have no session",
        "people_with_more_than_one_record": "people have more than one record",
    }
    return [
        f"{run.counts[f'strays.{name}']} {text}"
        for name, text in texts.items()
        if run.counts.get(f"strays.{name}", 0)
    ]
