"""POST /api/admin-restore: restore a backup into empty tables."""

from typing import Annotated

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.errors import AlreadyRunning, raises
from lib.framework import Depends
from lib.legacy.errors import NotSafeYet, UnifiedSchemaNotFound
from lib.operations.backups.restore import restore
from lib.operations.errors import (
    BackupNotFound,
    BackupPlaceUnavailable,
    BackupUnreadable,
    TakesTooLong,
)
from lib.operations.responses import restore_response
from lib.operations.wire import RestoreIn, RestoreOut
from lib.web.app import create_app, lambda_entry

app = create_app("operations.admin_restore", tag="Workshop: operators")
PATH = "/api/admin-restore"


@app.post(PATH)
@raises(
    AlreadyRunning,
    BackupNotFound,
    BackupPlaceUnavailable,
    BackupUnreadable,
    NotSafeYet,
    TakesTooLong,
    UnifiedSchemaNotFound,
)
def restore_backup(body: RestoreIn, deps: Annotated[Deps, Depends(get_deps)]) -> RestoreOut:
    """Restore everything or nothing; the call is refused if one of the tables has rows."""
    with audited(deps, PATH) as facts:
        facts["name"] = body.name
        result = restore(body.name, deps, unified_only=body.unified_only)
        facts.update(rows=result.rows, removed_again=result.removed_again)
    return restore_response(result)


lambda_handler = lambda_entry(app)
