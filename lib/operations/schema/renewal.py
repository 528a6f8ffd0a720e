"""Creation of a new unified schema, with a backup before tables with rows are set aside.

Tables that are set aside are renamed, so every row stays in the database. The backup also survives
the loss of the database. If it cannot be written for want of a setting, a right or time, the
response says so; a bucket that cannot be reached ends the call before anything is changed.
"""

from dataclasses import dataclass

from lib.deps import Deps
from lib.errors import NotConfigured
from lib.operations.backups.backup import back_up
from lib.operations.backups.store import BackupRecord
from lib.operations.errors import TablesNotReadable, TakesTooLong
from lib.operations.schema.creation import Creation, create_schema, tables_to_set_aside

BACKUP_SECONDS = 18.0  # out of a call's 30; renaming and creating the tables takes about 2


@dataclass(frozen=True)
class Renewal:
    """The new tables, and the backup of the old ones."""

    creation: Creation
    backup: BackupRecord | None
    remarks: list[str]
    """Sentences for the operator about the backup; none if no table with rows was set aside."""


def renew_schema(
    deps: Deps,
    *,
    drop_existing: bool,
    confirmation: str | None,
    finish: bool = False,
    backup_seconds: float = BACKUP_SECONDS,
) -> Renewal:
    """Create the schema or bring it up to date; with `drop_existing`, start with empty tables.

    With `finish`, the previous version of the tests is no longer served.

    Raises:
        SchemaNeedsDecision: If only a person can decide what becomes of a table.
        ConfirmationMissing: If tables with rows would be set aside without confirmation.
        CreationRunning: If another call is creating the schema.
        Busy: If a table is in use for more than 5 s.
        AlreadyRunning: If another call holds the lock of `lib.database.advisory_lock`.
        BackupPlaceUnavailable: If the bucket of the backups cannot be reached.
    """
    backup, remarks = None, []
    if drop_existing and tables_to_set_aside(deps, confirmation):
        backup, remark = _save(deps, backup_seconds)
        remarks = [remark]
    creation = create_schema(
        deps, drop_existing=drop_existing, confirmation=confirmation, finish=finish
    )
    return Renewal(creation, backup, remarks)


def _save(deps: Deps, seconds: float) -> tuple[BackupRecord | None, str]:
    try:
        backup = back_up(deps, seconds)
    except (NotConfigured, TablesNotReadable, TakesTooLong) as error:
        return None, f"no backup was written (every row stays in the tables set aside): {error}"
    return backup, f"backup written first: {backup.location}"
