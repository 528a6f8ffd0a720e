"""The unified schema made anew: before tables with rows are set aside, a backup is written.

Setting aside is renaming, so every row stays in the database, too. The backup is what outlives the
database; where none can be written, the renamed tables are all there is, and the answer says so.
"""

from dataclasses import dataclass

from lib.deps import Deps
from lib.errors import NotConfigured
from lib.operations.backup import Backup, TakesTooLong, back_up
from lib.operations.schema_creation import Creation, create_schema, tables_to_set_aside

BACKUP_SECONDS = 18.0  # of a call's 30; to rename and make the tables takes about 2


@dataclass(frozen=True)
class Renewal:
    """What was made, and the backup of what was there before."""

    creation: Creation
    backup: Backup | None
    remarks: list[str]
    """What became of the backup, for a person."""


def make_schema(deps: Deps, *, drop_existing: bool, confirmation: str | None) -> Renewal:
    """Make the schema or bring it up to date; with `drop_existing` begin with empty tables.

    Raises:
        ConfirmationMissing: If tables would be set aside with rows and without confirmation.
        CreationRunning: If another call is changing the schema.
        Busy: If a table is in use for more than 5 s.
        AlreadyRunning: If a migration, clean-up, restore, rotation or removal runs.
    """
    backup, remarks = None, []
    if drop_existing and tables_to_set_aside(deps, confirmation):
        backup, remark = _save(deps)
        remarks = [remark]
    made = create_schema(deps, drop_existing=drop_existing, confirmation=confirmation)
    return Renewal(made, backup, remarks)


def _save(deps: Deps) -> tuple[Backup | None, str]:
    try:
        backup = back_up(deps, BACKUP_SECONDS)
    except (NotConfigured, TakesTooLong) as reason:
        return None, f"no backup was written; every row stays in the tables set aside: {reason}"
    return backup, f"backup written first: {backup.location}"
