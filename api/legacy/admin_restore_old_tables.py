"""POST /api/admin-restore-old-tables: undo admin-cleanup-old-tables."""

from typing import Annotated

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.errors import AlreadyRunning, raises
from lib.framework import Depends
from lib.legacy.errors import NothingToDo
from lib.legacy.old_tables.rename import bring_back
from lib.legacy.responses import restore_response
from lib.legacy.wire import BringBackOut
from lib.web.app import create_app, lambda_entry
from lib.web.wire import StrictOperatorIn

app = create_app("legacy.admin_restore_old_tables", tag="Workshop: legacy tables")
PATH = "/api/admin-restore-old-tables"


@app.post(PATH)
@raises(AlreadyRunning, NothingToDo)
def restore_old_tables(
    deps: Annotated[Deps, Depends(get_deps)],
    body: StrictOperatorIn | None = None,  # noqa: ARG001 it may hold the password
) -> BringBackOut:
    """Give the legacy tables that were set aside their original names.

    If there are none, and no legacy table has a row, bring the unified tables back instead.
    """
    with audited(deps, PATH) as facts:
        renamed_tables = bring_back(deps)
        facts["tables"] = [table.new_name for table in renamed_tables]
    return restore_response(renamed_tables)


lambda_handler = lambda_entry(app)
