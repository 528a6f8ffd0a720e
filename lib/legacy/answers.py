"""Responses of the endpoints for legacy tables, except the migration's."""

from lib.deps import Deps
from lib.legacy.normalization import Normalization
from lib.legacy.old_tables.rename import Renamed, deletion_sql
from lib.legacy.report import report
from lib.legacy.wire import BringBackOut, NormalizeOut, SetAsideOut, UnifiedRows


def cleaned_up(renamed: list[Renamed]) -> SetAsideOut:
    """Return the response of admin-cleanup-old-tables."""
    names = [table.new_name for table in renamed]
    return SetAsideOut(
        message="Old tables renamed; nothing was deleted",
        results=_renamings(renamed),
        backup_tables=names,
        permanent_deletion_sql=deletion_sql(names),
    )


def brought_back(renamed: list[Renamed]) -> BringBackOut:
    """Return the response of admin-restore-old-tables."""
    return BringBackOut(
        message="Old tables have their original names again",
        results=_renamings(renamed),
        restored_tables=[table.new_name for table in renamed],
    )


def normalized(result: Normalization, deps: Deps) -> NormalizeOut:
    """Return the response of admin-normalize-database-v2."""
    migration = report(result.run, deps)
    counts = result.run.counts
    return NormalizeOut(
        message="Database normalized" if result.renamed else migration.message,
        done=migration.done,
        steps=[
            "Unified schema created" if result.created_schema else "Unified schema already existed",
            *migration.results,
            *_renamings(result.renamed),
        ],
        stats=UnifiedRows(
            students=counts.get("after.students", 0),
            sessions=counts.get("after.sessions", 0),
            step_progress=counts.get("after.step_progress", 0),
        ),
        backup_tables=[table.new_name for table in result.renamed],
        report=migration,
    )


def _renamings(renamed: list[Renamed]) -> list[str]:
    return [f"{table.table}: renamed to {table.new_name}" for table in renamed]
