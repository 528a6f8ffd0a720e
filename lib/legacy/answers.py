"""Answers of the smaller calls."""

from lib.deps import Deps
from lib.legacy.normalization import Normalization
from lib.legacy.old_tables import Renamed, deletion_sql
from lib.legacy.report import report
from lib.legacy.wire import CleanupOut, NormalizeOut, RestoreTablesOut, StatsOut


def cleaned_up(renamed: list[Renamed]) -> CleanupOut:
    """Answer of admin-cleanup-old-tables."""
    names = [table.new_name for table in renamed]
    return CleanupOut(
        message="Old tables renamed; nothing was deleted",
        results=[f"{table.table}: renamed to {table.new_name}" for table in renamed],
        backup_tables=names,
        permanent_deletion_sql=deletion_sql(names),
    )


def brought_back(renamed: list[Renamed]) -> RestoreTablesOut:
    """Answer of admin-restore-old-tables."""
    return RestoreTablesOut(
        message="Old tables have their names again",
        results=[f"{table.table}: renamed to {table.new_name}" for table in renamed],
        restored_tables=[table.new_name for table in renamed],
    )


def normalized(done: Normalization, deps: Deps) -> NormalizeOut:
    """Answer of admin-normalize-database-v2."""
    told = report(done.run, deps)
    counts = done.run.counts
    return NormalizeOut(
        message="Database normalized" if done.renamed else told.message,
        done=told.done,
        steps=[
            "Unified schema created" if done.created_schema else "Unified schema was there",
            *told.results,
            *(f"{table.table}: renamed to {table.new_name}" for table in done.renamed),
        ],
        stats=StatsOut(
            students=counts.get("after.students", 0),
            sessions=counts.get("after.sessions", 0),
            step_progress=counts.get("after.step_progress", 0),
        ),
        backup_tables=[table.new_name for table in done.renamed],
        report=told,
    )
