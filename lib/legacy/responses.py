"""Responses of the endpoints for legacy tables, except the migration's."""

from lib.deps import Deps
from lib.legacy.normalization import Normalization
from lib.legacy.old_tables.rename import CleanUp, deletion_sql
from lib.legacy.old_tables.store import RenamedTable
from lib.legacy.report import report
from lib.legacy.wire import BringBackOut, NormalizeOut, SetAsideOut, UnifiedRows


def clean_up_response(result: CleanUp) -> SetAsideOut:
    """Return the response of admin-cleanup-old-tables."""
    renamed_tables = [table.renamed for table in result.tables]
    return SetAsideOut(
        message="Old tables renamed; nothing was deleted",
        results=_renamings(renamed_tables),
        backup_tables=[table.new_name for table in renamed_tables],
        rows_only_in_old_tables=sum(table.rows_only_here for table in result.tables),
        permanent_deletion_sql=deletion_sql(result),
    )


def restore_response(renamed_tables: list[RenamedTable]) -> BringBackOut:
    """Return the response of admin-restore-old-tables."""
    return BringBackOut(
        message="Old tables have their original names again",
        results=_renamings(renamed_tables),
        restored_tables=[table.new_name for table in renamed_tables],
    )


def normalize_response(result: Normalization, deps: Deps) -> NormalizeOut:
    """Return the response of admin-normalize-database-v2."""
    migration = report(result.run, deps)
    counts = result.run.counts
    return NormalizeOut(
        message="Database normalized" if result.renamed_tables else migration.message,
        done=migration.done,
        steps=[
            "Unified schema created" if result.created_schema else "Unified schema already existed",
            *migration.results,
            *_renamings(result.renamed_tables),
        ],
        stats=UnifiedRows(
            students=counts.get("after.students", 0),
            sessions=counts.get("after.sessions", 0),
            step_progress=counts.get("after.step_progress", 0),
        ),
        backup_tables=[table.new_name for table in result.renamed_tables],
        report=migration,
    )


def _renamings(renamed_tables: list[RenamedTable]) -> list[str]:
    return [f"{table.table_name}: renamed to {table.new_name}" for table in renamed_tables]
