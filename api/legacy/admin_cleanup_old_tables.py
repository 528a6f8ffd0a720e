"""POST /api/admin-cleanup-old-tables: set the legacy tables aside after a verified migration."""

from typing import Annotated

from lib.access.audit import audited
from lib.deps import Deps, get_deps
from lib.errors import AlreadyRunning, raises
from lib.framework import Depends
from lib.legacy.errors import NotConfirmed, NothingToDo, NotSafeYet, UnifiedSchemaNotFound
from lib.legacy.old_tables.rename import clean_up
from lib.legacy.responses import clean_up_response
from lib.legacy.wire import ConfirmIn, SetAsideOut
from lib.web.app import create_app, lambda_entry

app = create_app("legacy.admin_cleanup_old_tables", tag="Workshop: legacy tables")
PATH = "/api/admin-cleanup-old-tables"


@app.post(PATH)
@raises(AlreadyRunning, NotConfirmed, NotSafeYet, NothingToDo, UnifiedSchemaNotFound)
def set_old_tables_aside(body: ConfirmIn, deps: Annotated[Deps, Depends(get_deps)]) -> SetAsideOut:
    """Rename the legacy tables; admin-restore-old-tables undoes it."""
    with audited(deps, PATH) as facts:
        result = clean_up(body.confirm_text, deps)
        facts["tables"] = [table.renamed.new_name for table in result.tables]
    return clean_up_response(result)


lambda_handler = lambda_entry(app)
