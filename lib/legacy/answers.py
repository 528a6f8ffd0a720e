"""Answers of the smaller calls."""

from dataclasses import asdict

from lib.deps import Deps
from lib.legacy.backup import Backup
from lib.legacy.normalization import Normalization
from lib.legacy.report import report
from lib.legacy.restore import Restored
from lib.legacy.rotation import Rotation
from lib.legacy.tables import Renamed, deletion_sql
from lib.legacy.wire import (
    BackupOut,
    CleanupOut,
    NormalizeOut,
    RestoreOut,
    RestoreTablesOut,
    RotationOut,
    StatsOut,
)


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


def rotated(done: Rotation) -> RotationOut:
    """Answer of admin-rotate-keys."""
    return RotationOut(
        message="All readable keys are sealed with the current encryption key"
        if done.remaining <= 0
        else "Call again: keys remain",
        done=done.remaining <= 0,
        rotated=done.rotated,
        unreadable=done.unreadable,
        remaining=max(0, done.remaining),
    )


def backed_up(backup: Backup) -> BackupOut:
    """Answer of admin-backup."""
    return BackupOut(message="Backup written", **asdict(backup))


def restored(back: Restored) -> RestoreOut:
    """Answer of admin-restore."""
    return RestoreOut(message="Backup restored", **asdict(back))
