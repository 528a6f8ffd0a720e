"""Responses of the calls about the whole installation."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from lib.operations.wire import BackupOut, CreateOut, RestoreOut, RotationOut

if TYPE_CHECKING:  # each function imports the modules of its own call only
    from lib.operations.backups.restore import RestoreResult
    from lib.operations.backups.store import BackupRecord
    from lib.operations.keys.rotation import Rotation
    from lib.operations.schema.renewal import Renewal

NEXT_STEPS = (
    "Do a dry run: POST /api/admin-migrate-to-unified-schema with dryRun true; read the report.",
    "Migrate: send the same call with dryRun false. The old tables stay.",
    "Check the list of POST /api/admin-list-configs-v2, then POST /api/admin-cleanup-old-tables.",
)


def creation_response(renewal: "Renewal") -> CreateOut:
    """Return the response of admin-create-unified-schema."""
    creation = renewal.creation
    kept_tables = {table.table_name for table in creation.before}
    kept_tables -= {table.table_name for table in creation.set_aside}
    return CreateOut(
        message=(
            "Unified schema created successfully"
            if creation.after
            else "The tests' schema is up to date, but the workshop's tables were not created: see"
            " results"
        ),
        backup=renewal.backup.location if renewal.backup else None,
        results=[
            *(f"{table.table_name}: set aside as {table.new_name}" for table in creation.set_aside),
            *renewal.remarks,
            *(
                f"{table.table_name}: brought up to date; rows: {table.row_count}"
                if table.table_name in kept_tables
                else f"{table.table_name}: created"
                for table in creation.after
            ),
            *(["indexes, triggers and update_session_progress(): in place"] * bool(creation.after)),
            *creation.reports,
        ],
        next_steps=list(NEXT_STEPS),
    )


def rotation_response(rotation: "Rotation") -> RotationOut:
    """Return the response of admin-rotate-keys."""
    done = rotation.remaining <= 0
    return RotationOut(
        message=_rotation_message(rotation.unreadable) if done else "Call again: keys remain",
        done=done,
        rotated=rotation.rotated,
        unreadable=rotation.unreadable,
        remaining=max(0, rotation.remaining),
    )


def _rotation_message(unreadable: int) -> str:
    if not unreadable:
        return "All keys are sealed with the current encryption key"
    return (
        "Keys that cannot be opened with ENCRYPTION_KEY or ENCRYPTION_KEY_PREVIOUS and stay as they"
        f" are: {unreadable}; all others are sealed with the current encryption key"
    )


def backup_response(backup: "BackupRecord") -> BackupOut:
    """Return the response of admin-backup."""
    return BackupOut(message="Backup written", **asdict(backup))


def restore_response(result: "RestoreResult") -> RestoreOut:
    """Return the response of admin-restore."""
    return RestoreOut(message="Backup restored", **asdict(result))
