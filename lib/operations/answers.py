"""Answers of the calls about the whole installation."""

from dataclasses import asdict

from lib.operations.backup import Backup
from lib.operations.key_rotation import Rotation
from lib.operations.restore import Restored
from lib.operations.schema_creation import Creation
from lib.operations.wire import BackupOut, CreateOut, RestoreOut, RotationOut

NEXT_STEPS = (
    "Try the move: POST /api/admin-migrate-to-unified-schema with dryRun true, read the report.",
    "Move: the same with dryRun false. The old tables stay.",
    "Check the instructor's dashboard, then POST /api/admin-cleanup-old-tables.",
)


def created(made: Creation, backup: str | None, remarks: list[str]) -> CreateOut:
    """Answer of admin-create-unified-schema; the remarks tell what became of the backup."""
    kept = {table.table_name for table in made.before}
    kept -= {table.table_name for table in made.set_aside}
    return CreateOut(
        message="Unified schema created successfully",
        backup=backup,
        results=[
            *(f"{old.table_name}: set aside as {old.new_name}" for old in made.set_aside),
            *remarks,
            *(
                f"{table.table_name}: brought up to date, {table.row_count} rows"
                if table.table_name in kept
                else f"{table.table_name}: created"
                for table in made.after
            ),
            "indexes, triggers and update_session_progress(): in place",
        ],
        next_steps=list(NEXT_STEPS),
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
