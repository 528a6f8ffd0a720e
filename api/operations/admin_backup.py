"""POST /api/admin-backup: write the tables of all contexts to the bucket, or to a local folder."""

from typing import Annotated

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.errors import raises
from lib.framework import Depends
from lib.operations.backups.backup import back_up
from lib.operations.errors import (
    BackupPlaceUnavailable,
    NothingToBackUp,
    TablesNotReadable,
    TakesTooLong,
)
from lib.operations.responses import backup_response
from lib.operations.wire import BackupOut
from lib.web.app import create_app, lambda_entry
from lib.web.wire import OperatorIn

app = create_app("operations.admin_backup", tag="Workshop: operators")
PATH = "/api/admin-backup"


@app.post(PATH)
@raises(BackupPlaceUnavailable, NothingToBackUp, TablesNotReadable, TakesTooLong)
def create_backup(
    deps: Annotated[Deps, Depends(get_deps)],
    body: OperatorIn | None = None,  # noqa: ARG001 it may hold the password
) -> BackupOut:
    """Write the tables of every context; API keys in plain text are encrypted in the file."""
    with audited(deps, PATH) as facts:
        backup = back_up(deps)
        facts.update(name=backup.name, rows=backup.rows)
    return backup_response(backup)


lambda_handler = lambda_entry(app)
